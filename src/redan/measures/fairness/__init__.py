"""Fairness: error rates per group with simultaneous intervals, and the worst slice with a hold-out."""

from redan.measures.fairness.answers import Answers, answers
from redan.measures.fairness.conditions import Condition, conditions
from redan.measures.fairness.confusion import Confusion, confusion
from redan.measures.fairness.gaps import Equality, Gap, equality
from redan.measures.fairness.group_findings import group_findings
from redan.measures.fairness.slice_findings import slice_findings
from redan.measures.fairness.slice_rows import SliceRows, slice_rows
from redan.measures.fairness.slices import Search, WorstSlice, halves, worst_slices

__all__ = [
    "Answers",
    "Condition",
    "Confusion",
    "Equality",
    "Gap",
    "Search",
    "SliceRows",
    "WorstSlice",
    "answers",
    "conditions",
    "confusion",
    "equality",
    "group_findings",
    "halves",
    "slice_findings",
    "slice_rows",
    "worst_slices",
]
