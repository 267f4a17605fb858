"""Evaluation: what the judge confirms, order and resumption, few classes, random models, and what is refused."""

import numpy as np
import pytest
import torch
from torch import nn

from attacks.models import EPS, Detached, Noisy, Probabilities, Saturated, digits, few, hardened, right, weak
from redan.attacks.evasion import Network, evaluate
from redan.attacks.evasion.apgd import Apgd
from redan.attacks.evasion.assault import Plan
from redan.attacks.evasion.fab import Fab
from redan.attacks.evasion.faster import faster
from redan.attacks.evasion.squares import Square
from redan.attacks.evasion.suites import Suite, suite_of
from redan.attacks.judge import judge
from redan.attacks.threat import L0, L1, L2, Linf
from redan.errors import IncompleteError, InputError

SMALL = Suite(
    name="small",
    plans=(
        Plan(attack=Apgd(steps=15)),
        Plan(attack=Apgd(loss="dlr-targeted", steps=15), targets=3),
        Plan(attack=Fab(steps=8), targets=2),
        Plan(attack=Square(queries=40)),
    ),
)


@pytest.fixture(scope="module")
def samples():
    """Test samples, some of which the network gets wrong."""
    data = digits()
    return data.x_test[:80].numpy(), data.y_test[:80].numpy()


def same(one, other):
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in ("clean", "robust", "breaker", "step", "x_adv", "answers", "size")
    )


def test_the_parts_agree_with_each_other_and_with_the_judge(samples):
    """Each broken sample has a breaker, each attack is tried on what is left, and the judge says so once more."""
    x, y = samples
    found = evaluate(hardened(), x, y, threat=Linf(0.2), suite=SMALL)
    judged = judge(Network(hardened()).labels, x, y, found.x_adv, Linf(0.2))
    assert np.array_equal(found.clean, judge(Network(hardened()).labels, x, y, x, Linf(0.2)).answers == y)
    assert np.array_equal(found.robust, ~judged.broken)
    assert np.array_equal(found.answers, judged.answers)
    assert np.array_equal(found.breaker >= 0, found.clean & ~found.robust)
    left = found.clean.sum()
    for place, name in enumerate(found.attacks):
        assert found.tried[place] == left
        left -= found.broken_by()[name].sum()
    assert left == found.robust.sum()
    assert found.rejected == (0, 0, 0, 0)
    assert (found.size <= 0.2 + 1e-6).all()
    rates = found.rates()
    assert rates.robust.hits == found.robust.sum()
    assert rates.clean.hits == found.clean.sum()
    assert found.cost.forward > sum(cost.forward for cost in found.costs)
    assert (found.x_adv[found.breaker < 0] == x[found.breaker < 0]).all()


def test_slots_and_interruptions_change_nothing(samples, tmp_path):
    """1, 32 and 500 samples in flight, and a run that was stopped again and again, say the same."""
    x, y = (part[:25] for part in samples)
    first = evaluate(hardened(), x, y, threat=Linf(0.15), suite=SMALL, slots=500)
    assert same(first, evaluate(hardened(), x, y, threat=Linf(0.15), suite=SMALL, slots=1))
    assert same(first, evaluate(hardened(), x, y, threat=Linf(0.15), suite=SMALL, slots=32))
    path, stops = tmp_path / "work", 0
    while True:
        seen = []

        def stop(told, seen=seen):
            seen.append(told)
            if len(seen) == 3:
                raise KeyboardInterrupt

        try:
            found = evaluate(
                hardened(), x, y, threat=Linf(0.15), suite=SMALL, state=path, progress=stop, slots=5 + stops
            )
            break
        except KeyboardInterrupt:
            stops += 1
            with path.open("ab") as file:
                file.write(b'{"plan":0,"samp')  # as a process leaves it that is killed
    assert stops > 3
    assert same(first, found)
    net = Network(hardened())
    again = evaluate(net, x, y, threat=Linf(0.15), suite=SMALL, state=path)
    assert same(first, again)
    assert net.meter.read().backward <= 3 * 64  # the probe of the faster network
    assert [cost.backward for cost in again.costs] == [cost.backward for cost in found.costs]


def test_a_work_file_of_something_else_is_refused(samples, tmp_path):
    """Another network, data, radius, suite or seed; a file that is no work file is left as it is."""
    x, y = (part[:5] for part in samples)
    one = Suite(name="one", plans=(Plan(attack=Apgd(steps=2)),))
    two = Suite(name="one", plans=(Plan(attack=Apgd(steps=3)),))
    path = tmp_path / "work"
    evaluate(weak(), x, y, threat=Linf(0.1), suite=one, state=path)
    kept = path.read_bytes()
    for model, inputs, threat, suite, seed in [
        (hardened(), x, Linf(0.1), one, 0),
        (weak(), 1 - x, Linf(0.1), one, 0),
        (weak(), x, Linf(0.11), one, 0),
        (weak(), x, L2(0.1), one, 0),
        (weak(), x, Linf(0.1), two, 0),
        (weak(), x, Linf(0.1), one, 1),
    ]:
        with pytest.raises(InputError, match="another model"):
            evaluate(model, inputs, y, threat=threat, suite=suite, seed=seed, state=path)
    assert path.read_bytes() == kept
    path.write_bytes(b"precious\n")
    with pytest.raises(InputError, match="line is no JSON"):
        evaluate(weak(), x, y, threat=Linf(0.1), suite=one, state=path)
    assert path.read_bytes() == b"precious\n"


@pytest.mark.parametrize("classes", [(3, 8), (1, 4, 7)], ids=len)
@pytest.mark.parametrize("name", ["standard", "plus"])
def test_two_and_three_classes(classes, name):
    """Every attack of the suites runs, and an undefended network has next to nothing left."""
    x, y = right(few(*classes), digits(*classes), 30)
    suite = suite_of(name, "linf")
    short = Suite(name=name, plans=tuple(plan for plan in suite.plans if plan.attack.name != "square"))
    found = evaluate(few(*classes), x, y, threat=Linf(0.35), suite=short)
    assert found.clean.all()
    assert found.robust.mean() < 0.2


@pytest.mark.parametrize("loss", ["dlr", "dlr-targeted"])
def test_two_classes_without_cross_entropy(loss):
    """The loss that stands in for the ratio breaks as much as cross-entropy does."""
    x, y = right(few(3, 8), digits(3, 8), 30)
    broken = [
        (~evaluate(few(3, 8), x, y, threat=Linf(0.2), suite=Suite(name="one", plans=(plan,))).robust).mean()
        for plan in (Plan(attack=Apgd()), Plan(attack=Apgd(loss=loss), targets=9 * (loss != "dlr")))
    ]
    assert broken[1] >= broken[0] - 0.1
    assert broken[1] > 0.2


def test_a_random_model_is_judged_by_votes(samples):
    """The same seed says the same of it; one lucky draw breaks nothing; torch's own generator is left alone."""
    x, y = (part[:20] for part in samples)
    plans = (Plan(attack=Apgd(steps=8, eot=4)),)
    suite = Suite(name="rand", plans=plans, votes=9)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    net = Noisy(weak(), 0.4).eval()
    one, two = (evaluate(net, x, y, threat=Linf(0.05), suite=suite) for _ in range(2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert same(one, two)
    quiet = evaluate(net, x, y, threat=Linf(0.0), suite=suite)
    single = evaluate(net, x, y, threat=Linf(0.0), suite=Suite(name="once", plans=plans, votes=1))
    assert quiet.clean.mean() >= single.clean.mean()


def test_the_suites_are_those_of_autoattack():
    """Attacks, targets and restarts of each suite, for each norm."""

    def told(name, norm):
        return [(p.attack.name, p.targets, p.restarts) for p in suite_of(name, norm).plans]

    standard = [("apgd-ce", 0, 1), ("apgd-t", 9, 1), ("fab-t", 9, 1), ("square", 0, 1)]
    assert told("standard", "linf") == told("standard", "l2") == standard
    assert told("standard", "l1") == [("apgd-ce", 0, 5), ("apgd-t", 5, 1), *standard[2:]]
    assert told("screen", "l2") == standard[:2]
    assert told("rand", "linf") == [("apgd-ce", 0, 1), ("apgd-dlr", 0, 1)]
    assert [p.attack.eot for p in suite_of("rand", "linf").plans] == [20, 20]
    assert told("plus", "linf") == [
        ("apgd-ce", 0, 5),
        ("apgd-dlr", 0, 5),
        ("fab", 0, 5),
        ("square", 0, 1),
        ("apgd-t", 9, 1),
        ("fab-t", 9, 1),
    ]
    for name, norm in (("standard", "l0"), ("best", "linf")):
        with pytest.raises(InputError, match="there is no suite"):
            suite_of(name, norm)


class Failing(nn.Module):
    """Raises at its n-th call."""

    def __init__(self, net, calls):
        super().__init__()
        self.net, self.left = net, calls

    def forward(self, x):
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("out of luck")
        return self.net(x)


def test_a_model_that_raises_ends_in_one_error_and_its_work_is_kept(samples, tmp_path):
    """Not-run with the reason; gone on with when it answers again, the same as without the interruption."""
    x, y = (part[:20] for part in samples)
    one = Suite(name="one", plans=(Plan(attack=Apgd(steps=20)), Plan(attack=Square(queries=30))))
    net = Failing(weak(), 30).eval()
    with pytest.raises(IncompleteError, match=r"raised RuntimeError.*out of luck"):
        evaluate(net, x, y, threat=Linf(0.1), suite=one, state=tmp_path / "work", slots=4, fast=False)
    assert len((tmp_path / "work").read_bytes().splitlines()) > 2
    found = evaluate(net, x, y, threat=Linf(0.1), suite=one, state=tmp_path / "work", fast=False)
    whole = evaluate(Failing(weak(), -1).eval(), x, y, threat=Linf(0.1), suite=one, fast=False)
    assert same(found, whole)
    assert found.costs[0].backward >= whole.costs[0].backward


def hostile():
    x, y = digits().x_test[:4].numpy(), digits().y_test[:4].numpy()
    broken = few(3, 8)
    nan = nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).eval()
    nan[1].weight.data[0, 0] = torch.nan
    one = nn.Sequential(nn.Flatten(), nn.Linear(64, 1)).eval()
    yield "training mode", nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), x, y, Linf(0.1)
    yield "no numbers", nan, x, y, Linf(0.1)
    yield "probabilities", Probabilities(weak()).eval(), x, y, Linf(0.1)
    yield "the box is from 0 to 1", weak(), 16 * x, y, Linf(0.1)
    yield "no numbers", weak(), x * np.nan, y, Linf(0.1)
    yield "label 9 of a model of 2", broken, x, np.array([0, 1, 9, 0]), Linf(0.1)
    yield "negative", weak(), x, y - 10, Linf(0.1)
    yield "labels are float", weak(), x, y + 0.5, Linf(0.1)
    yield "one output", one, x, np.zeros(4, int), Linf(0.1)
    yield "give one each", weak(), x, y[:3], Linf(0.1)
    yield "give one each", weak(), x[:0], y[:0], Linf(0.1)
    yield "there is no suite for l0", weak(), x, y, L0(3)
    yield "radii for 4 samples", weak(), x, y, Linf((0.1, 0.2))
    yield "answers in shape", nn.Identity().eval(), x, y, Linf(0.1)


@pytest.mark.parametrize("case", list(hostile()), ids=lambda case: case[0].replace(" ", "-"))
def test_bad_input_is_one_clear_error(case):
    """Said in one sentence, before anything is attacked."""
    said, model, x, y, threat = case
    with pytest.raises(InputError, match=said):
        evaluate(model, x, y, threat=threat)


def test_an_input_of_another_shape_is_not_run():
    """The model's own error is told, and which shape it got."""
    with pytest.raises(IncompleteError, match="batch of shape"):
        evaluate(weak(), np.zeros((3, 7), np.float32), np.zeros(3, int), threat=Linf(0.1))


def test_no_gradient_and_a_saturated_one_are_not_robust(samples):
    """Where gradients are zero or missing, the attack without any still breaks what the weak network gives away."""
    x, y = (part[:30] for part in samples)
    suite = Suite(name="both", plans=(Plan(attack=Apgd(steps=10)), Plan(attack=Square(queries=300))))
    for net in (Detached(weak()).eval(), Saturated(weak()).eval()):
        found = evaluate(net, x, y, threat=Linf(EPS + 0.05), suite=suite)
        assert found.broken_by()["square"].sum() > 10


@pytest.mark.parametrize("threat", [L2(0.8), L1(3.0), Linf(tuple([0.0, 0.3] * 20))], ids=lambda threat: threat.norm)
def test_other_balls_and_radii_of_their_own(samples, threat):
    """Nothing is larger than it may be, and a radius of zero breaks nothing."""
    x, y = (part[:40] for part in samples)
    found = evaluate(weak(), x, y, threat=threat, suite=SMALL)
    assert (found.size <= threat.radii(40) + 1e-6).all()
    assert (found.breaker >= 0).mean() > 0.2
    if isinstance(threat.eps, tuple):
        assert not (found.breaker[::2] >= 0).any()


def test_the_faster_network_says_the_same_and_only_proposes(samples):
    """Folded normalisation and another layout agree; a network that draws numbers, or has no convolution, stays."""
    x = samples[0][:40]
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.Flatten(), nn.Linear(128, 10)
    )
    net(torch.tensor(x))
    net.eval()
    network = Network(net)
    quick = faster(network, x)
    assert quick is not network
    assert not any(isinstance(part, nn.BatchNorm2d) for part in quick.module.modules())
    assert (quick.logits(torch.tensor(x)) - network.logits(torch.tensor(x))).abs().max() < 1e-4
    assert any(isinstance(part, nn.BatchNorm2d) for part in net.modules())
    assert all(parameter.requires_grad for parameter in net.parameters())
    noisy, flat = Network(Noisy(weak()).eval()), Network(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).eval())
    assert faster(noisy, x) is noisy
    assert faster(flat, x) is flat
    truth = net(torch.tensor(x)).argmax(1).numpy()
    found = evaluate(net, x, truth, threat=Linf(0.02), suite=SMALL)
    plain = evaluate(net, x, truth, threat=Linf(0.02), suite=SMALL, fast=False)
    assert 0 < found.robust.mean() < 1
    assert abs(found.robust.mean() - plain.robust.mean()) < 0.06
    assert np.array_equal(found.robust, Network(net).labels(found.x_adv) == truth)
