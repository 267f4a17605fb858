"""Epsilon by the accountants: published figures, closed forms and order between neighbours."""

import math

import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from redan.errors import MissingExtraError
from redan.measures.privacy import Mechanism, deltas_pld, epsilon, epsilon_pld, epsilon_rdp, noise_for


def _gaussian(sigma, delta):
    """Balle and Wang (2018), theorem 8, solved for epsilon."""

    def spent(eps):
        return norm.cdf(0.5 / sigma - eps * sigma) - math.exp(eps) * norm.cdf(-0.5 / sigma - eps * sigma) - delta

    return brentq(spent, 0.0, 200.0)


@pytest.mark.parametrize(
    ("rate", "sigma", "steps", "pld", "rdp"),
    [(256 / 60_000, 1.1, 3516, 1.134, 1.281), (0.01, 1.0, 1000, 1.828, 2.101)],
)
def test_known_figures_come_out(rate, sigma, steps, pld, rdp):
    """The two set-ups of the notes give the same figures to a thousandth."""
    mechanism = Mechanism(noise_multiplier=sigma, steps=steps, rate=rate)
    assert epsilon_pld(mechanism, 1e-5) == pytest.approx(pld, abs=5e-4)
    assert epsilon_rdp(mechanism, 1e-5) == pytest.approx(rdp, abs=5e-4)
    assert epsilon(mechanism, 1e-5) == (epsilon_pld(mechanism, 1e-5), "pld")


@pytest.mark.parametrize("neighbours", ["add-remove", "zero-out", "replace-one"])
@pytest.mark.parametrize("steps", [1, 9])
def test_without_sampling_the_closed_form_holds(neighbours, steps):
    """Steps without sampling are one Gaussian mechanism; by replacement it has half of the noise."""
    twice = 2.0 if neighbours == "replace-one" else 1.0
    mechanism = Mechanism(noise_multiplier=4.0, steps=steps, sampling="none", neighbours=neighbours)
    exact = _gaussian(4.0 / twice / math.sqrt(steps), 1e-5)
    assert epsilon_pld(mechanism, 1e-5) == pytest.approx(exact, rel=2e-3)
    assert epsilon_rdp(mechanism, 1e-5) >= exact
    spent = deltas_pld(mechanism)
    assert spent(exact) == pytest.approx(1e-5, rel=0.02)


def test_replacement_costs_more_and_is_known_to_both_kinds_of_sampling():
    """By replacement, Poisson sampling is covered by loss distributions, batches of a fixed size by Renyi divergence."""
    poisson = Mechanism(noise_multiplier=2.0, steps=50, rate=0.05, neighbours="replace-one")
    assert epsilon(poisson, 1e-5).value > epsilon(Mechanism(noise_multiplier=2.0, steps=50, rate=0.05), 1e-5).value
    assert epsilon_rdp(poisson, 1e-5) is None
    fixed = Mechanism(
        noise_multiplier=2.0, steps=50, rate=0.05, sampling="fixed-without-replacement", neighbours="replace-one"
    )
    assert epsilon_pld(fixed, 1e-5) is None
    assert epsilon(fixed, 1e-5).by == "rdp"
    assert epsilon(fixed, 1e-5).value > epsilon(poisson, 1e-5).value


def test_no_noise_protects_nothing():
    """Without noise, or with delta zero, epsilon is infinite."""
    assert epsilon(Mechanism(noise_multiplier=0.0, steps=1), 1e-5).value == math.inf
    assert epsilon(Mechanism(noise_multiplier=1.0, steps=1), 0.0).value == math.inf


@pytest.mark.parametrize(
    ("sigma", "steps", "rate"),
    [(1e-9, 10**12, 1.0), (1e-9, 1, 1e-9), (1e9, 10**12, 1.0), (0.01, 10**6, 0.5), (1.0, 10**9, 1e-6)],
)
def test_extremes_end_soon(sigma, steps, rate):
    """No record makes an accountant compute for minutes or fail."""
    found = epsilon(Mechanism(noise_multiplier=sigma, steps=steps, rate=rate), 1e-6)
    assert found.value >= 0.0


def test_noise_for_an_epsilon_is_the_least():
    """The noise that is found keeps to the epsilon, and one hundredth less does not."""
    target = 0.5
    found = noise_for(target, 1e-5, steps=10, rate=0.05)
    both = (found, 0.99 * found)
    kept, less = (epsilon(Mechanism(noise_multiplier=x, steps=10, rate=0.05), 1e-5).value for x in both)
    assert kept <= target < less


def test_missing_package_is_said(monkeypatch):
    """Without dp-accounting the extra is named."""
    monkeypatch.setitem(__import__("sys").modules, "dp_accounting", None)
    with pytest.raises(MissingExtraError, match="privacy"):
        epsilon(Mechanism(noise_multiplier=1.0, steps=1), 1e-5)
