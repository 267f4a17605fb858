"""Checks ran at every stage as it happened."""
