"""Federated updates are aggregated robustly."""
