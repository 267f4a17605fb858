"""Lower bounds of epsilon: known ceilings, naive twins, and coverage on mechanisms whose epsilon is known."""

import math

import numpy as np
import pytest
from scipy.stats import beta, binom, norm

from redan.stats.privacy_bounds import (
    epsilon_of_errors,
    epsilon_one_run,
    epsilon_one_run_gaussian,
    gaussian_delta,
    most_hits,
    mu_of,
    one_run_ceiling,
    one_run_p,
    upper_share,
)


@pytest.mark.parametrize(("canaries", "ceiling"), [(30, 2.25), (100, 3.49), (300, 4.60), (1000, 5.81), (5000, 7.42)])
def test_known_ceilings_come_out(canaries, ceiling):
    """Every guess right, 95 %, delta 0: one run never shows more than this."""
    assert one_run_ceiling(canaries, 0.0, 0.05) == pytest.approx(ceiling, abs=0.005)


def _p_naive(m, r, v, eps, delta):
    """The formula of the paper, term by term."""
    q = 1.0 / (1.0 + math.exp(-eps))

    def tail(k):
        return sum(binom.pmf(j, r, q) for j in range(max(k, 0), r + 1))

    first = tail(v)
    alpha = max([0.0, *[(tail(v - i) - first) / i for i in range(1, m + 1)]])
    return min(1.0, first + 2 * m * delta * alpha)


@pytest.mark.parametrize("delta", [0.0, 1e-5, 1e-2])
def test_the_formula_agrees_with_its_naive_twin(delta):
    """The vectorised bound is the sum of the paper, for many sizes and counts."""
    rng = np.random.default_rng(3)
    for _ in range(40):
        m = int(rng.integers(1, 40))
        r = int(rng.integers(0, m + 1))
        v = int(rng.integers(0, r + 1))
        eps = float(rng.uniform(0, 3))
        assert one_run_p(m, r, v, eps, delta) == pytest.approx(_p_naive(m, r, v, eps, delta), abs=1e-12)


def test_impossible_counts_are_refused():
    """More right guesses than guesses, or more guesses than canaries, are an error."""
    for counts in ((5, 6, 1), (5, 3, 4), (5, 3, -1)):
        with pytest.raises(ValueError, match="cannot be right"):
            one_run_p(*counts, 1.0, 0.0)
    with pytest.raises(ValueError, match="delta"):
        epsilon_one_run_gaussian(100, 10, 9, 0.0, 0.05)


def test_bounds_of_shares_are_the_beta_quantile():
    """The one-sided bound is the quantile of the beta distribution, and 1 where all succeeded."""
    found = upper_share([0, 3, 9, 10], 10, 0.05)
    assert found == pytest.approx([*beta.ppf(0.95, [1, 4, 10], [10, 7, 1]), 1.0])


def test_more_evidence_gives_a_higher_bound():
    """Bounds rise with right guesses, fall with delta, and are 0 where nothing is told."""
    bounds = [epsilon_one_run(200, 100, v, 1e-6, 0.05) for v in (50, 60, 75, 90, 100)]
    assert bounds == sorted(bounds)
    assert bounds[0] == 0.0
    assert epsilon_one_run(200, 100, 90, 1e-3, 0.05) < bounds[3]
    assert epsilon_of_errors([0, 50], 100, [0, 50], 100, delta=1e-5, level=0.05)[1] == 0.0
    gaussian = epsilon_one_run_gaussian(200, 100, 90, 1e-5, 0.05)
    assert gaussian > epsilon_one_run(200, 100, 90, 1e-5, 0.05)


def test_gaussian_mechanisms_convert_both_ways():
    """Delta of a Gaussian mechanism is the closed form, and its inverse finds the distance again."""
    for mu in (0.3, 1.0, 4.0):
        for eps in (0.1, 1.0, 5.0):
            exact = norm.cdf(mu / 2 - eps / mu) - math.exp(eps) * norm.cdf(-mu / 2 - eps / mu)
            assert gaussian_delta(eps, mu) == pytest.approx(exact, abs=1e-12)
            if exact > 1e-9:
                assert mu_of(eps, exact) == pytest.approx(mu, rel=1e-5)


def test_most_hits_of_a_claim():
    """Chance without leak, e^epsilon times the alarms at the low end, never above one, and nothing promised beyond."""
    assert most_hits(0.01, 0.0, 0.0) == pytest.approx(0.01)
    assert most_hits(0.001, 1.0, 1e-5) == pytest.approx(np.e * 0.001 + 1e-5)
    assert most_hits(0.5, 1.0, 0.0) == pytest.approx(1 - 0.5 / np.e)
    assert most_hits(0.001, np.inf, 0.0) == most_hits(1.0, 1.0, 0.0) == 1.0


def test_most_hits_is_what_randomised_response_reaches():
    """The mechanism that attains the bound: tell the truth with odds of e^epsilon, flag all that are told as members."""
    truth = np.exp(1.5) / (1 + np.exp(1.5))
    assert most_hits(1 - truth, 1.5, 0.0) == pytest.approx(truth)
