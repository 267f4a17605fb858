"""Intervals, bounds and tests: pure functions of numbers and arrays."""
