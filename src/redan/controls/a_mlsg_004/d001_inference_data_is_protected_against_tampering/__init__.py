"""Inference data is protected against tampering."""
