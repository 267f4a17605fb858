"""Accounting of private training: what a record of it adds up to, and which mistakes it shows."""

from redan.measures.privacy.accounting import (
    Epsilon,
    Mechanism,
    deltas_pld,
    epsilon,
    epsilon_pld,
    epsilon_rdp,
    noise_for,
)
from redan.measures.privacy.known import empty_chance
from redan.measures.privacy.mistakes import Mistake, Review, review
from redan.measures.privacy.reading import parse_record, read_record
from redan.measures.privacy.record import PrivacyRecord

__all__ = [
    "Epsilon",
    "Mechanism",
    "Mistake",
    "PrivacyRecord",
    "Review",
    "deltas_pld",
    "empty_chance",
    "epsilon",
    "epsilon_pld",
    "epsilon_rdp",
    "noise_for",
    "parse_record",
    "read_record",
    "review",
]
