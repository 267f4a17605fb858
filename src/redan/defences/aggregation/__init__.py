"""Combining the updates of federated training so that bad participants do not decide the result."""

from redan.defences.aggregation.assumptions import RULES, Rule, check_assumption, least_participants, most_bad
from redan.defences.aggregation.flower import flower_strategy
from redan.defences.aggregation.rules import (
    aggregate,
    bulyan,
    krum,
    krum_scores,
    mean,
    median,
    multi_krum,
    trimmed_mean,
)
from redan.defences.aggregation.trial import Trial, trials

__all__ = [
    "RULES",
    "Rule",
    "Trial",
    "aggregate",
    "bulyan",
    "check_assumption",
    "flower_strategy",
    "krum",
    "krum_scores",
    "least_participants",
    "mean",
    "median",
    "most_bad",
    "multi_krum",
    "trials",
    "trimmed_mean",
]
