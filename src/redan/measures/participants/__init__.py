"""Who contributed: the register of participants, signed rows verified, and how reliable each participant is."""

from redan.measures.participants.authentic import Authenticity, authenticity
from redan.measures.participants.register import Participant, Register, parse_register, read_register
from redan.measures.participants.reliability import Reliability, Standing, reliability, scores

__all__ = [
    "Authenticity",
    "Participant",
    "Register",
    "Reliability",
    "Standing",
    "authenticity",
    "parse_register",
    "read_register",
    "reliability",
    "scores",
]
