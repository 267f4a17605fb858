"""Secrets are not memorised."""
