"""Access is strictly controlled."""
