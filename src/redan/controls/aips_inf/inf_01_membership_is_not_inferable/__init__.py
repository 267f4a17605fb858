"""Membership in the training data cannot be inferred."""
