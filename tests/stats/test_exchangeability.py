"""The martingale stays small while scores are exchangeable, and grows after a change."""

import numpy as np
import pytest

from redan.stats.exchangeability import Exchangeability


def _run(seed, change_at=None, n=1024):
    rng = np.random.default_rng(seed)
    held = Exchangeability()
    held.calibrate(rng.beta(2, 5, 300))
    top = 0.0
    for at in range(0, n, 64):
        scores = rng.beta(2, 5, 64) if change_at is None or at < change_at else rng.beta(4, 3, 64)
        top = max(top, held.observe(scores, rng))
    return top


def test_exchangeable_scores_alarm_no_more_often_than_declared():
    """Over 400 streams of one distribution the capital passes 20 in at most one of twenty, with room for chance."""
    assert sum(_run(seed) >= 20 for seed in range(400)) <= 35


def test_a_change_is_found():
    """A change of the distribution after 256 scores is told in nearly every stream."""
    assert sum(_run(seed, change_at=256) >= 20 for seed in range(40)) >= 38


def test_ranks_are_those_of_a_naive_count():
    """Below and same are what counting over all earlier scores gives."""
    rng = np.random.default_rng(0)
    first, then = rng.random(50), rng.random(30).round(1)
    held = Exchangeability()
    held.calibrate(first)
    cells = np.minimum((then * 1024).astype(int), 1023)
    below, same = held._ranks(cells)
    before = list(np.minimum((first * 1024).astype(int), 1023))
    for i, cell in enumerate(cells):
        assert below[i] == sum(other < cell for other in before)
        assert same[i] == sum(other == cell for other in before) + 1
        before.append(cell)


def test_memory_does_not_grow_and_capital_does_not_overflow():
    """A hundred thousand ever higher scores leave a finite capital and the same memory."""
    rng = np.random.default_rng(0)
    held = Exchangeability()
    held.calibrate(rng.random(1000) * 0.1)
    for _ in range(200):
        held.observe(0.9 + 0.1 * rng.random(128), rng)
    assert held.value == pytest.approx(np.exp(700))
    assert held.counts.shape == (1024,)
