"""Detectors: limits keep their share of false alarms, and none is reported without an attacker who knows it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attacks import models
from redan.attacks.threat import Linf
from redan.defences import detectors, training
from redan.defences import transformations as t
from redan.errors import InputError

LITTLE = detectors.Effort(steps=40, targets=2)


def squeezing(net):
    return detectors.Squeezing(net, [t.BitDepth(3), t.Gaussian(0.7, 3)])


def limit(detector, share=0.05):
    with torch.no_grad():
        return detectors.limit_of(detector(models.digits().x_test[200:]).numpy(), share)


@pytest.fixture(scope="module")
def only_fgsm():
    """The plant: a detector that was taught inputs of FGSM, and stops them."""
    data = models.digits()
    plan = training.Plan(epochs=10, batch=64)
    return detectors.learned(models.weak(), models.plain(5, 2), data.x, data.y, threat=Linf(0.1), plan=plan)


def test_a_detector_that_only_stops_fgsm_is_told(only_fgsm):
    """It refuses nearly all that FGSM makes; who knows it gets past it in most of those cases."""
    data = models.digits()
    x, y = data.x_test[100:170], data.y_test[100:170]
    told = detectors.beside(only_fgsm, limit(only_fgsm), models.weak(), x, y, threat=Linf(0.1), effort=LITTLE)
    refused = dict(told.refused)
    assert refused["fgsm"].value > 0.9
    assert refused["who knows it"].value < 0.5
    assert told.unaware.value > 0.9
    assert told.aware.value < told.unaware.value - 0.25
    assert told.false_alarms.value < 0.15


def test_squeezing_of_a_weak_network_and_of_a_hardened_one():
    """Who knows it leaves next to nothing of what it gains; a hardened network stays robust behind the same detector."""
    data = models.digits()
    x, y = data.x_test[100:140], data.y_test[100:140]
    effort = detectors.Effort(steps=25, targets=2)
    by = {}
    for name, net in (("weak", models.weak()), ("hardened", models.hardened())):
        one = squeezing(net)
        by[name] = detectors.beside(one, limit(one), net, x, y, threat=Linf(0.15), effort=effort)
    assert by["weak"].aware.value < 0.35
    assert by["hardened"].aware.value > 0.55
    assert by["weak"].gained < 0.2


def test_shares_add_up_and_repeat(only_fgsm):
    """Robust samples are accepted clean ones; what fell first is counted once; arrays and tensors give the same."""
    data = models.digits()
    x, y = data.x_test[100:140], data.y_test[100:140]
    options = {"threat": Linf(0.1), "effort": detectors.Effort(steps=10, targets=1)}
    first = detectors.beside(only_fgsm, limit(only_fgsm), models.weak(), x, y, **options)
    again = detectors.beside(only_fgsm, limit(only_fgsm), models.weak(), x.numpy(), y.numpy(), **options)
    assert first.aware.hits <= first.unaware.hits <= first.clean.hits <= first.clean_without.hits
    assert first.clean.hits - first.aware.hits == sum(count for _, count in first.first_breaker)
    assert (first.aware, first.unaware, first.refused) == (again.aware, again.unaware, again.refused)
    everything = detectors.beside(only_fgsm, -1e9, models.weak(), x, y, **options)
    assert everything.clean.hits == 0
    assert everything.false_alarms.value == 1.0


@pytest.mark.parametrize("n", [19, 100, 333])
def test_the_limit_keeps_its_share_of_false_alarms(n):
    """Over 4,000 draws of the inputs that set the limit, a further input is above it as rarely as was asked for."""
    rng = np.random.default_rng(n)
    above = [rng.normal() > detectors.limit_of(rng.normal(size=n), 0.05) for _ in range(4000)]
    assert np.mean(above) <= 0.05 + 3 * (0.05 * 0.95 / 4000) ** 0.5


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
)
def test_no_more_scores_than_asked_for_lie_above_the_limit(scores, share):
    """The limit is one of the scores; of n scores and one more, no more than the share lies above; or it is refused."""
    try:
        found = detectors.limit_of(np.array(scores), share)
    except InputError:
        assert (len(scores) + 1) * share < 1 + 1e-9
        return
    assert found in scores
    assert sum(score > found for score in scores) <= (len(scores) + 1) * share


def test_what_is_no_detector_is_refused():
    """Nothing to squeeze with, scores that are no numbers, too few clean inputs, a share that is none."""
    with pytest.raises(InputError, match="squeeze"):
        detectors.Squeezing(models.weak(), [])
    with pytest.raises(InputError, match="no number"):
        detectors.limit_of(np.array([0.1, np.nan]), 0.5)
    with pytest.raises(InputError, match="give 19 or more"):
        detectors.limit_of(np.zeros(18), 0.05)
    with pytest.raises(InputError, match="between 0 and 1"):
        detectors.limit_of(np.zeros(18), 0.0)


class Scores(torch.nn.Module):
    """The sum of an input in as many columns as are asked for."""

    def __init__(self, columns, step=False):
        super().__init__()
        self.columns, self.step = columns, step

    def forward(self, x):
        total = x.flatten(1).sum(1, keepdim=True)
        total = torch.sign(total - 1.0) if self.step else total - 1.0
        return torch.cat([torch.zeros_like(total), *[total / (i + 1) for i in range(self.columns - 1)]], dim=1)


def test_a_given_guard_refuses_by_any_class_but_the_first():
    """The most likely refusing class decides; one column alone is an error, and no refusal."""
    x = torch.tensor([[0.2, 0.2], [0.9, 0.9]])
    for columns in (2, 3):
        assert (detectors.Given(Scores(columns).eval())(x) > 0).tolist() == [False, True]
    with pytest.raises(InputError, match="shape"):
        detectors.Given(Scores(1).eval())(x)


def test_a_guard_that_says_yes_or_no_hides_its_gradient():
    """A step has none, a sum has one at each input."""
    x = torch.rand(40, 2)
    assert detectors.hidden(detectors.Given(Scores(2, step=True).eval()), x) == 1.0
    assert detectors.hidden(detectors.Given(Scores(2).eval()), x) == 0.0
