"""Robust accuracy: worst case per sample, exact intervals, and nothing that could be mistaken for a better model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from redan.errors import InputError
from redan.measures.robustness import first_breakers, paired, rate, robustness

FLAGS = st.integers(0, 40).flatmap(
    lambda n: st.tuples(*(st.lists(st.booleans(), min_size=n, max_size=n) for _ in range(3)))
)


@given(FLAGS)
def test_worst_case_is_taken_sample_by_sample(drawn):
    """A naive count agrees, and robust accuracy is above neither clean accuracy nor that of a single attack."""
    right, one, other = drawn
    found = robustness(right, {"one": one, "other": other})
    kept = [r and not a and not b for r, a, b in zip(right, one, other, strict=True)]
    assert found.robust.hits == sum(kept)
    assert found.clean.hits == sum(right)
    assert found.broken.n == sum(right)
    assert found.broken.hits == sum(right) - sum(kept)
    assert found.robust.hits <= robustness(right, one).robust.hits <= found.clean.hits


def test_a_wrong_sample_is_never_robust():
    """A sample that the model gets wrong by itself counts against both, and an attack on it changes nothing."""
    assert robustness([False, True], [False, False]).robust.value == 0.5
    assert robustness([False, True], [True, False]).broken.hits == 0


@pytest.mark.parametrize(("k", "n"), [(0, 7), (3, 7), (7, 7), (430, 1000)])
def test_intervals_are_those_of_scipy(k, n):
    """The interval is the exact one."""
    found = rate([True] * k + [False] * (n - k))
    theirs = binomtest(k, n).proportion_ci(method="exact")
    assert found.interval == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_no_samples_have_no_accuracy():
    """Of no samples there is no value, and the interval says that everything is possible."""
    found = robustness([], [])
    assert found.robust.value is None
    assert found.robust.interval == (0.0, 1.0)
    assert found.robust.measure("robust_accuracy").value is None


@pytest.mark.parametrize("bad", [[0.5, 1.0], ["yes", "no"], [[True, False]], [True]])
def test_what_is_no_flag_is_refused(bad):
    """Probabilities, words, tables and another number of samples are told."""
    with pytest.raises(InputError):
        robustness([True, True], bad)


def test_first_breakers_by_hand():
    """Each sample has its first breaker, and each attack what nobody else broke."""
    found = first_breakers({"ce": [1, 0, 0, 1], "dlr": [1, 1, 0, 0], "square": [0, 1, 0, 0]})
    assert found.first.tolist() == [0, 1, -1, 0]
    assert found.counts == (2, 1, 0)
    assert found.alone == (1, 0, 0)
    assert first_breakers({}).names == ()


def test_paired_agrees_with_the_exact_test():
    """The p-value is that of the exact test on what is disagreed on, and a difference of nothing is possible."""
    one = np.array([True] * 30 + [False] * 70)
    other = np.array([True] * 20 + [False] * 10 + [True] * 25 + [False] * 45)
    found = paired(one, other)
    assert (found.only_one, found.only_other) == (10, 25)
    assert found.difference == pytest.approx(0.15)
    assert found.p_value == pytest.approx(binomtest(10, 35).pvalue)
    assert found.interval.low < found.difference < found.interval.high
    assert paired(one, one).p_value == 1.0
    with pytest.raises(InputError):
        paired([], [])


def test_the_interval_of_a_difference_covers():
    """Over 400 pairs of samples, the true difference is inside at least as often as promised."""
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(400):
        kind = rng.choice(4, size=150, p=[0.5, 0.05, 0.15, 0.3])
        low, high = paired(np.isin(kind, (1, 3)), np.isin(kind, (2, 3))).interval
        inside += low <= 0.10 <= high
    assert inside / 400 >= 0.95
