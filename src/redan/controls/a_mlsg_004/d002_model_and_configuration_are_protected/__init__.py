"""Model and configuration are protected."""
