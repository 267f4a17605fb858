"""Randomised smoothing: the bound covers, radii are true where the truth is known, and nothing depends on the batch."""

import numpy as np
import pytest
import torch
from scipy.special import ndtr, ndtri
from scipy.stats import binomtest
from torch import nn

from attacks import models
from redan.attacks.evasion.network import Network
from redan.defences import smoothing, training
from redan.defences.smoothing import votes
from redan.defences.smoothing.certificates import least_hits, radius_of
from redan.errors import InputError


class Halfspace(nn.Module):
    """Class 1 where the first value is above zero: a smoothed answer's true radius is the distance to the plane."""

    def __init__(self):
        super().__init__()
        self.eval()

    def forward(self, x):
        return torch.stack([-x[:, 0], x[:, 0]], dim=1)


def test_the_radius_is_that_of_the_binomial_bound():
    """The lower bound is SciPy's exact one-sided one, and the radius its normal quantile times sigma."""
    for hits in (50, 61, 100, 870, 999, 1000):
        low = binomtest(hits, 1000, alternative="greater").proportion_ci(0.999, "exact").low
        wanted = 0.5 * ndtri(low) if low > 0.5 else 0.0
        assert radius_of(hits, 1000, 0.5, 0.001) == pytest.approx(wanted, rel=1e-9)


def test_the_largest_radius_is_the_published_one():
    """With 100,000 copies at alpha 0.001 no radius is above 3.8 sigma, as Cohen et al. plot it at sigma 1 and 0.25."""
    assert radius_of(100_000, 100_000, 1.0, 0.001) == pytest.approx(ndtri(0.001 ** (1 / 100_000)))
    assert 3.8 < radius_of(100_000, 100_000, 1.0, 0.001) < 3.9
    assert 0.95 < radius_of(100_000, 100_000, 0.25, 0.001) < 1.0


@pytest.mark.parametrize("share", [0.51, 0.7, 0.95, 0.999])
def test_the_bound_covers(share):
    """In 20,000 repetitions a radius above the true one is as rare as alpha says."""
    rng = np.random.default_rng(3)
    alpha, copies, true = 0.02, 200, ndtri(share)
    too_large = {k: radius_of(k, copies, 1.0, alpha) > true for k in range(copies + 1)}
    wrong = np.mean([too_large[int(k)] for k in rng.binomial(copies, share, 20_000)])
    assert wrong <= alpha + 3 * (alpha * (1 - alpha) / 20_000) ** 0.5


def test_certificates_of_a_halfspace_are_true_and_near():
    """The true radius is the distance to the plane: nearly none of 300 certificates is above it, and many are near."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(5)
    x = rng.normal(0, 0.4, (300, 3)).astype(np.float32)
    x[:, 1] = np.arange(300)  # noise is by content
    found = smoothing.certify(Halfspace(), x.copy(), sigma=0.5, first=20, copies=400, alpha=0.01)
    true = np.abs(x[:, 0])
    answered = found.answers >= 0
    wrong = answered & ((found.radii > true) | (found.answers != (x[:, 0] > 0)))
    assert wrong.sum() <= 8
    share = answered & (true > 0.2) & (true < 0.8)
    assert np.mean(found.radii[share] / true[share]) > 0.6
    assert answered[true > 0.4].all()
    assert (found.radii[~answered] == 0).all()
    assert found.cost.forward >= 300 * 420


def test_no_certificate_depends_on_who_else_is_asked():
    """Alone, turned round and all together: the same counts."""
    data = models.digits()
    x = data.x_test[:12]
    options = {"sigma": 0.25, "first": 50, "copies": 300, "seed": 4}
    together = smoothing.certify(models.weak(), x, **options)
    turned = smoothing.certify(models.weak(), x.flip(0).numpy(), **options)
    alone = [smoothing.certify(models.weak(), x[i : i + 1], **options) for i in range(3)]
    assert np.array_equal(together.hits, turned.hits[::-1])
    assert np.array_equal(together.radii, turned.radii[::-1])
    assert [int(one.hits[0]) for one in alone] == together.hits[:3].tolist()
    other = smoothing.certify(models.weak(), x, **(options | {"seed": 5}))
    assert not np.array_equal(other.hits, together.hits)


def test_a_verdict_at_one_radius_is_that_of_the_whole_count():
    """Stopping early changes no verdict, and costs less."""
    data = models.digits()
    x, y = data.x_test[:40], data.y_test[:40].numpy()
    options = {"sigma": 0.2, "first": 50, "copies": 1500, "alpha": 0.01, "seed": 1}
    whole = smoothing.certify(Network(models.weak(), chunk=100), x, **options)
    for radius in (0.05, 0.2, 0.3):
        part = smoothing.certify_at(Network(models.weak(), chunk=100), x, radius=radius, **options)
        assert np.array_equal(part.answers == y, whole.certified(y, radius))
        assert part.copies.mean() < 1500
        assert part.cost.forward < whole.cost.forward


def test_several_looks_share_the_level():
    """Over 2,000 samples of an answer whose true radius is just too small, certain in any of three looks: no more than alpha."""
    rng = np.random.default_rng(6)
    asked = votes.sampler(Network(Halfspace(), chunk=50), np.ones((1, 2), np.float32), 1.0, 0)
    alpha, copies, radius = 0.05, 5000, 0.8
    needed = votes._needed(radius, copies, alpha / 3, 3, asked)
    assert sorted(needed) == [50, 500, 5000]
    draws = rng.random((2000, copies)) < ndtr(radius - 1e-6)
    certain = np.zeros(2000, bool)
    for count, least in needed.items():
        certain |= draws[:, :count].sum(axis=1) >= least
    assert 0.005 < certain.mean() <= alpha + 3 * (alpha * (1 - alpha) / 2000) ** 0.5


def test_more_looks_cost_less_where_answers_are_clear():
    """Far from the plane a hundredth of the copies is enough; near it nothing is certain, and that is soon clear too."""
    x = np.array([[1.5, 0.0], [1.4, 0.0], [0.05, 0.0]], dtype=np.float32)
    options = {"radius": 0.4, "sigma": 0.5, "copies": 4000, "seed": 2}
    once, thrice = (smoothing.certify_at(Network(Halfspace(), chunk=20), x, looks=n, **options) for n in (1, 3))
    assert once.answers.tolist() == thrice.answers.tolist() == [1, 1, -1]
    assert (thrice.copies[:2] <= 400).all()
    assert (once.copies[:2] > 3000).all()
    assert thrice.copies[2] == pytest.approx(once.copies[2], rel=0.2)


def test_certificates_that_are_there_are_not_made_again():
    """Bounds from given certificates are those of sampling; certificates of other inputs or other noise are refused."""
    data = models.digits()
    x, y = data.x_test[:8], data.y_test[:8]
    effort = smoothing.Effort(first=20, copies=100, steps=3, draws=2, votes=20)
    found = smoothing.certify(models.weak(), x, sigma=0.2, first=20, copies=100)
    options = {"sigma": 0.2, "radii": (0.1,), "effort": effort}
    with_them = smoothing.beside(models.weak(), x, y, certificates=found, **options)
    without = smoothing.beside(models.weak(), x, y, **options)
    assert with_them.bounds == without.bounds
    assert without.cost.forward - with_them.cost.forward >= 8 * 120
    for wrong in ({"sigma": 0.3}, {"x": x[:4], "y": y[:4]}):
        with pytest.raises(InputError, match="certificates"):
            smoothing.beside(models.weak(), **({"x": x, "y": y, "certificates": found} | options | wrong))


def test_noise_in_training_buys_certificates():
    """Certified accuracy falls with the radius, and is higher after training on noise."""
    data = models.digits()
    x, y = data.x_test[:60], data.y_test[:60].numpy()
    plan = training.Plan(epochs=10, batch=64)
    noisy = training.gaussian(models.plain(0), data.x, data.y, sigma=0.25, plan=plan).module
    options = {"sigma": 0.25, "first": 50, "copies": 500}
    found = smoothing.certify(noisy, x, **options)
    shares = [found.accuracy(y, radius).value for radius in (0.0, 0.2, 0.4, 0.6)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.85
    assert shares[1] > smoothing.certify(models.weak(), x, **options).accuracy(y, 0.2).value


def test_certified_is_below_what_an_attacker_leaves():
    """At each radius no certified sample is broken, both fall with the radius, and the attacker finds something."""
    data = models.digits()
    plan = training.Plan(epochs=10, batch=64)
    noisy = training.gaussian(models.plain(0), data.x, data.y, sigma=0.25, plan=plan).module
    effort = smoothing.Effort(first=50, copies=500, steps=15, draws=8, votes=200)
    options = {"sigma": 0.25, "radii": (0.2, 0.5, 0.9), "effort": effort}
    told = smoothing.beside(noisy, data.x_test[:40], data.y_test[:40], **options)
    assert [part.contradicted for part in told.bounds] == [0, 0, 0]
    certified, left = ([getattr(part, name).value for part in told.bounds] for name in ("certified", "empirical"))
    assert certified == sorted(certified, reverse=True)
    assert left == sorted(left, reverse=True)
    assert left[-1] < 0.6
    assert certified[0] > 0.6
    assert told.cost.forward > 40 * 550
    assert told.bounds == smoothing.beside(noisy, data.x_test[:40].numpy(), data.y_test[:40].numpy(), **options).bounds


def test_prediction_abstains_where_classes_are_level():
    """On the plane neither class is more likely; far from it the answer is clear."""
    x = np.array([[0.0, 1.0], [2.0, 1.0], [-2.0, 1.0]], dtype=np.float32)
    assert smoothing.predict(Halfspace(), x, sigma=0.5).tolist() == [-1, 1, 0]


def test_the_smoothed_network_is_the_mean_over_noise():
    """Its probabilities are the true ones of a halfspace, within the error of its copies, and they repeat."""
    net = nn.Sequential(Halfspace())
    hard = smoothing.Smoothed(Sharp(net), 0.5, copies=4000)
    x = torch.tensor([[0.3, 0.0], [-0.5, 0.0]])
    assert torch.equal(hard(x), hard(x))
    wanted = ndtr(np.array([0.6, -1.0]))
    assert np.allclose(hard(x).exp()[:, 1], wanted, atol=0.03)


class Sharp(nn.Module):
    """A network whose probabilities are 0 and 1."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return 50 * self.net(x).sign()


@pytest.mark.parametrize(
    "change", [{"sigma": 0.0}, {"sigma": float("nan")}, {"copies": 0}, {"alpha": 0.5}, {"alpha": 0.0}, {"first": 0}]
)
def test_numbers_out_of_range_are_refused(change):
    """No noise, no copies and levels that are none give one clear error."""
    with pytest.raises(InputError):
        smoothing.certify(Halfspace(), np.ones((1, 2), np.float32), **({"sigma": 0.5} | change))


def test_what_cannot_be_certified_is_refused():
    """A radius beyond the reach of the copies, inputs that are no numbers, no inputs, a network in training mode."""
    x = np.ones((1, 2), np.float32)
    assert least_hits(2.0, 100, 0.5, 0.001) is None
    with pytest.raises(InputError, match="cannot be certified"):
        smoothing.certify_at(Halfspace(), x, radius=2.0, sigma=0.5, copies=100)
    with pytest.raises(InputError, match="no numbers"):
        smoothing.certify(Halfspace(), x * np.nan, sigma=0.5)
    with pytest.raises(InputError, match="no inputs"):
        smoothing.certify(Halfspace(), x[:0], sigma=0.5)
    with pytest.raises(InputError, match="training mode"):
        smoothing.certify(models.plain(0), x, sigma=0.5)
