"""Only declared addresses listen."""
