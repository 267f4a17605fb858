"""Reliability of participants: faults of one are found, honest crowds are left alone, and power is measured."""

import numpy as np
import pyarrow as pa
import pytest

from redan.errors import IncompleteError
from redan.measures.participants import reliability, scores
from redan.measures.participants.truth import by_forest, by_trusted
from redan.tables import table_of


def crowd(rng, sizes, rate=0.92, spread=0.0, classes=2):
    """Participants, labels and truths; each participant has a rate of its own."""
    who, said, true = [], [], []
    for name, size in enumerate(sizes):
        own = rng.beta(rate * (1 / spread - 1), (1 - rate) * (1 / spread - 1)) if spread else rate
        truth = rng.integers(0, classes, size)
        wrong = rng.random(size) > own
        label = np.where(wrong, (truth + rng.integers(1, classes, size)) % classes, truth)
        who += [f"p{name}"] * size
        said += [f"class {v}" for v in label]
        true += [f"class {v}" for v in truth]
    return who, said, true


@pytest.mark.parametrize("classes", [2, 5])
def test_one_bad_participant_is_found(classes):
    """Somebody who labels a third of the rows wrong is told, nobody else is, in 20 of 20 crowds."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        who, said, true = crowd(rng, [150] * 20, classes=classes)
        bad = [
            s if w != "p7" or i % 3 else f"class {(int(s[-1]) + 1) % classes}"
            for i, (w, s) in enumerate(zip(who, said, strict=True))
        ]
        found = reliability(who, bad, true, rng)
        assert [s.participant for s in found.unreliable] == ["p7"]
        assert min(scores(found), key=scores(found).get) == "p7"


@pytest.mark.parametrize(
    ("sizes", "spread", "most"),
    [([150] * 20, 0.0, 3), ([10, 30, 80, 400] * 8, 0.0, 3), ([120] * 30, 0.02, 6), ([6] * 200, 0.0, 3)],
)
def test_honest_crowds_are_left_alone(sizes, spread, most):
    """At a stated chance of 1 % for any accusation, hardly an honest crowd of 100 sees one.

    Where participants differ by nature, one that is by nature far worse than its peers is told, and rightly.
    """
    alarms = 0
    for seed in range(100):
        rng = np.random.default_rng(1000 + seed)
        alarms += bool(reliability(*crowd(rng, sizes, spread=spread), rng).unreliable)
    assert alarms <= most


def test_a_third_of_bad_participants_does_not_become_the_norm():
    """When three of ten label half of their rows wrong, all three are told."""
    rng = np.random.default_rng(2)
    who, said, true = crowd(rng, [300] * 10)
    bad = [
        f"class {1 - int(s[-1])}" if w in {"p1", "p4", "p8"} and i % 2 else s
        for i, (w, s) in enumerate(zip(who, said, strict=True))
    ]
    assert {s.participant for s in reliability(who, bad, true, rng).unreliable} == {"p1", "p4", "p8"}


def test_power_is_measured_and_small_records_have_none():
    """Participants of 200 rows would be noticed, participants of three would not."""
    rng = np.random.default_rng(3)
    assert reliability(*crowd(rng, [200] * 20), rng).noticed > 0.95
    few = reliability(*crowd(rng, [3] * 300), rng)
    assert few.noticed < 0.2
    assert not few.powerful


def test_the_claimed_power_is_kept():
    """Where 30 % wrong labels are said to be noticed, planting them finds the participant in at least 8 of 10."""
    claimed = hits = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        who, said, true = crowd(rng, [60] * 15)
        if not reliability(who, said, true, rng).powerful:
            continue
        claimed += 1
        spoiled = [
            f"class {1 - int(s[-1])}" if w == "p3" and rng.random() < 0.3 else s for w, s in zip(who, said, strict=True)
        ]
        hits += "p3" in {s.participant for s in reliability(who, spoiled, true, rng).unreliable}
    assert claimed >= 10
    assert hits >= 0.8 * claimed


def test_the_interval_covers_the_rate():
    """The exact 95 % interval of a participant's agreement covers its true rate at least at its level."""
    covered = total = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        for standing in reliability(*crowd(rng, [40] * 20), rng).standings:
            covered += standing.interval.low <= 0.92 <= standing.interval.high
            total += 1
    assert covered >= 0.94 * total


def test_a_truth_that_knows_nothing_is_refused():
    """Coin flips as truth, one label alone and three participants are no basis."""
    rng = np.random.default_rng(0)
    who, said, _ = crowd(rng, [100] * 10)
    with pytest.raises(IncompleteError, match="no more than chance"):
        reliability(who, said, [f"class {v}" for v in rng.integers(0, 2, len(who))], rng)
    with pytest.raises(IncompleteError, match="no more than chance"):
        reliability(who, ["same"] * len(who), ["same"] * len(who), rng)
    with pytest.raises(IncompleteError, match="no peers"):
        reliability(["a", "b", "c"], ["x", "y", "x"], ["x", "y", "x"], rng)


def test_trees_that_never_saw_the_sender_find_the_liar():
    """On the digits, one of 20 contributors who shifts a third of its labels is told, and nobody else."""
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    rng = np.random.default_rng(4)
    who = rng.permutation(np.arange(len(digits.target)) % 20)
    label = digits.target.copy()
    mine = np.flatnonzero(who == 3)[::3]
    label[mine] = (label[mine] + 1) % 10
    table = pa.table({**{f"f{i}": digits.data[:, i] for i in range(64) if i % 2}, "y": label})
    names = [f"s{w}" for w in who]
    answers = by_forest(table, [c for c in table.column_names if c != "y"], "y", names, seed=1)
    found = reliability(names, label, answers, rng)
    assert [s.participant for s in found.unreliable] == ["s3"]


def test_trusted_labels_are_found_by_their_keys():
    """Rows are looked up by identifiers; what the trusted set does not hold stays open."""
    rows = pa.table({"id": [1, 2, 3], "part": ["a", "a", "b"], "y": [0, 0, 0]})
    trusted = table_of(pa.table({"id": [1, 3, 3], "part": ["a", "b", "c"], "y": [1, 0, 1]}))
    assert by_trusted(rows, trusted, ["id", "part"], "y", "y") == [1, None, 0]
