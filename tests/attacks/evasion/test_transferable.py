"""Momentum and input diversity: plain twins, exact adjoint, the ball, batches of any size, and what they are for."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from attacks.models import EPS, digits, hardened, right, weak
from redan.attacks import evasion
from redan.attacks.evasion import diversity, draws
from redan.attacks.evasion.network import Network
from redan.attacks.judge import judge
from redan.attacks.threat import L1, L2, Linf
from redan.errors import InputError

BALLS = [Linf(EPS), L2(0.75)]


class Doubled(nn.Module):
    """Digits of 16 x 16 pixels, each of the 8 x 8 twice: large enough for a tenth to be a pixel."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(nn.functional.avg_pool2d(x, 2))


def large(n=12):
    """Test samples that the undefended network gets right, with sides doubled."""
    x, y = right(weak(), digits(), n)
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3), y


@pytest.fixture(scope="module")
def samples():
    """Test samples that both networks get right."""
    x, y = right(weak(), digits(), 40)
    kept = hardened()(x).argmax(1) == y
    return x[kept], y[kept]


def twin(net, x, y, threat, steps=10, decay=1.0):
    """MI-FGSM of one sample as the paper writes it down; the last point at which the network erred, or the last."""
    z, summed, kept = x.clone(), torch.zeros_like(x), None
    for _ in range(steps + 1):
        asked = z.clone().requires_grad_()
        told = net(asked)
        if told.argmax(1) != y:
            kept = z
        (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(told, y), asked)
        last = z
        summed = decay * summed + gradient / gradient.abs().sum()
        if threat.norm == "linf":
            z = z + threat.eps / steps * summed.sign()
            z = torch.minimum(torch.maximum(z, x - threat.eps), x + threat.eps).clamp(0, 1)
        else:
            z = (z + threat.eps / steps * summed / summed.norm()).clamp(0, 1)
            z = x + (z - x) * min(1.0, threat.eps / float((z - x).norm()))
    return last if kept is None else kept, kept is not None


@pytest.mark.parametrize("threat", BALLS, ids=str)
def test_momentum_is_that_of_a_plain_twin(samples, threat):
    """The points given back and the successes, sample by sample, where signs leave nothing to rounding."""
    x, y = (part[:8] for part in samples)
    found = evasion.mi_fgsm(weak(), x, y, threat=threat)
    for row in range(len(x)):
        plain, erred = twin(weak(), x[row : row + 1], y[row : row + 1], threat)
        assert found.broken[row] == erred
        if erred:
            assert np.abs(found.x_adv[row] - plain[0].numpy()).max() < 1e-4


@pytest.mark.parametrize("threat", BALLS, ids=str)
def test_the_judge_confirms_and_weak_breaks_more_than_hardened(samples, threat):
    """Every claim holds outside of the attack, nothing leaves ball or box, and the undefended network falls."""
    x, y = samples
    shares = []
    for net in (weak(), hardened()):
        found = evasion.mi_fgsm(net, x, y, threat=threat)
        judged = judge(Network(net).labels, x.numpy(), y.numpy(), found.x_adv, threat)
        assert np.array_equal(judged.broken, found.broken)
        assert not judged.outside.any()
        shares.append(found.broken.mean())
    assert shares[0] > shares[1] + 0.2
    assert shares[0] > 0.6


def test_a_claim_of_diversity_is_one_of_the_picture_itself():
    """Only the picture as it is counts, though gradients are those of shrunk ones."""
    x, y = large()
    found = evasion.di_fgsm(Doubled(weak()).eval(), x, y, threat=Linf(EPS), decay=1.0)
    judged = judge(Network(Doubled(weak()).eval()).labels, x.numpy(), y.numpy(), found.x_adv, Linf(EPS))
    assert found.attack == "m-di-fgsm"
    assert np.array_equal(judged.broken, found.broken)
    assert found.broken.mean() > 0.5


def test_momentum_carries_further_than_a_first_success():
    """Inputs that go all the way break a look-alike more often than those of PGD, which stop when they succeed."""
    x, y = right(weak(), digits(), 150)
    kept = weak(1)(x).argmax(1) == y
    x, y = x[kept], y[kept]
    shares = []
    for attack in (evasion.mi_fgsm, evasion.pgd):
        made = attack(weak(), x, y, threat=Linf(EPS)).x_adv
        shares.append((Network(weak(1)).labels(made) != y.numpy()).mean())
    assert shares[0] > shares[1] + 0.1


@pytest.mark.parametrize("name", ["mi_fgsm", "di_fgsm"])
def test_slots_and_order_change_nothing(name):
    """1, 32 and 500 samples in flight and the order turned round: the same bytes."""
    x, y = large(8)
    net, attack = Doubled(weak()).eval(), getattr(evasion, name)
    wanted = attack(net, x, y, threat=Linf(EPS), slots=500)
    for slots in (1, 32):
        found = attack(net, x, y, threat=Linf(EPS), slots=slots)
        assert found.x_adv.tobytes() == wanted.x_adv.tobytes()
        assert np.array_equal(found.step, wanted.step)
    turned = attack(net, x.flip(0), y.flip(0), threat=Linf(EPS))
    assert turned.x_adv[::-1].tobytes() == wanted.x_adv.tobytes()


def test_another_seed_draws_other_places():
    """The draws of input diversity come from the seed; momentum alone draws nothing."""
    x, y = large(8)
    net = Doubled(weak()).eval()
    one, other = (evasion.di_fgsm(net, x, y, threat=Linf(EPS), seed=seed).x_adv for seed in (0, 1))
    assert one.tobytes() != other.tobytes()
    same, again = (evasion.mi_fgsm(net, x, y, threat=Linf(EPS), seed=seed).x_adv for seed in (0, 1))
    assert same.tobytes() == again.tobytes()


@settings(max_examples=40, deadline=None)
@given(high=st.integers(10, 40), wide=st.integers(10, 40), seed=st.integers(0, 2**31))
def test_the_gradient_goes_back_where_pixels_came_from(high, wide, seed):
    """Shrinking is linear, and the way back is its adjoint; every pixel that is shown is one of the picture."""
    x = torch.as_tensor(np.random.default_rng(seed).integers(1, 1000, (3, 2, high, wide)).astype(np.float64))
    y = torch.as_tensor(np.random.default_rng(seed + 1).integers(1, 1000, x.shape).astype(np.float64))
    state = {"x": x, "key": torch.tensor([seed | 1, 3, 5]), "k": torch.tensor([0, 1, 2])}
    place = diversity.placed(state, 1.0, torch.tensor([False, False, True]))
    small = diversity.shrunk(x, place, 0.0)
    assert float((small * y).sum()) == float((x * diversity.grown(y, place)).sum())
    assert int((small[0, 0] > 0).sum()) == int(place.height[0]) * int(place.width[0])
    assert torch.isin(small[small > 0], x).all()
    assert torch.equal(small[2], x[2])
    assert diversity.unmoved(x, place).tolist()[2]
    assert int(place.height[0]) >= 0.9 * high - 1


def test_places_are_spread_as_asked():
    """Half of the pictures are moved; sides and places take all values they may."""
    n = 4000
    keys = torch.as_tensor(draws.keys(np.arange(n)[:, None], "spread", 0))
    state = {"x": torch.zeros(n, 1, 28, 28), "key": keys, "k": torch.zeros(n, dtype=torch.int64)}
    place = diversity.placed(state, 0.5, torch.zeros(n, dtype=torch.bool))
    moved = ~diversity.unmoved(state["x"], place)
    assert 0.45 < float(moved.double().mean()) < 0.55
    assert set(place.height[moved].tolist()) == {26, 27}
    assert set(place.top[moved & (place.height == 26)].tolist()) == {0, 1, 2}


def test_what_cannot_be_attacked_is_said():
    """No l1, no rows as pictures, no pictures of a few pixels."""
    x, y = right(weak(), digits(), 4)
    with pytest.raises(InputError, match="no steps for l1"):
        evasion.mi_fgsm(weak(), x, y, threat=L1(1.0))
    with pytest.raises(InputError, match="shrinks pictures"):
        evasion.di_fgsm(weak(), x, y, threat=Linf(EPS))
