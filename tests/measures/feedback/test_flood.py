"""The simulated flood: small groups leave a model alone, large ones do not, and more lies never look harmless."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from redan.errors import IncompleteError
from redan.measures.feedback import few, flood, flood_finding, learned
from redan.tables import table_of
from redan.terms import Outcome

TODAY = dt.date(2026, 6, 1)


def data(n=500, seed=0, noise=0.3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return x, (x[:, 0] + x[:, 1] + rng.logistic(0, noise, n) > 0.4).astype(np.int64)


def centroids(x, y, asked, seed):
    """A learner of its own: distance to the mean of each class, flat and quick."""
    assert seed >= 0
    means = [x[y == c].mean(axis=0) for c in range(int(y.max()) + 1)]
    return -np.column_stack([((asked - m) ** 2).sum(axis=1) for m in means])


def moved(entries, seed=0, learn=centroids, **more):
    x, y = data(seed=seed)
    return flood(x, y, entries=entries, classes=("no", "yes"), rng=np.random.default_rng(seed), learn=learn, **more)


def test_loss_grows_with_the_flood():
    """More hostile entries take more recall, and the control takes most."""
    losses = [moved(entries).worst.loss for entries in (0.002, 0.1, 0.4)]
    assert losses == sorted(losses)
    assert losses[0] < 0.02
    assert losses[2] > 0.1
    assert moved(0.1).control.loss > 0.2


@pytest.mark.parametrize("seed", range(4))
def test_loss_without_lies_is_within_its_interval(seed):
    """One entry among four hundred rows: every interval holds zero or next to it."""
    assert all(m.interval.low <= 0.01 <= m.interval.high + 0.01 for m in moved(1e-6, seed).moved)


def test_loss_is_that_of_a_naive_twin():
    """The recall that is lost to a spread lie, recomputed with a loop over folds by hand."""
    x, y = data()
    seen = []

    def spy(train, labels, asked, seed):
        seen.append((train, labels, asked, seed))
        return centroids(train, labels, asked, seed)

    found = flood(x, y, entries=0.2, classes=("no", "yes"), rng=np.random.default_rng(0), learn=spy, victim=1)
    spread = next(m for m in found.moved if m.lie.how == "spread")
    honest, hostile = seen[:10], seen[10:20]
    before = sum((centroids(*call).argmax(axis=1) == 1)[_positive(call[2], x, y)].sum() for call in honest)
    after = sum((centroids(*call).argmax(axis=1) == 1).sum() for call in hostile)
    assert spread.loss == pytest.approx((before - after) / 2 / (y == 1).sum())
    assert all(len(h[0]) == round(1.2 * len(c[0])) for h, c in zip(hostile, honest, strict=True))
    assert all((h[1][len(c[1]) :] == 0).all() for h, c in zip(hostile, honest, strict=True))


def _positive(asked, x, y):
    place = {row.tobytes(): i for i, row in enumerate(x)}
    return np.array([y[place[row.tobytes()]] == 1 for row in asked])


def test_intervals_cover_the_loss_of_a_large_sample():
    """The mean loss over many samples lies in at least nine of ten intervals."""
    found = [moved(0.15, seed, victim=1).moved[0] for seed in range(40)]
    truth = np.mean([m.loss for m in found])
    assert np.mean([m.interval.low <= truth <= m.interval.high for m in found]) >= 0.9


def test_trees_are_the_learner_when_none_is_given():
    """A small flood of three voices with one entry each does not move them; three voices with fifty do."""
    x, y = data(600)
    for cap, outcome in ((1, Outcome.HOLDS), (50, Outcome.BROKEN)):
        group = few(0, cap, 600)
        found = flood(x, y, entries=group.share, classes=("no", "yes"), rng=np.random.default_rng(0), victim=1)
        assert flood_finding("C/x", "feedback:f", found, group, 0.05).outcome is outcome


def test_a_model_that_knows_nothing_gives_no_answer():
    """Labels without any relation to the inputs: what cannot be moved is not called robust."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 3)), (rng.random(400) < 0.2).astype(np.int64)
    group = few(0, 1, 400)
    found = flood(x, y, entries=group.share, classes=("no", "yes"), rng=rng, victim=1)
    assert flood_finding("C/x", "feedback:f", found, group, 0.05).outcome is Outcome.NOT_RUN


@pytest.mark.parametrize(("n", "y"), [(100, None), (400, 0), (400, 30)])
def test_too_little_data_is_said(n, y):
    """Few rows, one class, a class of thirty."""
    labels = np.zeros(n, dtype=np.int64)
    labels[: y or 0] = 1
    with pytest.raises(IncompleteError, match="not enough data"):
        flood(np.zeros((n, 1)), labels, entries=0.1, classes=("a", "b"), rng=np.random.default_rng(0), learn=centroids)


def test_few_is_three_or_one_in_a_hundred():
    """The assumed group, with and without a cap."""
    assert (few(0, 5, 1000).voices, few(1000, 5, 1000).voices) == (3, 10)
    assert few(0, 5, 1000).share == pytest.approx(0.015)
    open_ = few(0, None, 1000, most=10)
    assert (open_.each, open_.capped) == (100, False)
    assert few(0, None, 1000, most=400).each == 400


def test_rows_are_learned_without_identifiers():
    """Names of rows and prose are no inputs; blank labels are left out; gaps become a value of their own."""
    n = 300
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": [f"customer-{i}" for i in range(n)],
            "a": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "b": rng.choice(["x", "y"], n),
            "y": rng.choice(["Yes", "No", None], n),
        }
    )
    found = learned(table_of(frame), "y", ["id", "a", "b"], today=TODAY, rng=rng)
    assert found.x.shape == (frame.y.notna().sum(), 2)
    assert np.isfinite(found.x).all()
    assert (found.classes, found.total) == (("No", "Yes"), n)
    with pytest.raises(IncompleteError, match="no column"):
        learned(table_of(frame), "y", ["id"], today=TODAY, rng=rng)
    with pytest.raises(IncompleteError, match="more than 20"):
        learned(table_of(frame), "a", ["b"], today=TODAY, rng=rng)
    with pytest.raises(IncompleteError, match="no row"):
        learned(table_of(frame.assign(y=None).astype({"y": "string"})), "y", ["b"], today=TODAY, rng=rng)
