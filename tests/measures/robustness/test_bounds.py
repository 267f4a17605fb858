"""Certified <= true <= empirical: the interval of the truth covers it, and a broken certificate is told."""

import numpy as np
import pytest

from redan.errors import InputError
from redan.measures.robustness import bounds


def test_by_hand():
    """Two are proved, three survive, one is open; a certified sample that fell is a contradiction."""
    found = bounds([1, 1, 0, 0], [1, 1, 1, 0])
    assert (found.certified.hits, found.empirical.hits, found.open, found.contradicted) == (2, 3, 1, 0)
    assert found.true.low == found.certified.interval.low
    assert found.true.high == found.empirical.interval.high
    assert bounds([1, 1], [1, 0]).contradicted == 1
    with pytest.raises(InputError):
        bounds([1], [1, 0])


def test_the_truth_is_covered():
    """A certificate that misses 1 of 20 and an attack that misses 1 of 50: the true share is inside often enough."""
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(400):
        robust = rng.random(120) < 0.5
        proved = robust & (rng.random(120) < 0.95)
        kept = robust | (rng.random(120) < 0.02)
        low, high = bounds(proved, kept).true
        inside += low <= 0.5 <= high
    assert inside / 400 >= 0.95
