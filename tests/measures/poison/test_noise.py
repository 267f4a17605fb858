"""The rate of changed labels: recovered where classes are apart, near nothing where they only overlap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.measures.poison import flipped
from redan.measures.poison.noise import FLOOR, noise


def world(rows, classes, sharpness, rate, seed, pairs=False):
    """Calibrated probabilities, labels drawn from them, and a share of labels changed."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, classes)) * sharpness
    told = np.exp(logits - logits.max(axis=1, keepdims=True))
    told /= told.sum(axis=1, keepdims=True)
    y = (told.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
    bad = rng.random(rows) < rate
    step = 1 if pairs else rng.integers(1, classes, rows)
    return told, np.where(bad, (y + step) % classes, y), bad


def naive(told, y, rate, exponent):
    """Log likelihood of the mixture, row by row."""
    total = 0.0
    for row, label in zip(told, y, strict=True):
        sharp = np.clip(row, FLOOR, None) ** exponent
        own = sharp[label] / sharp.sum()
        total += np.log((1 - rate) * own + rate * (1 - own) / (len(row) - 1))
    return total


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("pairs", [False, True])
def test_rate_is_recovered_and_the_interval_holds_it(classes, pairs):
    """3 % of changed labels come back within the interval, whatever classes they were changed to."""
    inside = 0
    for seed in range(20):
        told, y, bad = world(2000, classes, 8.0, 0.03, seed, pairs)
        found = noise(told, y)
        low, high = found.interval
        inside += low <= bad.mean() <= high
    assert inside >= 17


@pytest.mark.parametrize("pairs", [False, True])
def test_rate_of_many_classes_is_near(pairs):
    """With ten classes the rate comes back within 1.2 points; smaller chances than a forest tells blur it."""
    for seed in range(10):
        told, y, bad = world(2000, 10, 8.0, 0.03, seed, pairs)
        assert noise(told, y).rate == pytest.approx(bad.mean(), abs=0.012)


def test_overlap_alone_is_no_changed_label():
    """Where labels are drawn from even odds, 15 % of them stand against the odds and hardly any is called changed."""
    for seed in range(20):
        told, y, _ = world(3000, 2, 2.0, 0.0, seed)
        assert (told.argmax(axis=1) != y).mean() > 0.15
        found = noise(told, y)
        assert found.interval.low <= 0.005
        assert found.suspect.mean() <= 0.01


def test_suspects_are_the_changed_rows():
    """With classes apart nearly every changed row is named, and hardly any other."""
    told, y, bad = world(3000, 5, 12.0, 0.04, 3)
    found = noise(told, y)
    clear = np.sort(told, axis=1)[:, -1] > 0.99
    assert found.suspect[bad & clear].mean() > 0.95
    assert found.suspect[~bad].mean() < 0.01
    assert found.precision > 0.9


def test_fit_is_no_worse_than_any_point_of_a_naive_grid():
    """The likelihood at the fitted pair is at least that of a plain grid, computed row by row."""
    told, y, _ = world(200, 2, 3.0, 0.05, 1)
    found = noise(told, y)
    best = max(naive(told, y, r, t) for r in (0.0, 0.01, 0.03, 0.05, 0.1, 0.2) for t in (0.25, 0.5, 1.0, 2.0, 4.0))
    assert naive(told, y, found.rate, found.exponent) >= best - 0.5


@given(st.integers(2, 6), st.integers(1, 60), st.integers(0, 10**6))
def test_any_probabilities_give_numbers(classes, rows, seed):
    """Zeros, ones, few rows: rates and chances stay within [0, 1]."""
    rng = np.random.default_rng(seed)
    told = np.eye(classes)[rng.integers(0, classes, rows)]
    found = noise(told, rng.integers(0, classes, rows))
    low, high = found.interval
    assert 0 <= low <= found.rate <= high <= 1
    assert ((found.changed >= 0) & (found.changed <= 1)).all()


def test_no_row_says_nothing():
    """Without rows the rate may be anything."""
    assert noise(np.empty((0, 3)), np.empty(0, dtype=np.int64)).interval == (0.0, 1.0)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_a_class_that_columns_do_not_tell_is_not_a_change(share):
    """Labels drawn without a look at the columns: the rarer class is not taken for changed labels, over three seeds."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(500, 3))
        y = (rng.random(500) < share).astype(int)
        found = flipped(x, y, seed=seed)
        assert found.noise.interval.low == 0.0
        assert not found.suspect.any()
