"""Failure checks on networks: every masked one is refused, weak and hardened ones are not."""

import numpy as np
import pytest
import torch

from attacks.models import EPS, MASKED, Probabilities, digits, few, hardened, masked, right, weak
from redan.attacks.evasion.draws import derived, normal
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pgd import Pgd
from redan.attacks.failure import diagnose, probes
from redan.attacks.failure.diagnosis import Evaluated, shorter, spread, unconstrained
from redan.attacks.failure.smoothed import Smoothed
from redan.attacks.failure.witness import watch
from redan.attacks.threat import L1, L2, Linf
from redan.errors import InputError

# What a PGD of 40 steps on cross-entropy alone says of each, and the sign that must tell it.
TOLD = {
    "saturated": "unavailable-gradients",
    "rounded": "unavailable-gradients",
    "detached": "unavailable-gradients",
    "noisy": "random-answers",
    "winners": "averaged-gradient-stronger",
}


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def evaluated(net, x, y, threat):
    """What PGD on cross-entropy breaks; nothing, where it cannot run."""
    try:
        return watch(Pgd(), Network(net), x, y, threat).claimed
    except RuntimeError:
        return np.zeros(len(x), bool)


@pytest.mark.parametrize("name", MASKED)
def test_every_masked_network_is_refused(name):
    """The figure of an attack that climbs cross-entropy alone is not trusted, and the message says why."""
    net = masked(name)
    x, y = right(net, digits(), 32)
    found = Evaluated(broken=evaluated(net, x, y, Linf(EPS)), losses=("ce",))
    made = diagnose(net, x, y, threat=Linf(EPS), found=found)
    assert not made.trusted
    assert TOLD[name] in [sign.name for sign in made.fired]
    assert made.verdict.startswith("not trusted: ")


@pytest.mark.parametrize(
    ("net", "data", "threat"),
    [
        (weak, (), Linf(EPS)),
        (hardened, (), Linf(EPS)),
        (hardened, (), L2(0.8)),
        (lambda: few(3, 8), (3, 8), Linf(EPS)),
        (lambda: few(0, 1, 7), (0, 1, 7), L1(2.0)),
    ],
    ids=["weak", "hardened", "hardened-l2", "two-classes", "three-classes-l1"],
)
def test_honest_networks_are_trusted(net, data, threat):
    """Undefended and hardened networks, of ten, three and two classes, show no sign against an honest evaluation."""
    from redan.attacks.evasion import apgd

    x, y = right(net(), digits(*data), 32)
    broken = np.zeros(len(x), bool)
    for loss in ("ce", "dlr"):
        broken |= apgd(net(), x, y, threat=threat, loss=loss).broken
    made = diagnose(net(), x, y, threat=threat, found=Evaluated(broken=broken))
    assert made.trusted, made.verdict
    assert len(made.signs) >= 12


def test_a_weak_evaluation_of_an_honest_network_is_refused():
    """An evaluation that broke nothing of an undefended network, for no reason, is told by the averaged gradient."""
    x, y = right(weak(), digits(), 32)
    made = diagnose(weak(), x, y, threat=Linf(EPS), found=Evaluated(broken=np.zeros(32, bool)))
    assert [sign.name for sign in made.fired] == ["averaged-gradient-stronger"]


def test_a_black_box_that_is_stronger_is_told():
    """What Square broke beyond the gradient speaks against the gradient."""
    x, y = right(hardened(), digits(), 32)
    everything = Evaluated(broken=np.ones(32, bool), white=np.zeros(32, bool), black=np.arange(32) < 9)
    assert "black-box-stronger" in [
        s.name for s in diagnose(hardened(), x, y, threat=Linf(EPS), found=everything).fired
    ]


class Forgetful(Pgd):
    """A PGD that never looks at what it met on its way."""

    def step(self, state, network, threat):
        """As PGD, with what was found forgotten."""
        before = state["broken"].clone()
        state = super().step(state, network, threat)
        state["broken"] = before
        return state


def test_an_attack_that_forgets_its_successes_is_told():
    """Silent success: the watch sees what the attack asked, and compares it with what it claims."""
    x, y = right(weak(), digits(), 32)
    trace = watch(Forgetful(), Network(weak()), x, y, Linf(EPS))
    assert trace.hits.any(axis=0).sum() > 0
    assert not trace.claimed.any()
    made = diagnose(weak(), x, y, threat=Linf(EPS), attack=Forgetful())
    assert "silent-success" in [sign.name for sign in made.fired]


def test_an_attack_that_stops_early_is_told():
    """Incomplete optimisation: steps a thousandth of the radius long have not settled after forty."""
    x, y = right(hardened(), digits(), 32)
    made = diagnose(hardened(), x, y, threat=Linf(EPS), attack=Pgd(steps=40, share=0.002))
    assert "incomplete-optimisation" in [sign.name for sign in made.fired]


def test_an_attack_without_reach_is_told():
    """Unconstrained failure: one tiny step leaves everything, whatever it may change."""
    x, y = right(hardened(), digits(), 32)
    made = diagnose(hardened(), x, y, threat=Linf(EPS), attack=Pgd(steps=1, share=0.001))
    assert "unconstrained-attack" in [sign.name for sign in made.fired]
    assert unconstrained(np.zeros(10, bool)).fired
    assert not unconstrained(np.ones(10, bool)).fired


def test_the_watch_sees_what_the_pool_would_have_found():
    """Claims of the watch are claims of the attack, and each lies on its path."""
    x, y = right(weak(), digits(), 32)
    trace = watch(Pgd(), Network(weak()), x, y, Linf(0.1))
    assert trace.losses.shape == trace.hits.shape == (41, 32)
    assert np.isfinite(trace.losses).all()
    assert np.array_equal(trace.hits.any(axis=0), trace.claimed)
    assert 0 < trace.claimed.sum() < 32


def test_a_loss_without_gradient_is_told_whatever_other_losses_do():
    """Logits that saturate cross-entropy are a sign even where the difference of logits still has its gradient."""
    x, y = digits().x_test[:32], digits().y_test[:32]
    probe = probes.Probe(Network(masked("saturated")), x, y, Linf(EPS))
    sign = probes.unavailable_gradients(probe, ("ce", "dlr"))
    assert sign.fired
    assert "cross-entropy is missing" in sign.message
    assert not probes.unavailable_gradients(probe, ("dlr",)).fired


def test_what_is_broken_leaves_the_watch_where_nobody_needs_its_path():
    """The same claims with fewer passes; the path of a sample ends where it is broken."""
    x, y = right(weak(), digits(), 32)
    whole, part = Network(weak()), Network(weak(), chunk=1)
    one = watch(Pgd(), whole, x, y, Linf(0.1))
    two = watch(Pgd(), part, x, y, Linf(0.1), whole=False)
    assert np.array_equal(one.claimed, two.claimed)
    assert np.array_equal(np.isfinite(two.losses).sum(axis=0) < 41, two.claimed)
    assert part.meter.read().forward == np.isfinite(two.losses).sum()


def test_an_averaged_gradient_is_the_mean_around_the_point_for_each_sample_that_is_left():
    """One batch for all draws gives what one pass for each of them gives, before and after samples left."""
    x, y = right(weak(), digits(), 6)
    key = torch.arange(1, 7) * 2**33 + 1

    def loss(logits, at):
        return torch.nn.functional.cross_entropy(logits, y[at], reduction="none")

    network = Smoothed(Network(weak()), key, 0.05, draws=3)
    first = network.gradient(x, loss).gradient
    noise = [normal(derived(key, torch.full((6,), d)), torch.ones(6).long(), 0, 64) for d in range(3)]
    around = [torch.zeros_like(x), *(0.05 * each.reshape(x.shape) for each in noise)]
    plain = torch.stack([Network(weak()).gradient(x + each, loss).gradient for each in around]).mean(0)
    assert torch.allclose(first, plain, atol=1e-6)
    kept = torch.tensor([True, False, True, True, False, True])
    y = y[kept]
    network.narrow(kept)
    network.asked = 0
    assert torch.allclose(network.gradient(x[kept], loss).gradient, plain[kept], atol=1e-6)


class ByNeighbours(torch.nn.Module):
    """Normalises by the batch, as batch normalisation does where somebody forgot evaluation mode."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net((x - x.mean(0)) / (x.std(0) + 0.1))


class Counting(torch.nn.Module):
    """Keeps count of what it was asked."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.register_buffer("asked", torch.zeros(1))

    def forward(self, x):
        self.asked += 1
        return self.net(x)


class Purifying(torch.nn.Module):
    """Moves each input by a gradient of its own before it answers."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        with torch.enable_grad():
            z = x.detach().requires_grad_()
            (moved,) = torch.autograd.grad(self.net(z).logsumexp(1).sum(), z)
        return self.net(x - 0.01 * moved)


@pytest.mark.parametrize(
    ("sign", "bad"),
    [
        (probes.probabilities, lambda: Probabilities(weak())),
        (probes.depends_on_others, lambda: ByNeighbours(weak())),
        (probes.changes_when_asked, lambda: Counting(weak())),
        (probes.optimises, lambda: Purifying(weak())),
        (probes.random_answers, lambda: masked("noisy")),
        (probes.unstable_predictions, lambda: masked("noisy")),
        (probes.unavailable_gradients, lambda: masked("rounded")),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("<>"),
)
def test_each_probe_fires_on_its_plant_alone(sign, bad):
    """The planted network shows the sign, the hardened one does not."""
    x, y = digits().x_test[:32], digits().y_test[:32]
    assert sign(probes.Probe(Network(bad().eval()), x, y, Linf(EPS))).fired
    assert not sign(probes.Probe(Network(hardened()), x, y, Linf(EPS))).fired


def test_randomness_that_was_averaged_over_is_no_sign():
    """With attacks under expectation over the randomness, random answers are as they should be."""
    x, y = digits().x_test[:32], digits().y_test[:32]
    probe = probes.Probe(Network(masked("noisy")), x, y, Linf(EPS))
    assert not probes.random_answers(probe, averaged=True).fired


def test_gradients_of_a_fast_path_are_compared():
    """Another network's gradients differ, the same one's in another chunk do not."""
    x, y = digits().x_test[:32], digits().y_test[:32]
    probe = probes.Probe(Network(weak()), x, y, Linf(EPS))
    assert probes.same_gradients(probe, Network(hardened())).fired
    assert not probes.same_gradients(probe, Network(weak(), chunk=8)).fired


def test_nothing_right_is_nothing_told():
    """With every label wrong there is nothing to look at, and no trust."""
    x, y = right(weak(), digits(), 20)
    made = diagnose(weak(), x, (y + 1) % 10, threat=Linf(EPS))
    assert not made.trusted
    assert made.signs[0].fired is None


def test_the_choice_of_samples_does_not_depend_on_their_order():
    """The same samples are watched in whatever order they come, and the signs are the same."""
    x, y = right(weak(), digits(), 60)
    one = diagnose(weak(), x, y, threat=Linf(0.1), n=16)
    two = diagnose(weak(), x.flip(0), y.flip(0), threat=Linf(0.1), n=16)
    assert [(s.name, s.fired) for s in one.signs] == [(s.name, s.fired) for s in two.signs]
    assert [s.value for s in one.signs] == pytest.approx([s.value for s in two.signs], abs=1e-6)


def test_hostile_input_is_one_error():
    """A box that inputs leave, and a model in training mode, are told at once."""
    x, y = right(weak(), digits(), 8)
    with pytest.raises(InputError):
        diagnose(weak(), x * 9, y, threat=Linf(EPS))
    with pytest.raises(InputError):
        diagnose(torch.nn.Linear(64, 10), x.flatten(1), y, threat=Linf(EPS))


def test_shorter_and_spread():
    """A tenth of the steps; none of an attack without steps; noise half as large as the ball."""
    assert shorter(Pgd(steps=40)) == Pgd(steps=4)
    assert shorter(Pgd(steps=9)) is None
    x = torch.zeros(2, 1, 4, 4)
    assert spread(Linf(0.2), x) == pytest.approx(0.1)
    assert spread(L2(0.2), x) == pytest.approx(0.025)
    assert spread(L1(1.6), x) == pytest.approx(0.05)
