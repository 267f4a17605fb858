"""Audits: they cover on mechanisms whose epsilon is known, find what is there, and say when they have no power."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binom

from redan.attacks.inference.audit import many_runs, one_run, rerun
from redan.errors import IncompleteError
from redan.stats.privacy_bounds import epsilon_one_run, epsilon_one_run_gaussian, gaussian_delta

ROOT = Path(__file__).resolve().parents[3]
TRIALS = 150
MOST = int(binom.ppf(0.999, TRIALS, 0.05))  # bounds above the truth that chance allows


def _gaussian_epsilon(mu, delta):
    return brentq(lambda eps: gaussian_delta(eps, mu) - delta, 0.0, 50.0)


@pytest.mark.parametrize(("eps", "guesses"), [(0.5, 200), (2.0, None)])
def test_one_run_covers_on_randomised_response(eps, guesses):
    """The bound exceeds the epsilon of randomised response in at most one run of twenty, and is near it."""
    rng = np.random.default_rng(int(eps * 10) + 1)
    bounds = []
    for _ in range(TRIALS):
        coins = rng.random(400) < 0.5
        told = coins ^ (rng.random(400) < 1 / (1 + math.exp(eps)))
        bounds.append(one_run(told + 1e-6 * rng.random(400), coins, delta=0.0, guesses=guesses).bound)
    assert sum(b > eps for b in bounds) <= MOST
    assert np.median(bounds) > 0.4 * eps


@pytest.mark.parametrize("gaussian", [False, True])
def test_one_run_covers_on_gaussian_noise(gaussian):
    """With noise on every canary, the bound exceeds the exact epsilon in at most one run of twenty."""
    rng, mu, delta = np.random.default_rng(5), 1.0, 1e-5
    truth = _gaussian_epsilon(mu, delta)
    bounds = []
    for _ in range(60 if gaussian else TRIALS):
        coins = rng.random(500) < 0.5
        bounds.append(
            one_run(coins + rng.normal(size=500) / mu, coins, delta=delta, guesses=100, gaussian=gaussian).bound
        )
    assert sum(b > truth for b in bounds) <= MOST
    assert np.median(bounds) > (0.25 if gaussian else 0.15) * truth


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_many_runs_cover_on_gaussian_noise(threshold):
    """The bound of many runs exceeds the exact epsilon at most one time in twenty, with and without a chosen cut."""
    rng, mu, delta = np.random.default_rng(6), 2.0, 1e-5
    truth = _gaussian_epsilon(mu, delta)
    bounds = []
    for _ in range(TRIALS):
        inside, outside = 1.0 + rng.normal(size=400) / mu, rng.normal(size=400) / mu
        bounds.append(many_runs(inside, outside, delta=delta, threshold=threshold).bound)
    assert sum(b > truth for b in bounds) <= MOST
    assert np.median(bounds) > 0.1 * truth


def test_nothing_to_tell_gives_nothing():
    """Scores that do not depend on the secret give a bound of nearly zero, in whatever way they are cut."""
    rng = np.random.default_rng(7)
    assert many_runs(rng.normal(size=500), rng.normal(size=500), delta=0.0).bound < 0.3
    assert one_run(rng.normal(size=500), rng.random(500) < 0.5, delta=0.0).bound < 0.3


def test_either_direction_is_found():
    """A leak that shows in runs without the row is found as one that shows in runs with it; scores point one way."""
    rng = np.random.default_rng(8)
    low, high = np.zeros(400), (rng.random(400) < 0.5).astype(float)
    assert many_runs(high, low, delta=0.0).bound > 2.0
    assert many_runs(low, -high, delta=0.0).bound > 2.0
    assert many_runs(-high, low, delta=0.0).bound == 0.0


def test_verdicts_name_the_lack_of_power():
    """A claim is refuted, not refuted, or out of reach of an audit of this size."""
    told = many_runs(np.ones(100), np.zeros(100), delta=0.0)
    assert told.bound == pytest.approx(told.ceiling)
    assert told.verdict(1.0) == "refuted"
    assert told.verdict(20.0) == "no-power"
    blind = many_runs(np.zeros(100), np.zeros(100), delta=0.0)
    assert blind.bound == 0.0
    assert blind.verdict(1.0) == "not-refuted"


def test_too_little_is_refused():
    """Few runs, few canaries, scores that are no numbers and coins of another length are not judged."""
    with pytest.raises(IncompleteError, match="too few"):
        many_runs(np.ones(10), np.ones(10), delta=0.0)
    with pytest.raises(IncompleteError, match="too few"):
        one_run(np.ones(10), np.ones(10, bool), delta=0.0)
    with pytest.raises(IncompleteError, match="too few"):
        one_run(np.ones(50), np.ones(40, bool), delta=0.0)
    with pytest.raises(IncompleteError, match="finite"):
        one_run(np.full(50, np.nan), np.ones(50, bool), delta=0.0)


def test_runs_have_generators_of_their_own():
    """The same seed gives the same runs, and no two runs the same draws."""

    def train(inside, rng):
        return float(inside) + rng.normal()

    one = rerun(train, 5, np.random.default_rng(1))
    other = rerun(train, 5, np.random.default_rng(1))
    assert np.array_equal(one, other)
    assert len({*one[0], *one[1]}) == 10


@pytest.mark.peer
def test_bounds_agree_with_jax_privacy():
    """The p-values and bounds of one run, and the Gaussian ones, are those of jax-privacy's auditing module."""
    path = next((ROOT / ".peers" / "jax-privacy").glob("lib/*/site-packages/jax_privacy/auditing.py"), None)
    if path is None:
        pytest.skip("jax-privacy is not there; tools/peers.sh fetches it")
    spec = importlib.util.spec_from_file_location("jax_privacy_auditing", path)
    peer = importlib.util.module_from_spec(spec)
    __import__("sys").modules["jax_privacy_auditing"] = peer
    spec.loader.exec_module(peer)
    for m, r, v in ((100, 100, 100), (500, 60, 55), (1000, 300, 280), (50, 20, 11), (2000, 100, 100)):
        for delta in (0.0, 1e-6, 1e-3):
            ours, theirs = epsilon_one_run(m, r, v, delta, 0.05), peer._epsilon_one_run(0.0, m, r, v, 0.05, delta)
            assert ours == pytest.approx(theirs, abs=2e-6)
        ours = epsilon_one_run_gaussian(m, r, v, 1e-5, 0.05)
        assert ours == pytest.approx(peer._epsilon_one_run_fdp(0.0, m, r, v, 0.05, 1e-5), abs=1e-4)
