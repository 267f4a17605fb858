"""Evidence turns stale exactly where the bytes changed that it rests on."""

from dataclasses import replace

import pytest

from evidence.evidence_cases import CONTROLS, RESULTS, bench
from redan.evidence import marked_stale, stale, verify
from redan.terms import Outcome

TODAY = {name: sha for control in CONTROLS for name, sha in control.digests.items()}
BOTH = {"A-MLSG-002-D002", "A-MLSG-003-D001"}


def test_unchanged_evidence_is_current(tmp_path):
    """A verified pack over the same bytes is current."""
    made = bench(tmp_path)
    results = verify(made.pack(), made.signer.public).results
    assert stale(results, TODAY, RESULTS.policy_sha256) == {}
    assert marked_stale(results, {}) == results


@pytest.mark.parametrize(
    ("artifact", "affected"),
    [
        ("DatasetFile dataset:test", {"A-MLSG-002-D002"}),
        ("DatasetFile dataset:train", BOTH),
        ("ModelFile model:churn", {"A-MLSG-003-D001"}),
        ("description", BOTH),
    ],
)
def test_exactly_the_affected_controls_turn_stale(artifact, affected):
    """A changed or missing artifact outdates the controls that read it, and no other."""
    changed = stale(RESULTS, {**TODAY, artifact: "0" * 64}, RESULTS.policy_sha256)
    assert set(changed) == affected
    assert all(reasons == (f"{artifact} changed",) for reasons in changed.values())
    gone = stale(RESULTS, {k: v for k, v in TODAY.items() if k != artifact}, RESULTS.policy_sha256)
    assert set(gone) == affected
    assert all(reasons == (f"{artifact} is gone",) for reasons in gone.values())


def test_a_changed_policy_outdates_everything():
    """Other thresholds are another question."""
    assert set(stale(RESULTS, TODAY, "0" * 64)) == BOTH


def test_stale_controls_say_what_changed():
    """The control and each of its findings are stale; the former outcome stays readable."""
    changes = stale(RESULTS, {**TODAY, "DatasetFile dataset:test": "0" * 64}, RESULTS.policy_sha256)
    first, second = marked_stale(RESULTS, changes).controls
    assert first.outcome is Outcome.STALE
    assert {finding.outcome for finding in first.findings} == {Outcome.STALE}
    assert "DatasetFile dataset:test changed; before that it was broken" in first.findings[0].message
    assert first.findings[0].fingerprint == CONTROLS[0].findings[0].fingerprint
    assert second == CONTROLS[1]
    assert replace(first, outcome=Outcome.BROKEN, findings=CONTROLS[0].findings) == CONTROLS[0]
