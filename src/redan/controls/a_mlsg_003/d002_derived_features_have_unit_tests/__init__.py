"""Derived features have unit tests."""
