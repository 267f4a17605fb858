"""Poisoned rows: flipped labels, floods of copies, rows outside the distribution, hidden triggers; each with its power."""
