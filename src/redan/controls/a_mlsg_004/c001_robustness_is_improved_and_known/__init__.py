"""Robustness is improved and known."""
