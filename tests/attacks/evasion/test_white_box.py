"""Auto-PGD and FAB: a plain twin step by step, the ball, batches of any size, and what they break."""

from copy import deepcopy
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from attacks.models import EPS, digits, hardened, right, weak
from redan.attacks import evasion
from redan.attacks.evasion import draws
from redan.attacks.evasion.apgd import Apgd, started
from redan.attacks.evasion.losses import dlr, dlr_targeted
from redan.attacks.evasion.network import Network
from redan.attacks.judge import judge
from redan.attacks.threat import L1, L2, Linf

BALLS = [Linf(EPS), L2(0.75), L1(1.2)]


@pytest.fixture(scope="module")
def samples():
    """Test samples that both networks get right."""
    x, y = right(weak(), digits(), 60)
    kept = hardened()(x).argmax(1) == y
    return x[kept], y[kept]


def twin(net, x, y, eps, key, steps=100):
    """Auto-PGD in linf for one sample, as the paper writes it down; the points at which the network is asked."""

    def asked(z):
        z = z.detach().requires_grad_()
        loss = cross_entropy(net(z).float(), y)  # losses are of logits in float32, whatever the network computes in
        return float(loss.detach()), torch.autograd.grad(loss, z)[0]

    def inside(z):
        return torch.minimum(torch.maximum(z, x - eps), x + eps).clamp(0, 1)

    state = {"x0": x, "key": key, "k": torch.zeros(1, dtype=torch.int64)}
    z = started(state, torch.full((1, 1, 1, 1), eps, dtype=x.dtype), Linf(eps))
    points, (loss, gradient) = [z], asked(z)
    best, best_z, best_gradient, old, size = loss, z, gradient, z, 2 * eps
    losses, checked, halved, next_check, interval = [0.0], loss, True, 22, 22
    for i in range(steps):
        share = 0.75 if i else 1.0
        ahead = inside(z + size * gradient.sign())
        z, old = inside(z + (ahead - z) * share + (z - old) * (1 - share)), z
        points.append(z)
        loss, gradient = asked(z)
        losses.append(loss)
        if loss > best:
            best, best_z, best_gradient = loss, z, gradient
        if i + 1 == next_check:
            window = losses[-interval - 1 :]
            rises = sum(b > a for a, b in pairwise(window))
            halving = rises <= 0.75 * interval or (not halved and checked >= best)
            if halving:
                size, z, gradient = size / 2, best_z, best_gradient
            halved, checked = halving, best
            interval = max(interval - 3, 6)
            next_check += interval
    return torch.cat(points)


def test_every_point_is_that_of_a_plain_twin(samples):
    """101 points of three robust samples, one of them asked among the others.

    In double precision: a gradient's sign is not the same in batches of other shapes where rounding reaches it.
    """
    x, y = samples
    kept = ~torch.as_tensor(evasion.apgd(hardened(), x, y, threat=Linf(0.02)).broken)
    x, y, net = x[kept][:3].double(), y[kept][:3], deepcopy(hardened()).double()
    network, seen = Network(net), []
    keys = torch.as_tensor(draws.keys(x.numpy(), "apgd-ce", 0))
    state = {
        "x0": x,
        "y": y,
        "target": y,
        "eps": torch.full((3,), 0.02, dtype=torch.float64),
        "key": keys,
        "k": torch.zeros(3, dtype=torch.int64),
        "found": x.clone(),
        "broken": torch.zeros(3, dtype=torch.bool),
        "done": torch.zeros(3, dtype=torch.bool),
    }
    attack = Apgd()
    state |= attack.start(state, Linf(0.02))
    while not state["done"].all():
        seen.append(state["x"])
        state = attack.step(state, network, Linf(0.02))
        state["k"] = state["k"] + 1
    assert len(seen) == 101
    for row in range(3):
        plain = twin(net, x[row : row + 1], y[row : row + 1], 0.02, keys[row : row + 1])
        apart = (torch.stack([points[row] for points in seen]) - plain).abs().flatten(1).amax(1)
        assert apart.max() < 1e-6


@pytest.mark.parametrize("threat", BALLS, ids=str)
@pytest.mark.parametrize("name", ["apgd-ce", "apgd-t", "fab-t", "fab"])
def test_the_judge_confirms_and_weak_breaks_more_than_hardened(samples, threat, name):
    """Every claim holds outside of the attack, nothing leaves ball or box, and the undefended network falls."""
    x, y = samples
    rates = []
    for net in (weak(), hardened()):
        found = attacked(name, net, x[:30], y[:30], threat)
        judged = judge(Network(net).labels, x[:30].numpy(), y[:30].numpy(), found.x_adv, threat)
        assert np.array_equal(judged.broken, found.broken)
        assert not judged.outside.any()
        assert ((found.step >= 0) == found.broken).all()
        rates.append(found.broken.mean())
    assert rates[0] > rates[1]
    assert rates[0] > 0.4


@pytest.mark.parametrize("threat", BALLS, ids=str)
@pytest.mark.parametrize("name", ["apgd-t", "fab-t"])
def test_slots_and_order_change_nothing(samples, threat, name):
    """1, 32 and 500 samples in flight and the order turned round: the same bytes."""
    x, y = (part[:12] for part in samples)
    first, one, some = (attacked(name, hardened(), x, y, threat, slots) for slots in (500, 1, 32))
    turned = attacked(name, hardened(), x.flip(0), y.flip(0), threat, 32)
    assert 0 < first.broken.mean() < 1
    for other in (one, some):
        assert first.x_adv.tobytes() == other.x_adv.tobytes()
        assert np.array_equal(first.step, other.step)
    assert first.x_adv.tobytes() == turned.x_adv[::-1].tobytes()


def test_a_step_on_the_way_counts(samples):
    """A success is kept though the job goes on: what is returned is broken in the model's own eyes at its step."""
    x, y = samples
    found = evasion.apgd(weak(), x, y, threat=Linf(EPS))
    assert (found.step[found.broken] < 60).all()
    again = evasion.apgd(weak(), x, y, threat=Linf(EPS), seed=1)
    assert found.x_adv.tobytes() != again.x_adv.tobytes()


def test_what_the_model_gets_wrong_is_broken_at_step_0(samples):
    """Without a change and without a pass of the attack."""
    x, y = samples
    found = evasion.fab(weak(), x, (y + 1) % 10, threat=Linf(0.1))
    assert found.broken.all()
    assert (found.step == 0).all()
    assert np.array_equal(found.x_adv, x.numpy())
    assert found.cost.backward == 0


def test_fab_asks_about_twice_a_move(samples):
    """Robust samples at a tiny radius: two passes forward and one back per move, and what fills the last batch."""
    x, y = samples
    found = evasion.fab(hardened(), x, y, threat=Linf(1e-4), targets=9, steps=30)
    assert not found.broken.any()
    assert found.cost.forward <= 2.15 * 30 * 9 * len(x)
    assert found.cost.backward <= 1.1 * 30 * 9 * len(x)


def test_losses_of_few_classes_have_a_gradient():
    """With two and three classes both ratios go up as the margin does; no scale of the logits changes the ratio."""
    y = torch.tensor([0, 1])
    for classes in (2, 3, 4):
        rng = torch.Generator().manual_seed(classes)
        logits = (torch.randn(2, classes, generator=rng) + 5 * torch.eye(classes)[:2]).requires_grad_()
        each = [dlr(logits, y)] if classes > 3 else [dlr(logits, y), dlr_targeted(logits, y, 1 - y)]
        for loss in each:
            (gradient,) = torch.autograd.grad(loss.sum(), logits)
            assert torch.isfinite(gradient).all()
            assert (gradient.gather(1, y[:, None]) < 0).all()
    logits = torch.tensor([[3.0, 1.0, 0.5, -1.0]])
    assert torch.allclose(dlr(logits, y[:1]), dlr(7 * logits, y[:1]))
    assert torch.allclose(dlr(logits, y[:1]), torch.tensor([-(3 - 1) / (3 - 0.5)]))
    assert torch.allclose(dlr_targeted(logits, y[:1], y[1:]), torch.tensor([-(3 - 1) / (3 - (0.5 - 1) / 2)]))


def attacked(name, net, x, y, threat, slots=64):
    if name.startswith("apgd"):
        kind = "dlr-targeted" if name == "apgd-t" else "ce"
        return evasion.apgd(net, x, y, threat=threat, loss=kind, targets=3, steps=40, slots=slots)
    return evasion.fab(net, x, y, threat=threat, targets=3 if name == "fab-t" else 0, steps=20, slots=slots)
