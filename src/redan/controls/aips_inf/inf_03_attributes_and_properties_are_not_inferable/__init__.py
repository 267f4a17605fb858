"""Attributes and properties of the training data cannot be inferred."""
