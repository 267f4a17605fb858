"""Remedies that are enforced at run time, one in each file: pure decisions over `redan.exchange`."""
