"""Drift and shadow alarms come when something changed, and as rarely as declared when nothing did."""

import numpy as np

from redan.guards.contract import Seen
from redan.guards.drift import Column, Drift
from redan.guards.shadow import Shadow


def _columns(x):
    edges = [np.quantile(x[:, i], np.linspace(0, 1, 11)[1:-1]) for i in range(x.shape[1])]
    cells = [np.bincount(np.searchsorted(e, x[:, i], side="right"), minlength=10) for i, e in enumerate(edges)]
    return tuple(Column(f"c{i}", e, c) for i, (e, c) in enumerate(zip(edges, cells, strict=True)))


def _stream(drift, rng, shift, rounds=8):
    for _ in range(rounds):
        x = rng.normal(size=(512, 3))
        x[:, 1] += shift
        drift.observe([Seen("c", "m", x, np.zeros((len(x), 2)), 0.0)])
    return drift


def test_a_shift_of_one_column_is_told_by_name():
    """Half a standard deviation is found within eight batches, and the column is named."""
    rng = np.random.default_rng(0)
    drift = _stream(Drift("m", _columns(rng.normal(size=(5000, 3)))), rng, 0.5)
    assert drift.alarm
    assert drift.shifted() == ("c1",)


def test_no_shift_alarms_at_most_as_declared():
    """Of 100 streams without a shift, no more than chance allows at 5 % raise an alarm."""
    rng = np.random.default_rng(1)
    assert sum(_stream(Drift("m", _columns(rng.normal(size=(2000, 3)))), rng, 0.0).alarm for _ in range(100)) <= 10


def test_rows_of_another_model_or_shape_are_not_counted():
    """Only the model's own input is looked at."""
    drift = Drift("m", _columns(np.random.default_rng(0).normal(size=(100, 3))))
    drift.observe([Seen("c", "other", np.full((600, 3), 9.0), np.zeros((1, 2)), 0.0)])
    drift.observe([Seen("c", "m", np.full((600, 2), 9.0), np.zeros((1, 2)), 0.0)])
    assert drift.evidence == 1.0


def _shadowed(rng, ours, others, rows=4000, size=8):
    shadow, alarmed = Shadow(disagree=0.25), False
    for at in range(rows // size):
        y = rng.integers(0, 2, size)
        a = np.where(rng.random(size) < ours, y, 1 - y)
        b = np.where(rng.random(size) < others, a if ours == others else y, 1 - y)
        b = np.where(rng.random(size) < 0.85, a, b) if ours == others else b
        shadow.answered(str(at), a, b)
        assert shadow.labelled(str(at), y)
        alarmed |= shadow.alarm
    return alarmed


def test_three_points_are_found():
    """A model that is three points worse than its predecessor is told within 4,000 labelled rows."""
    rng = np.random.default_rng(2)
    assert sum(_shadowed(rng, 0.92, 0.95) for _ in range(20)) >= 18


def test_equal_models_alarm_at_most_as_declared():
    """Of 100 pairs of equal models, no more than chance allows at 5 % raise an alarm, looked at after every answer."""
    rng = np.random.default_rng(3)
    assert sum(_shadowed(rng, 0.9, 0.9, rows=800) for _ in range(100)) <= 10


def test_labels_are_joined_once_and_only_to_their_answer():
    """An unknown event, a second time and another number of rows change nothing."""
    shadow = Shadow()
    shadow.answered("e", np.array([1, 0]), np.array([1, 1]))
    assert not shadow.labelled("f", np.array([1, 0]))
    assert not shadow.labelled("e", np.array([1]))
    assert shadow.labelled("e", np.array([1, 0]))
    assert not shadow.labelled("e", np.array([1, 0]))
    assert shadow.joined == 2


def test_answers_that_wait_too_long_are_forgotten():
    """What waits for labels is bounded."""
    shadow = Shadow(most=3)
    for at in range(10):
        shadow.answered(str(at), np.array([1]), np.array([1]))
    assert [shadow.labelled(str(at), np.array([1])) for at in range(10)] == [False] * 7 + [True] * 3
