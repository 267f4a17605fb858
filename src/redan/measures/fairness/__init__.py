"""Fairness: error rates per group with simultaneous intervals, and the worst slice with a hold-out."""
