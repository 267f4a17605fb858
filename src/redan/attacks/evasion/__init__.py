"""Evasion: inputs that were moved a little so that the model errs; for PyTorch networks, tables, trees, endpoints."""
