"""Scores of attacks over a matrix, against plain twins."""

import numpy as np
import pytest
from scipy import stats

from attacks.inference.membership.plants import drawn
from redan.attacks.inference.membership import lira, matrix_from, membership_test
from redan.attacks.inference.membership.likelihood import prior_of
from redan.attacks.inference.membership.moments import sides
from redan.attacks.inference.membership.robust import rmia
from redan.attacks.inference.membership.shelf import ATTACKS, best_for
from redan.errors import InputError


def _sides(matrix, target, sample):
    rows = [r for r in range(matrix.models) if (r not in matrix.targets if len(matrix.shadows) else r != target)]
    there = [matrix.phi[r, sample] for r in rows if matrix.inside[r, sample]]
    return np.array(there), np.array([matrix.phi[r, sample] for r in rows if not matrix.inside[r, sample]])


@pytest.mark.parametrize("targets", [(0,), (2, 5), tuple(range(17))])
def test_moments_are_those_of_each_sample(targets):
    """Means and squares equal a loop over shadows, also where each model is the target of all others."""
    matrix = drawn(samples=30, targets=targets)
    for target, (there, gone) in sides(matrix):
        for sample in range(matrix.samples):
            for side, scores in zip((there, gone), _sides(matrix, target, sample), strict=True):
                assert side.number[sample] == len(scores)
                assert side.mean[sample] == pytest.approx(scores.mean(), abs=1e-9)
                assert side.squares[sample] == pytest.approx(((scores - scores.mean()) ** 2).sum(), abs=1e-9)


@pytest.mark.parametrize("targets", [(0,), tuple(range(17))])
def test_own_variance_is_the_published_attack(targets):
    """Online and offline scores equal SciPy's densities with each sample's own deviation."""
    matrix = drawn(samples=25, targets=targets)
    online, offline = lira(matrix, variance="sample"), lira(matrix, mode="offline", variance="sample")
    for place, target in enumerate(targets):
        for sample in range(matrix.samples):
            there, gone = _sides(matrix, target, sample)
            x = matrix.phi[target, sample]
            wanted = stats.norm.logpdf(x, there.mean(), there.std()) - stats.norm.logpdf(x, gone.mean(), gone.std())
            assert online[place, sample] == pytest.approx(wanted, rel=1e-9, abs=1e-9)
            surprise = -stats.norm.logsf(x, gone.mean(), gone.std())
            assert offline[place, sample] == pytest.approx(surprise, rel=1e-9, abs=1e-9)


def test_each_hypothesis_has_its_own_deviation():
    """Where members vary more, pooled variances differ; one deviation for both would rank by distance alone."""
    rng = np.random.default_rng(3)
    inside = rng.random((33, 500)) < 0.5
    phi = np.where(inside, rng.normal(0, 3, inside.shape), rng.normal(0, 1, inside.shape))
    matrix = matrix_from(phi, inside)
    (_, (there, gone)) = next(sides(matrix))
    assert there.pooled == pytest.approx(9, rel=0.1)
    assert gone.pooled == pytest.approx(1, rel=0.1)
    assert membership_test(matrix, attack="lira-pooled").area.interval.low > 0.6


def test_student_is_scipys():
    """The Bayesian variant equals the predictive distribution under its prior, from SciPy."""
    matrix = drawn(samples=40)
    online, offline = lira(matrix), lira(matrix, mode="offline")
    (_, both) = next(sides(matrix))
    priors = [prior_of(side) for side in both]
    for sample in range(matrix.samples):
        logs = []
        for (scale, weight), scores in zip(priors, _sides(matrix, 0, sample), strict=True):
            free = len(scores) - 1 + weight
            variance = (((scores - scores.mean()) ** 2).sum() + weight * scale) / free * (1 + 1 / len(scores))
            logs.append(stats.t(free, scores.mean(), np.sqrt(variance)))
        x = matrix.phi[0, sample]
        assert online[0, sample] == pytest.approx(logs[0].logpdf(x) - logs[1].logpdf(x), abs=1e-9)
        assert offline[0, sample] == pytest.approx(-logs[1].logsf(x), rel=1e-6, abs=1e-9)


def test_prior_is_found():
    """The fitted prior is near to the one that variances were drawn from, and equal variances have one of no end."""
    rng = np.random.default_rng(4)
    free, scale, samples = 6.0, 2.0, 20_000
    variances = free * scale / rng.chisquare(free, samples)
    phi = rng.normal(size=(9, samples)) * np.sqrt(variances)
    matrix = matrix_from(phi, np.zeros(phi.shape, bool))
    found = prior_of(next(sides(matrix))[1][1])
    assert found[0] == pytest.approx(scale, rel=0.05)
    assert found[1] == pytest.approx(free, rel=0.1)
    even = matrix_from(rng.normal(size=(9, 400)), np.zeros((9, 400), bool))
    assert prior_of(next(sides(even))[1][1])[1] > 50


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_every_attack_finds_a_weak_model_and_not_a_hard_one(name):
    """Members that score higher are found by all; where training leaves no trace, all are at chance."""
    weak = membership_test(drawn(models=33, samples=2000, effect=4.0), attack=name)
    assert weak.area.interval.low > 0.55
    hard = membership_test(drawn(models=33, samples=2000, effect=0.0, seed=1), attack=name)
    assert hard.area.interval.low < 0.5 + 0.01
    assert hard.tpr(0.01).bounds.low < 0.01


def test_bayes_is_best_with_few_shadows():
    """With four shadows the shrunken variance finds more at a low rate than either published one."""
    matrix = drawn(models=28, samples=6000, effect=3.0, targets=range(24), seed=2)
    found = {
        name: membership_test(matrix, attack=name).tpr(0.001).value for name in ("lira", "lira-pooled", "lira-sample")
    }
    assert found["lira"] > max(found["lira-pooled"], found["lira-sample"])


def test_matrix_chooses_its_attack():
    """Without shadows the loss, without members among them offline, else online."""
    matrix = drawn()
    assert best_for(matrix) == "lira"
    assert best_for(matrix_from(matrix.phi, np.vstack([matrix.inside[:1], 0 * matrix.inside[1:]]))) == "lira-offline"
    assert best_for(matrix_from(matrix.phi[0], matrix.inside[0])) == "loss"
    assert membership_test(matrix.phi[0], matrix.inside[0]).shadows == 0


def test_population_ranks_as_the_ratio():
    """With a population, RMIA is a share of it that rises with the ratio."""
    matrix = drawn(samples=300)
    ratio, share = rmia(matrix)[0], rmia(matrix, population=np.arange(100))[0]
    order = np.argsort(ratio)
    assert (np.diff(share[order]) >= 0).all()
    assert share.min() >= 0
    assert share.max() <= 1
    naive = [(ratio[k] >= ratio[:100]).mean() for k in range(300)]
    assert share == pytest.approx(naive)


def test_rmia_average_is_the_papers():
    """Online the mean of both sides, offline the linear correction."""
    matrix = drawn(samples=20)
    p = 1 / (1 + np.exp(-matrix.phi))
    for sample in range(20):
        there, gone = (1 / (1 + np.exp(-side)) for side in _sides(matrix, 0, sample))
        online = np.log(p[0, sample]) - np.log((there.mean() + gone.mean()) / 2)
        offline = np.log(p[0, sample]) - np.log((1.3 * gone.mean() + 0.7) / 2)
        assert rmia(matrix)[0, sample] == pytest.approx(online)
        assert rmia(matrix, mode="offline")[0, sample] == pytest.approx(offline)


@pytest.mark.parametrize("name", sorted(set(ATTACKS) - {"loss"}))
def test_one_model_has_no_shadow(name):
    """What needs shadows says so."""
    matrix = drawn()
    with pytest.raises(InputError, match="shadow"):
        membership_test(matrix_from(matrix.phi[0], matrix.inside[0]), attack=name)


def test_constant_models_are_at_chance():
    """Scores that never differ tell nothing by any attack, whatever number of shadows a sample has."""
    matrix = drawn()
    flat = matrix_from(np.zeros(matrix.phi.shape), matrix.inside)
    for name in ATTACKS:
        found = membership_test(flat, attack=name).area.interval
        assert found.low <= 0.5 <= found.high


def test_one_sided_data_is_refused():
    """A target without non-members, and scores without membership, are refused."""
    matrix = drawn()
    with pytest.raises(InputError, match="members"):
        membership_test(matrix_from(matrix.phi, np.ones(matrix.phi.shape)))
    with pytest.raises(InputError, match="inside"):
        membership_test(matrix.phi[0])


def test_targets_differ():
    """The mean over targets has an interval, a single target has none."""
    matrix = drawn(models=24, targets=range(8), samples=1000)
    mean, interval = membership_test(matrix).mean_of_targets(0.01)
    assert interval.low <= mean <= interval.high
    assert membership_test(drawn()).mean_of_targets(0.01)[1] is None
