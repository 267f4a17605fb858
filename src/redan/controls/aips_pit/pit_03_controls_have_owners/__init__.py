"""Every control has an owner."""
