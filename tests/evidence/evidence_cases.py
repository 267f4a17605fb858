"""A small run, its key and its ledger, for the tests of evidence."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from redan.canon import digest
from redan.evidence import attest, policy_document, register_policy
from redan.findings import Finding, Interval, Location, Measure, Remedy
from redan.ledger.store import Ledger
from redan.runner.records import ControlResult, Results
from redan.seal import keys
from redan.terms import Kind, Outcome, Stage

AT = dt.datetime(2026, 6, 1, 12, 0, 5, tzinfo=dt.UTC)
POLICY = policy_document(
    require=["A-MLSG-002-D002"],
    thresholds={"A-MLSG-003-D001": 0.25},
    waivers_sha256=None,
    baseline_sha256=None,
    catalogue_sha256=digest(b"catalogue"),
    seed=7,
    budget="minutes",
)
SHARED = Finding(
    check="A-MLSG-002-D002/rows-are-not-shared",
    subject="dataset:train+dataset:test",
    outcome=Outcome.BROKEN,
    message="2,113 of 2,113 rows of test are in train",
    measure=Measure(name="shared_rows", value=2113.0, n=2113, threshold=0.0, unit="rows"),
    location=Location(file="redan.toml", line=12),
    remedy=Remedy(text="Split the data again.", command="redan data split"),
    detail={"digests": ["a", 1, None, {"share": 0.5}]},
)
HOLDS = Finding(
    check="A-MLSG-003-D001/features-are-relevant",
    subject="model:churn",
    part="tenure",
    outcome=Outcome.HOLDS,
    message="every input is relevant",
    measure=Measure(name="relevance", value=0.5, interval=Interval(0.25, 0.75), n=40, threshold=0.1, comparator=">="),
)


def control(control_id: str, *findings: Finding, outcome: Outcome, **digests: str) -> ControlResult:
    """One control of the run."""
    named = {name.replace("__", " ").replace("_", ":"): digest(text.encode()) for name, text in digests.items()}
    return ControlResult(
        control_id=control_id,
        kind=Kind.DO,
        title="The title is a sentence",
        outcome=outcome,
        findings=findings,
        digests={"description": digest(b"description"), **named},
    )


CONTROLS = (
    control(
        "A-MLSG-002-D002", SHARED, outcome=Outcome.BROKEN, DatasetFile__dataset_train="t", DatasetFile__dataset_test="v"
    ),
    control(
        "A-MLSG-003-D001", HOLDS, outcome=Outcome.HOLDS, DatasetFile__dataset_train="t", ModelFile__model_churn="m"
    ),
)
RESULTS = Results(
    system_name="Churn",
    stage=Stage.TRAINING,
    controls=CONTROLS,
    seed=7,
    at=AT,
    policy=POLICY,
    tool="0.1.0",
    description_sha256=digest(b"description"),
)


@dataclass
class Bench:
    """A signer and a ledger that holds something already."""

    signer: keys.Signer
    ledger: Ledger

    def registered(self, policy=POLICY, at=AT):
        """Registers a policy."""
        return register_policy(self.ledger, policy, self.signer, at)

    def pack(self, results=RESULTS) -> bytes:
        """A whole run, packed."""
        registered = self.registered()
        self.ledger.append([b"an event of the gateway"])
        return attest(results, self.signer, ledger=self.ledger, registered=registered)


def bench(folder: Path, kind="ed25519") -> Bench:
    """A bench in a folder."""
    signer = keys.generate(kind)
    ledger = Ledger.open(folder / "ledger", signer, origin="example.com/churn")
    ledger.append([b"one", b"two", b"three"])
    return Bench(signer, ledger)
