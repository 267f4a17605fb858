"""Extrapolated exposure: the fit, what refuses it, and its interval."""

import numpy as np
import pytest
from scipy.stats import skewnorm

from redan.attacks.inference.exposure_fit import extrapolated
from redan.errors import IncompleteError, InputError


def _losses(seed: int, n: int = 1200) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return skewnorm.rvs(3.0, loc=20.0, scale=4.0, size=n, random_state=rng)


def test_it_is_the_published_formula() -> None:
    """Minus log2 of the fitted distribution function at the canary's loss."""
    others, own = _losses(1), np.array([14.0, 21.0])
    found = extrapolated(own, others, rng=np.random.default_rng(0))
    assert [one.bits for one in found] == pytest.approx(-np.log2(skewnorm.cdf(own, *skewnorm.fit(others))), abs=1e-9)


def test_intervals_hold_the_truth_beyond_the_references() -> None:
    """A loss that one secret in 2 to the 14 has is placed there within the interval, from 1,200 references."""
    params = (3.0, 20.0, 4.0)
    own = skewnorm.ppf(2.0**-14, *params)
    held = []
    for seed in range(6):
        (found,) = extrapolated([own], _losses(seed + 50), rng=np.random.default_rng(seed))
        held.append(found.interval.low <= 14.0 <= found.interval.high)
    assert np.mean(held) >= 0.75


def test_a_right_fit_is_seldom_refused_and_a_wrong_one_is() -> None:
    """Skew-normal losses pass; two clusters, heavy tails and constants do not."""
    rng = np.random.default_rng(3)
    passed = 0
    for seed in range(6):
        try:
            extrapolated([10.0], _losses(seed, 600), rng=rng)
            passed += 1
        except IncompleteError:
            pass
    assert passed >= 5
    wrong = (
        np.concatenate([rng.normal(0, 1, 700), rng.normal(9, 1, 700)]),
        rng.standard_cauchy(1500),
        np.ones(900),
        rng.integers(0, 3, 900).astype(float),
    )
    for others in wrong:
        with pytest.raises(IncompleteError):
            extrapolated([0.0], others, rng=rng)


def test_too_few_or_endless_losses_are_refused() -> None:
    """Below 500 references nothing is fitted, and infinite losses are none."""
    with pytest.raises(IncompleteError, match="too few"):
        extrapolated([1.0], np.arange(499.0), rng=np.random.default_rng(0))
    with pytest.raises(InputError):
        extrapolated([np.inf], _losses(1), rng=np.random.default_rng(0))


def test_far_below_all_references_it_is_finite() -> None:
    """Where the distribution function underflows, bits stay a number."""
    (found,) = extrapolated([-1e9], _losses(2), rng=np.random.default_rng(0))
    assert np.isfinite([found.bits, *found.interval]).all()
