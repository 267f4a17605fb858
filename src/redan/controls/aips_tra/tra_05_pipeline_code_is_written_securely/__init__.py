"""Pipeline code is written securely."""
