"""Every feature is assessed for sensitivity before it is used."""
