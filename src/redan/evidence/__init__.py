"""Evidence: what a run found, signed, bound to the digests it rests on, and dated by the ledger; and its verifier."""

from redan.evidence.continuity import head_of, later_run
from redan.evidence.ledger_entries import history, record_events
from redan.evidence.pack import attest
from redan.evidence.registration import Registered, policy_document, register_policy
from redan.evidence.stale import marked_stale, stale
from redan.evidence.verify import Verified, verify

__all__ = [
    "Registered",
    "Verified",
    "attest",
    "head_of",
    "history",
    "later_run",
    "marked_stale",
    "policy_document",
    "record_events",
    "register_policy",
    "stale",
    "verify",
]
