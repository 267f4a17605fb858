"""Feedback: who gives it, how much, and how far a few hostile voices move a model that learns from it."""

from redan.measures.feedback.findings import Group, author_findings, few, flood_finding, review_finding
from redan.measures.feedback.flood import Flood, Lie, Moved, flood
from redan.measures.feedback.learned import Learned, learned
from redan.measures.feedback.voices import Voice, Voices, voices

__all__ = [
    "Flood",
    "Group",
    "Learned",
    "Lie",
    "Moved",
    "Voice",
    "Voices",
    "author_findings",
    "few",
    "flood",
    "flood_finding",
    "learned",
    "review_finding",
    "voices",
]
