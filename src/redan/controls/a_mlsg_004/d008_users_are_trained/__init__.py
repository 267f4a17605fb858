"""Users are trained to recognise misleading answers."""
