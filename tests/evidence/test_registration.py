"""The policy is signed and in the ledger before anything runs."""

import json
from base64 import b64decode

import pytest

from evidence.evidence_cases import AT, POLICY, bench
from redan.canon import canonical, digest_of
from redan.errors import UsageError
from redan.evidence.ledger_entries import decode
from redan.evidence.predicates import POLICY as TYPE
from redan.evidence.registration import policy_document


def test_the_entry_is_the_digest_of_the_sealed_policy(tmp_path):
    """The ledger holds the digest of the envelope, the envelope the whole policy."""
    made = bench(tmp_path)
    registered = made.registered()
    entry = decode(made.ledger.entry(registered.index))
    assert (entry.type, entry.key, entry.at, entry.sha256) == ("policy", "policy", AT, digest_of(registered.envelope))
    said = json.loads(b64decode(registered.envelope["payload"]))
    assert said["predicateType"] == TYPE
    assert said["predicate"]["policy"] == POLICY
    assert said["subject"] == [{"name": "policy", "digest": {"sha256": digest_of(POLICY)}}]


def test_every_part_changes_the_digest():
    """No part of the policy can change without changing what was registered."""
    parts = {
        "require": ("A",),
        "thresholds": {"A": 0.5},
        "waivers_sha256": "0" * 64,
        "baseline_sha256": "1" * 64,
        "catalogue_sha256": "2" * 64,
        "seed": 3,
        "budget": "gpu",
    }
    plain = {
        "require": None,
        "thresholds": {},
        "waivers_sha256": None,
        "baseline_sha256": None,
        "catalogue_sha256": "9" * 64,
        "seed": 0,
        "budget": "minutes",
    }
    digests = [digest_of(policy_document(**{**plain, name: value})) for name, value in parts.items()]
    assert len({*digests, digest_of(policy_document(**plain))}) == len(parts) + 1
    assert canonical(policy_document(**plain))


@pytest.mark.parametrize("policy", [{"threshold": float("nan")}, {"seed": 1 << 60}, {"text": "\ud800"}])
def test_a_policy_that_json_cannot_carry_is_refused(tmp_path, policy):
    """One clear line, and nothing is appended."""
    made = bench(tmp_path)
    with pytest.raises(UsageError):
        made.registered(policy)
    assert made.ledger.size == 3
