"""Poisoned rows: changed labels, floods of copies, outlying rows, hidden triggers; each search with its power."""

from redan.measures.poison.labels import ChangedLabels, Rates, changed_labels, flipped
from redan.measures.poison.triggers import hidden_triggers

__all__ = ["ChangedLabels", "Rates", "changed_labels", "flipped", "hidden_triggers"]
