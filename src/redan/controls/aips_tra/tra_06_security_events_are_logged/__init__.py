"""Security events are logged so that tampering shows."""
