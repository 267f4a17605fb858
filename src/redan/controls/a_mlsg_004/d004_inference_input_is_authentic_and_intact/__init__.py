"""Inference input is authentic and intact."""
