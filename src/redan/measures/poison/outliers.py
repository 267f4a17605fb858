"""Rows that lie outside the distribution of the others."""
