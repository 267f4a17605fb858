"""Arriving load is judged before anything learns from it."""
