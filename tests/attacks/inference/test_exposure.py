"""Exposure of canaries: ranks, ties, intervals that cover, p-values that are honest."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.attacks.inference.exposure import (
    canary_test,
    default_bound,
    exposures,
    references_needed,
)
from redan.errors import IncompleteError, InputError


def test_the_first_of_a_whole_space_has_all_its_bits() -> None:
    """A secret that the model likes best of 1,024 has an exposure of 10 bits, exactly."""
    (found,) = exposures([0.5], np.arange(1, 1024), space=1024)
    assert found.exact
    assert found.rank == 1
    assert found.bits == 10.0
    assert found.interval == (10.0, 10.0)
    assert found.p == 1 / 1024


def test_equal_losses_expose_nothing() -> None:
    """A model that says the same about all secrets gives rank last and no bits."""
    (sampled,) = exposures([1.0], np.ones(500), space=10**6)
    (whole,) = exposures([1.0], np.ones(1023), space=1024)
    assert sampled.p == 1.0
    assert sampled.bits == pytest.approx(-math.log2(501 / 500))
    assert sampled.interval.high < 1.2
    assert whole.bits == 0.0
    assert whole.interval.high == 1.0


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=6),
    st.lists(st.integers(0, 30), min_size=1, max_size=60),
)
def test_ranks_are_those_of_a_sort(canaries: list[int], references: list[int]) -> None:
    """The rank counts, one by one, what is not worse; bits lie in the interval."""
    for own, found in zip(canaries, exposures(canaries, references, space=10**9), strict=True):
        assert found.rank == 1 + sum(other <= own for other in references)
        assert found.tied == references.count(own)
        assert found.interval.low <= found.bits <= found.interval.high <= math.log2(10**9)


def test_intervals_of_samples_cover() -> None:
    """The interval of a sampled rank holds the exact exposure at its level or more often, for all sizes of share."""
    rng = np.random.default_rng(5)
    space = 20_000
    for rank in (1, 3, 40, 900, 15_000):
        truth = math.log2(space / rank)
        others = np.delete(np.arange(space), rank - 1)
        held = 0
        for _ in range(400):
            (found,) = exposures([rank - 1], rng.choice(others, 500, replace=False), space=space)
            held += found.interval.low - 1e-9 <= truth <= found.interval.high + 1e-9
        assert held / 400 >= 0.93, rank


def test_canaries_that_were_not_memorised_are_seldom_called_so() -> None:
    """With losses of one distribution, p-values are uniform and nothing exceeds the default bound."""
    rng = np.random.default_rng(6)
    p, found = [], 0
    for _ in range(300):
        test = canary_test(rng.normal(size=4), rng.normal(size=2000), space=10**9)
        p += [one.p for one in test.exposures]
        found += test.verdict == "exposed" or any(test.memorised)
    assert found <= 2
    assert np.abs(np.quantile(p, [0.1, 0.5, 0.9]) - [0.1, 0.5, 0.9]).max() < 0.05


def test_a_memorised_canary_is_exposed_among_others_that_are_not() -> None:
    """One of three canaries stands out; the others are bounded, and the verdict is that of the worst."""
    rng = np.random.default_rng(7)
    n = references_needed(default_bound(3)) + 1
    test = canary_test([-9.0, 0.3, 0.0], rng.normal(size=n), space=10**9, repeats=[16, 1, 1])
    assert test.verdict == "exposed"
    assert test.memorised == (True, False, False)
    assert test.worst.repeats == 16
    assert test.exposures[0].against(test.bound) == "exposed"
    assert [one.against(test.bound) for one in test.exposures[1:]] == ["bounded", "bounded"]


def test_too_few_references_leave_it_open() -> None:
    """Rank 1 of 500 shows no exposure above 10 bits; it is not called bounded either."""
    test = canary_test([-9.0], np.random.default_rng(0).normal(size=500), space=10**9)
    assert test.verdict == "open"
    assert references_needed(test.bound) > 500


def test_own_references_of_each_canary() -> None:
    """References may differ by canary."""
    found = exposures([1.0, 1.0], [[0.0, 2.0], [2.0, 2.0]], space=100)
    assert [one.rank for one in found] == [2, 1]


def test_mean_over_canaries() -> None:
    """The mean has an interval of Student over canaries of one number of repetitions; one canary has none."""
    test = canary_test([0.5, 1.5, 2.5, 0.0], np.arange(1, 5000), space=10**9, repeats=[1, 1, 1, 4])
    mean, interval = test.mean(1)
    assert mean == pytest.approx(np.mean([one.bits for one in test.exposures[:3]]))
    assert interval.low < mean < interval.high
    with pytest.raises(IncompleteError, match="two at least"):
        test.mean(4)


def test_a_space_that_is_too_small_is_refused() -> None:
    """Four digits have 13.3 bits, which eleven canaries cannot exceed."""
    with pytest.raises(IncompleteError, match="no rank exceeds"):
        canary_test(np.zeros(11), np.ones(100), space=10_000)
    assert canary_test(np.zeros(11), np.ones(100), space=10_000, bound=3.0).verdict == "exposed"


@pytest.mark.parametrize(
    ("canaries", "references", "space", "repeats"),
    [
        ([math.nan], [1.0], 10, ()),
        ([1.0], [math.nan], 10, ()),
        ([], [1.0], 10, ()),
        ([1.0], [], 10, ()),
        ([1.0], [1.0, 2.0], 2, ()),
        ([1.0, 2.0, 3.0], [[1.0], [2.0]], 10, ()),
        ([1.0], [1.0], 10, (1, 2)),
    ],
)
def test_what_does_not_fit_is_refused(
    canaries: list[float], references: list[float], space: int, repeats: tuple[int, ...]
) -> None:
    """Losses that are no numbers and shapes that do not fit are refused by name."""
    with pytest.raises(InputError):
        exposures(canaries, references, space=space, repeats=repeats)


def test_infinite_losses_are_the_worst() -> None:
    """A model that rules a secret out gives it the last rank."""
    (found,) = exposures([math.inf], [1.0, math.inf], space=10)
    assert found.rank == 3
