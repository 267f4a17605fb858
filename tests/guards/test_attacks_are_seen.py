"""Real attacks and honest clients on scikit-learn's digits: who is seen, and who is left alone."""

from functools import cache

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from gateway import watched
from redan.attacks.evasion import hop_skip_jump, square
from redan.attacks.threat import L2, Linf
from redan.errors import InputError
from redan.gateway.watching_model import TOLERATED, looked
from redan.guards.contract import Seen
from redan.guards.drift import Drift
from redan.guards.scales import ordinary
from redan.guards.watching import Watch

NONE = np.zeros((0, 0))


@cache
def digits():
    """Rows to make a reference of, rows to ask, classes of those, and a model."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order] / 16, y[order]
    return x[:1200], x[1200:], y[1200:], LogisticRegression(max_iter=300).fit(x[:1200], y[:1200])


def monitors(rows, seed=0):
    """All monitors of clients, as the gateway makes them from a reference."""
    found = ordinary(watched.reference(rows, b""), np.random.default_rng(seed))
    return Watch("m", found.sketch, tuple(looked(kind, found, None) for kind in sorted(TOLERATED)), 1000)


def seen(watch, rows, who="c"):
    """Questions until the first measure; None for never."""
    for at in range(0, len(rows), 8):
        if watch.observe([Seen(who, "m", row[None], NONE, 0.0) for row in rows[at : at + 8]]):
            return at + 8
    return None


@pytest.mark.parametrize(
    ("attack", "threat"), [(hop_skip_jump, L2(1.0)), (square, Linf(0.05))], ids=["hop-skip-jump", "square"]
)
def test_query_attacks_are_seen_long_before_they_end(attack, threat):
    """HopSkipJump and Square of the project, 120 questions for one digit: seen within 64."""
    train, x, y, model = digits()
    asked = []

    def ask(rows):
        flat = np.asarray(rows, dtype=float).reshape(len(rows), -1)
        asked.append(flat[np.sort(np.unique(flat, axis=0, return_index=True)[1])])  # batches are filled up with repeats
        return model.predict_log_proba(flat).astype(np.float32)

    place = int(np.flatnonzero(model.predict(x) == y)[3])
    attack(ask, x[place].reshape(1, 1, 8, 8).astype(np.float32), y[place : place + 1], threat=threat, queries=120)
    found = seen(monitors(train), np.concatenate(asked))
    assert found is not None
    assert found <= 64


def test_honest_clients_with_skewed_habits_are_left_alone_for_a_hundred_days():
    """Thirty clients who ask about few digits of one class again and again, and about some with one number changed."""
    train, x, y, _ = digits()
    rng, watch = np.random.default_rng(1), monitors(train)
    lowered = set()
    for day in range(100):
        batch = []
        for client in range(30):
            mine = x[y == client % 10]
            rows = mine[np.minimum(rng.geometric(0.15, 5), len(mine)) - 1].copy()
            if day % 5 == 0:
                rows[1] = rows[0]
                rows[1, rng.integers(64)] = rng.random()
            batch.append(Seen(f"c{client}", "m", rows, NONE, 0.0))
        lowered |= {measure.principal for measure in watch.observe(batch)}
    assert lowered == set()


def test_one_row_far_out_in_the_reference_is_no_scale():
    """A planted training row of 1e6 hides no search."""
    train, *_ = digits()
    poisoned = np.concatenate([train, np.full((1, 64), 1e6)])
    clean, found = (ordinary(watched.reference(rows, b""), np.random.default_rng(0)) for rows in (train, poisoned))
    ratio = found.sketch.spread / clean.sketch.spread
    wide = np.array([len(column.edges) > 1 for column in watched.reference(train, b"").columns])
    assert ratio[wide].max() < 10


def test_made_up_numbers_are_told_where_there_are_whole_ones_alone():
    """Fractions in columns of counts; ordinary rows are left alone."""
    rng = np.random.default_rng(2)
    rows = rng.poisson(4.0, (3000, 6)).astype(float)
    assert seen(monitors(rows), rng.uniform(0, 9, (64, 6))) is not None
    assert seen(monitors(rows), rng.poisson(4.0, (400, 6)).astype(float)) is None


def test_drift_of_one_column_is_seen_beside_a_planted_row():
    """One standard deviation, with a row of 1e6 in each batch, and with one of -1e6."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(5000, 4))
    for planted in (1e6, -1e6):
        drift = Drift("m", watched.reference(rows, b"").columns)
        for _ in range(6):
            x = rng.normal(size=(512, 4))
            x[:, 1] += 1
            x[0, 1] = planted
            drift.observe([Seen("c", "m", x, NONE, 0.0)])
        assert drift.alarmed
        assert drift.shifted() == ("c1",)


def test_a_reference_without_columns_is_refused():
    """There is nothing to compare."""
    reference = watched.reference(np.random.default_rng(0).normal(size=(100, 3)), b"")
    with pytest.raises(InputError, match="no columns"):
        ordinary(reference._replace(columns=()), np.random.default_rng(0))
