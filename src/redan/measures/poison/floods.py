"""Copies of rows, and of whole classes, far beyond what the data explains by itself."""
