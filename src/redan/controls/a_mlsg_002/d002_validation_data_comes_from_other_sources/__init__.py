"""Validation data comes from other sources than training data."""
