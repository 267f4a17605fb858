"""E-values: their mean is at most one where nothing is wrong, exactly; processes keep their budget at any time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from redan.stats.e_values import Process, share_above


@given(st.integers(0, 60), st.floats(0.01, 0.99), st.floats(0.01, 1))
def test_mean_is_at_most_one(rows, share, part):
    """Summed over all outcomes, the mean is at most one for the tolerated share and for every smaller one."""
    hits = np.arange(rows + 1)
    values = [share_above(int(h), rows, share) for h in hits]
    assert np.dot(binom.pmf(hits, rows, share * part), values) <= 1 + 1e-9


def test_larger_shares_are_found():
    """Twice the tolerated share gives evidence that grows with the rows."""
    found = [share_above(2 * rows // 5, rows, 0.2) for rows in (50, 200, 800)]
    assert found[0] < found[1] < found[2]
    assert found[2] > 1e6


@pytest.mark.parametrize(("hits", "rows", "share", "value"), [(0, 0, 0.5, 1.0), (3, 3, 1.0, 1.0), (0, 9, 0.0, 1.0)])
def test_nothing_to_bet_on(hits, rows, share, value):
    """No rows, or every share tolerated, is no evidence; one hit where none is possible is all there can be."""
    assert share_above(hits, rows, share) == value
    assert share_above(1, 9, 0.0) > 1e300


@pytest.mark.parametrize(("hits", "rows", "share"), [(2, 1, 0.5), (-1, 1, 0.5), (0, 1, 1.5)])
def test_what_is_refused(hits, rows, share):
    """More hits than rows and shares outside [0, 1] are errors of the caller."""
    with pytest.raises(ValueError, match="needs"):
        share_above(hits, rows, share)


def test_false_alarms_at_any_time():
    """Of 400 quiet streams of 100 batches, at most 5 % ever reach 20, although each was looked at 100 times."""
    rng = np.random.default_rng(1)
    ever = 0
    for _ in range(400):
        process = Process()
        for hits in rng.binomial(30, 0.3, 100):
            process = process.after(share_above(int(hits), 30, 0.3))
            if process.value >= 20:
                ever += 1
                break
    assert 0 < ever <= 400 * 0.05 + 2.5 * np.sqrt(400 * 0.05 * 0.95)


def test_a_late_fault_is_found_as_soon():
    """After 200 quiet batches the process wakes up in a few, where a plain product needs about as long again."""
    process, product = Process(), 0.0
    for _ in range(200):
        quiet = share_above(20, 100, 0.3)
        process, product = process.after(quiet), product + np.log(quiet)
    batches = 0
    while process.value < 20:
        faulty = share_above(45, 100, 0.3)
        process, product, batches = process.after(faulty), product + np.log(faulty), batches + 1
    assert batches <= 5
    assert product < 0


def test_starts_from_one():
    """Before any batch, and after batches that say nothing, the evidence is one."""
    process = Process()
    assert process.value == 1
    for _ in range(50):
        process = process.after(1.0)
    assert process.value == pytest.approx(1.0)
