"""The environment is protected and shift is noticed."""
