"""Remedies that are applied offline: what to do about a broken control, with its cost in numbers."""
