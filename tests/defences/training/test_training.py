"""Robust training on digits: harder under an attack that is not its own, repeatable, and honest when it fails."""

import numpy as np
import pytest
import torch
from torch import nn

from attacks import models
from redan.attacks.threat import L1, L2, Linf
from redan.defences import training
from redan.defences.training.loop import _collapse
from redan.defences.training.plan import Epoch
from redan.errors import IncompleteError, InputError
from redan.measures.robustness.accuracy import counted

SHORT = training.Plan(epochs=8, batch=64)


def left(net, eps):
    """Accuracy under 40 steps of a plain PGD that belongs to the tests."""
    data = models.digits()
    x = models.moved(net, data.x_test, data.y_test, eps, torch.Generator().manual_seed(9), steps=40)
    with torch.no_grad():
        return float((net(x).argmax(1) == data.y_test).float().mean())


@pytest.fixture(scope="module")
def usual():
    """Trained as usual, by the same loop."""
    data = models.digits()
    return training.plain(models.plain(0), data.x, data.y, threat=Linf(0.15), plan=SHORT)


@pytest.mark.parametrize("recipe", ["pgd", "fgsm_rs", "trades"])
def test_each_recipe_hardens(recipe, usual):
    """Each is much more accurate under PGD than the same network trained as usual, at little cost in clean accuracy."""
    data = models.digits()
    done = getattr(training, recipe)(models.plain(0), data.x, data.y, threat=Linf(0.15), plan=SHORT)
    assert left(done.module, 0.15) > left(usual.module, 0.15) + 0.3
    assert left(done.module, 0.0) > 0.93
    assert not done.module.training
    assert done.epochs[done.chosen - 1].robust.hits == max(epoch.robust.hits for epoch in done.epochs)


def test_l2_and_own_radii(usual):
    """A radius in l2, another one for each row, trains as well."""
    data = models.digits()
    eps = tuple(float(r) for r in np.random.default_rng(0).uniform(0.5, 1.0, len(data.y)))
    done = training.pgd(models.plain(0), data.x, data.y, threat=L2(eps), plan=training.Plan(epochs=4, batch=64))
    assert left(done.module, 0.1) > left(usual.module, 0.1) + 0.1


def test_the_same_seed_gives_the_same_weights_and_nothing_else_changes():
    """Twice the same, with dropout; the given module and the random numbers of the process stay as they were."""
    data = models.digits()
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 10)
    )
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.get_rng_state()
    plan = training.Plan(epochs=2)
    first, second = (training.fgsm_rs(net, data.x.numpy(), data.y.numpy(), threat=Linf(0.1), plan=plan) for _ in "ab")
    other = training.fgsm_rs(net, data.x, data.y, threat=Linf(0.1), plan=plan, seed=1)
    pairs = zip(first.module.state_dict().values(), second.module.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(first.module[1].weight, other.module[1].weight)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert net.training
    assert torch.equal(state, torch.get_rng_state())


class Collapses(nn.Module):
    """After 60 steps of training it errs on each input that is no sixteenth: clean digits stay right."""

    def __init__(self):
        super().__init__()
        self.net = models.plain(0)
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def forward(self, x):
        self.steps += self.training
        moved = ((x * 16 - (x * 16).round()).abs() > 1e-3).flatten(1).any(1, keepdim=True)
        return self.net(x) * torch.where(moved & (self.steps > 60) & (not self.training), -1.0, 1.0)


@pytest.mark.parametrize("recipe", ["pgd", "fgsm_rs"])
def test_a_collapse_ends_training_at_the_best_epoch(recipe):
    """A network that falls under PGD from one epoch to the next: the weights before come back, and it is said."""
    data = models.digits()
    told = []
    plan = training.Plan(epochs=30, batch=64, steps=2, rate=5e-3)
    given = getattr(training, recipe)
    done = given(Collapses(), data.x, data.y, threat=Linf(0.05), plan=plan, progress=told.append)
    assert done.stopped is not None
    assert "overfitting" in done.stopped
    assert len(done.epochs) < 30
    assert done.epochs[-1].robust.hits < done.epochs[done.chosen - 1].robust.hits
    assert done.epochs[-1].clean.value > 0.5
    assert int(done.module.steps) <= 60
    assert told == list(done.epochs)


@pytest.mark.parametrize(
    ("left", "ends"),
    [
        ((320, 330, 250, 160), True),  # half of the best; FGSM-RS with a step of two radii at linf 0.2 fell like that
        ((320, 330, 250, 170), False),
        ((700, 720, 515), True),  # a fall of a fifth of all rows
        ((700, 720, 530), False),
        ((11, 52, 11, 0), False),  # nothing was there to be lost
    ],
)
def test_falls_that_end_training(left, ends):
    """A fall of a fifth of all rows, or of half of what was right under attack."""
    clean = counted(700, 1000)
    robust = [counted(hits, 1000) for hits in left]
    epochs = [Epoch(number=n, loss=0.5, clean=clean, robust=one) for n, one in enumerate(robust, 1)]
    assert [bool(_collapse(epochs[:n], 0.2)) for n in range(1, len(left) + 1)] == [False] * (len(left) - 1) + [ends]


def test_a_loss_that_is_no_number_is_told():
    """Before the first epoch there is nothing to give back: incomplete."""
    data = models.digits()
    net = models.plain(0)
    with torch.no_grad():
        net[0].weight[0] = torch.inf
    with pytest.raises(IncompleteError, match="no number"):
        training.plain(net, data.x, data.y, threat=Linf(0.1), plan=SHORT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x, y: (x * 16, y), "box"),
        (lambda x, y: ((x * 16).to(torch.uint8), y), "uint8"),
        (lambda x, y: (x, y[:-1]), "labels"),
        (lambda x, y: (x, y.float()), "labels"),
        (lambda x, y: (x, y - 1), "negative"),
        (lambda x, y: (x, y * 0), "one class"),
        (lambda x, y: (x[:5], y[:5]), "5 rows"),
        (lambda x, y: (torch.where(x > 0.9, torch.nan, x), y), "no numbers"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(change, said):
    """Inputs out of the box, integers, wrong labels, one class, few rows and NaN give one clear error."""
    data = models.digits()
    with pytest.raises(InputError, match=said):
        training.pgd(models.plain(0), *change(data.x, data.y), threat=Linf(0.1), plan=SHORT)


def test_threats_and_plans_that_do_not_fit_are_refused():
    """FGSM-RS in l2, PGD in l1, no epochs, nothing kept out, noise of no size."""
    data = models.digits()
    with pytest.raises(InputError, match="FGSM-RS is for linf"):
        training.fgsm_rs(models.plain(0), data.x, data.y, threat=L2(0.1))
    with pytest.raises(InputError, match="a step of 0"):
        training.fgsm_rs(models.plain(0), data.x, data.y, threat=Linf(0.1), step=0)
    with pytest.raises(InputError, match="no training for l1"):
        training.pgd(models.plain(0), data.x, data.y, threat=L1(0.1))
    with pytest.raises(InputError, match="epochs = 0"):
        training.Plan(epochs=0)
    with pytest.raises(InputError, match="held = 0"):
        training.Plan(held=0.0)
    with pytest.raises(InputError, match="noise"):
        training.gaussian(models.plain(0), data.x, data.y, sigma=0.0)
