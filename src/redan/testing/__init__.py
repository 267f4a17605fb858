"""Fakes that users of redan need too: a signer, a clock, a ledger in a scratch folder, and vectors run for real."""

from redan.testing.fakes import FixedClock, scratch_ledger, signer_of
from redan.testing.vectors import answer, write_vector

__all__ = ["FixedClock", "answer", "scratch_ledger", "signer_of", "write_vector"]
