"""The curve, what may be claimed at its low end, and the area below it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.stats.roc import claimable, negatives_for, roc
from redan.stats.roc_area import area

SCORES = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=30)


@given(SCORES, SCORES)
def test_corners_are_counts(positives, negatives):
    """Each corner holds what is at or above its threshold, and equal scores are never parted."""
    found = roc(np.array(positives), np.array(negatives))
    for threshold, hits, alarms in zip(found.thresholds, found.hits, found.alarms, strict=True):
        assert hits == sum(score >= threshold for score in positives)
        assert alarms == sum(score >= threshold for score in negatives)
    assert found.thresholds[0] == np.inf
    assert (found.positives, found.negatives) == (len(positives), len(negatives))


@given(SCORES, SCORES)
def test_area_is_the_chance_of_a_pair(positives, negatives):
    """Both ways to the area give the share of pairs in the right order, a tie counting half."""
    pairs = [(p > n) + (p == n) / 2 for p in positives for n in negatives]
    assert roc(np.array(positives), np.array(negatives)).area == pytest.approx(np.mean(pairs))
    found = area(np.array(positives), np.array(negatives))
    assert found.value == pytest.approx(np.mean(pairs))
    assert found.interval.low <= found.value <= found.interval.high


@given(SCORES, SCORES, st.sampled_from([0.001, 0.1, 0.3]))
def test_rate_is_kept_and_no_lower_threshold_keeps_it(positives, negatives, rate):
    """The threshold stays within the rate, and the next lower score does not."""
    one = roc(np.array(positives), np.array(negatives)).at(rate)
    assert one.alarms / one.negatives <= rate
    lower = [score for score in {*positives, *negatives} if score < one.threshold]
    if lower:
        assert sum(score >= max(lower) for score in negatives) / len(negatives) > rate
    assert one.tpr.low <= one.value <= one.tpr.high


def test_claims_need_negatives():
    """No false positive of 2,995 shows a rate of 0.1 %, one of 2,994 does not; without negatives nothing is shown."""
    assert negatives_for(0.001) == 2995
    assert negatives_for(0.01) == 299
    assert claimable(2995) <= 0.001 < claimable(2994)
    assert claimable(0) == 1.0


def test_few_negatives_bound_nothing_from_below():
    """Perfect scores over ten negatives leave the true-positive rate at 0.1 % unknown."""
    one = roc(np.arange(100.0) + 50, np.arange(10.0)).at(0.001)
    assert one.value == 1.0
    assert one.bounds.low == 0.0
    assert roc(np.arange(100.0) + 50_000, np.arange(5_000.0)).at(0.001).bounds.low > 0.9


def test_ends_of_the_area():
    """Perfect order has an interval of some width, equal scores have none, a single one of each knows little."""
    perfect = area(np.arange(10.0) + 20, np.arange(10.0))
    assert perfect.value == 1.0
    assert perfect.interval.low == pytest.approx(0.025 ** (1 / 10))
    assert area(np.arange(10.0), np.arange(10.0) + 20).interval.low == 0.0
    assert area(np.ones(5), np.ones(9)).value == 0.5


@pytest.mark.parametrize(("one", "two"), [([], [1.0]), ([1.0], []), ([np.nan], [1.0])])
def test_nothing_is_no_curve(one, two):
    """An empty group, or a score that is no number, is refused."""
    with pytest.raises(ValueError, match=r"positives|NaN"):
        roc(np.array(one), np.array(two))
    with pytest.raises(ValueError, match="positives"):
        area(np.array(one), np.array(two))


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0])
def test_rates_lie_between(rate):
    """A rate of nothing or of everything is refused."""
    with pytest.raises(ValueError, match="rate"):
        roc(np.ones(1), np.ones(1)).at(rate)
    with pytest.raises(ValueError, match="rate"):
        negatives_for(rate)


@pytest.mark.parametrize(("shift", "positives", "negatives", "rate"), [(1.0, 400, 1500, 0.01), (2.0, 200, 800, 0.02)])
def test_bounds_cover(shift, positives, negatives, rate):
    """The interval at a true rate, the exact one at the threshold, and that of the area cover in simulation."""
    from scipy.special import ndtr, ndtri

    rng = np.random.default_rng(1)
    truth, below = float(ndtr(shift + ndtri(rate))), float(ndtr(shift / np.sqrt(2)))
    runs, covered, exact, areas = 400, 0, 0, 0
    for _ in range(runs):
        one, two = rng.normal(shift, 1, positives), rng.normal(0, 1, negatives)
        found = roc(one, two).at(rate)
        covered += found.bounds.low <= truth <= found.bounds.high
        exact += found.fpr.low <= ndtr(-found.threshold) <= found.fpr.high
        inner = area(one, two).interval
        areas += inner.low <= below <= inner.high
    assert covered / runs >= 0.95
    assert exact / runs >= 0.93
    assert 0.92 <= areas / runs <= 0.985


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_monotone_scores_change_nothing(seed):
    """Only the order of scores counts."""
    rng = np.random.default_rng(seed)
    one, two = rng.normal(size=40), rng.normal(size=60)
    first, second = roc(one, two).at(0.05), roc(np.exp(one), np.exp(two)).at(0.05)
    assert (first.hits, first.alarms, first.bounds) == (second.hits, second.alarms, second.bounds)


def test_more_of_the_same_is_a_narrower_interval():
    """A curve repeated has the same rates; the interval shrinks around them."""
    rng = np.random.default_rng(6)
    once = roc(rng.normal(1, 1, 800), rng.normal(0, 1, 900))
    more = once.repeated(9)
    assert (more.positives, more.negatives, more.area) == (7200, 8100, pytest.approx(once.area))
    for rate in (0.01, 0.1):
        (low, high), (under, over) = once.bounds(rate), more.bounds(rate)
        assert over - under < 0.5 * (high - low)
        assert low <= under <= more.at(rate).value <= over <= high
