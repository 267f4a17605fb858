"""User data stays near its source."""
