"""FMN, DDN and CW: exact distances where they can be had, the curve of one run, batches, and what they break."""

from itertools import product

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from attacks.models import EPS, digits, hardened, masked, right, weak
from redan.attacks import evasion
from redan.attacks.evasion.nearest import widest
from redan.attacks.judge import judge
from redan.attacks.threat import L0, L1, L2, Linf
from redan.errors import InputError

BALLS = [Linf(EPS), L2(0.75), L1(2.0), L0(2)]
DUAL = {"linf": 1, "l2": 2, "l1": np.inf}
CASES = [("fmn", ball) for ball in BALLS] + [("ddn", L2(0.75)), ("cw", L2(0.75))]
OPTIONS = {"fmn": {}, "ddn": {}, "cw": {"steps": 100, "searches": 3, "weight": 0.3, "rate": 0.1}}


def linear(classes, values, rng):
    """A linear classifier whose boundaries pass through the middle of the box, and inputs around that."""
    weight = rng.normal(size=(classes, values)).astype(np.float32)
    net = torch.nn.Linear(values, classes)
    net.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(-weight.sum(axis=1) / 2)})
    x = rng.uniform(0.35, 0.65, size=(24, values)).astype(np.float32)
    logits = net.eval()(torch.tensor(x)).detach().numpy().astype(float)
    y = logits.argmax(axis=1)
    others = [[k for k in range(classes) if k != true] for true in y]
    normals = [[weight[k].astype(float) - weight[true] for k in each] for true, each in zip(y, others, strict=True)]
    gaps = [[row[true] - row[k] for k in each] for row, true, each in zip(logits, y, others, strict=True)]
    return net, x, y, list(zip(x.astype(float), normals, gaps, strict=True))


def fewest(normal, gap, x):
    """How many values have to change, each as far as the box lets it: the best ones first."""
    gains = np.abs(normal) * np.where(normal > 0, 1 - x, x)
    return 1 + np.searchsorted(np.sort(gains)[::-1].cumsum(), gap)


def boxed(normal, gap, x, norm):
    """The distance to a hyperplane inside of the box, by linear programming."""
    size = len(x)
    if norm == "l1":
        # moves up and moves down, each with its room
        sides = [(0, room) for room in (*(1 - x), *x)]
        found = linprog(np.ones(2 * size), A_ub=[[*-normal, *normal]], b_ub=[-gap], bounds=sides)
    else:
        rows = [[*-normal, 0], *(np.append(s * row, -1) for row, s in product(np.eye(size), (1, -1)))]
        sides = [*zip(-x, 1 - x, strict=True), (0, None)]
        found = linprog([0] * size + [1], A_ub=rows, b_ub=[-gap, *[0] * (2 * size)], bounds=sides)
    return found.fun


@pytest.mark.parametrize("threat", [Linf(0.1), L2(0.1), L1(0.1), L0(1)], ids=str)
def test_fmn_finds_the_exact_distance_of_a_linear_classifier(threat):
    """Two classes: within a thousandth for every sample; five: never below, and a median within a thousandth."""
    rng = np.random.default_rng(5)
    for classes in (2, 5):
        net, x, y, every = linear(classes, 24, rng)
        found = evasion.fmn(net, x, y, threat=threat, steps=100)
        if threat.norm == "l0":
            exact = [min(fewest(n, g, at) for n, g in zip(normals, gaps, strict=True)) for at, normals, gaps in every]
        else:
            size = DUAL[threat.norm]
            exact = [min(g / np.linalg.norm(n, ord=size) for n, g in zip(*row[1:], strict=True)) for row in every]
        ratio = found.distance / np.array(exact)
        assert ratio.min() > 0.999
        assert np.quantile(ratio, 0.9 if classes == 2 else 0.5) < 1.001
        assert np.quantile(ratio, 0.9) < 1.1


@pytest.mark.parametrize("threat", [Linf(1.0), L1(1.0)], ids=str)
def test_fmn_finds_the_exact_distance_where_the_box_is_in_the_way(threat):
    """Inputs near the corners of the box, against a linear programme."""
    rng = np.random.default_rng(8)
    net, _, _, _ = linear(2, 10, rng)
    x = np.where(rng.random((12, 10)) < 0.5, 0.02, 0.9).astype(np.float32)
    logits = net(torch.tensor(x)).detach().numpy().astype(float)
    y, weight = logits.argmax(axis=1), net.weight.detach().numpy().astype(float)
    exact = np.array(
        [
            boxed(weight[1 - true] - weight[true], row[true] - row[1 - true], at.astype(float), threat.norm)
            for at, true, row in zip(x, y, logits, strict=True)
        ]
    )
    free = np.array(
        [abs(row[0] - row[1]) / np.linalg.norm(weight[0] - weight[1], ord=DUAL[threat.norm]) for row in logits]
    )
    ratio = evasion.fmn(net, x, y, threat=threat, steps=200).distance / exact
    assert (exact > 1.05 * free).mean() > 0.5
    assert ratio.min() > 0.999
    assert np.median(ratio) < 1.01


@pytest.mark.parametrize(
    ("name", "options"), [("ddn", {"steps": 300}), ("cw", {"steps": 100, "weight": 0.01, "searches": 5, "rate": 0.003})]
)
def test_ddn_and_cw_come_near_the_exact_distance_of_a_linear_classifier(name, options):
    """Two classes: within 3 % for nearly all samples, never below."""
    net, x, y, every = linear(2, 24, np.random.default_rng(6))
    x, y, every = x[:12], y[:12], every[:12]
    exact = np.array([gaps[0] / np.linalg.norm(normals[0]) for _, normals, gaps in every])
    ratio = getattr(evasion, name)(net, x, y, threat=L2(0.1), **options).distance / exact
    assert ratio.min() > 0.999
    assert np.quantile(ratio, 0.9) < 1.03


@pytest.fixture(scope="module")
def plane():
    """A ReLU network of two inputs, and its answers on a grid of the whole box."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        net = torch.nn.Sequential(
            torch.nn.Linear(2, 24), torch.nn.ReLU(), torch.nn.Linear(24, 24), torch.nn.ReLU(), torch.nn.Linear(24, 3)
        )
        steps = torch.optim.Adam(net.parameters(), 1e-2)
        points = torch.rand(600, 2)
        ring = ((points - 0.5).norm(dim=1) * 8).long() % 3
        for _ in range(120):
            steps.zero_grad()
            torch.nn.functional.cross_entropy(net(points), ring).backward()
            steps.step()
    net.requires_grad_(requires_grad=False).eval()
    ticks = torch.linspace(0, 1, 451)
    grid = torch.cartesian_prod(ticks, ticks)
    return net, grid.numpy(), net(grid).argmax(1).numpy()


@pytest.mark.parametrize("threat", [Linf(1.0), L2(1.0), L1(1.0), L0(1)], ids=str)
def test_distances_of_a_relu_network_agree_with_brute_force(plane, threat):
    """A grid over the box: never below it, and mostly within 2 %."""
    net, grid, told = plane
    x = np.random.default_rng(1).random((12, 2)).astype(np.float32)
    y = net(torch.tensor(x)).argmax(1).numpy()
    order = {"linf": np.inf, "l2": 2, "l1": 1}
    names = ["fmn"] + ["ddn", "cw"] * (threat.norm == "l2")
    options = {"fmn": {"targets": 2}, "ddn": {"radius": 0.1}, "cw": {"searches": 4, "weight": 0.1, "rate": 0.005}}
    found = np.stack(
        [getattr(evasion, name)(net, x, y, threat=threat, **{"steps": 100} | options[name]).distance for name in names]
    )
    if threat.norm == "l0":
        lines = np.linspace(0, 1, 5001, dtype=np.float32)
        exact = []
        for at, true in zip(x, y, strict=True):
            along = [np.where(np.arange(2) == axis, lines[:, None], at) for axis in (0, 1)]
            told_there = net(torch.tensor(np.concatenate(along), dtype=torch.float32)).argmax(1).numpy()
            exact.append(1 if (told_there != true).any() else 2)
        assert (found >= np.array(exact)).all()
        assert (found == np.array(exact)).mean() > 0.7
        return
    exact = np.array(
        [
            np.linalg.norm(grid[told != true] - at, ord=order[threat.norm], axis=1).min()
            for at, true in zip(x, y, strict=True)
        ]
    )
    slack = {"linf": 1.0, "l2": 1.42, "l1": 2.0}[threat.norm] / 450  # a point of the grid beyond any straight boundary
    assert (found > exact - slack - 1e-6).all()
    assert (np.median(found / (exact + slack), axis=1) < 1.02).all()


@pytest.mark.parametrize(("name", "threat"), CASES, ids=str)
def test_the_judge_confirms_and_the_weak_twin_falls(name, threat):
    """Every distance is that of a judged input; at the radius the undefended network falls, and nothing leaves the box."""
    x, y = right(weak(), digits(), 16 if name == "cw" else 30)
    found = getattr(evasion, name)(weak(), x, y, threat=threat, **OPTIONS[name])
    whole = type(threat)(widest(x.numpy(), threat))
    judged = judge(evasion.Network(weak()).labels, x.numpy(), y.numpy(), found.x_adv, whole)
    assert judged.broken.all()
    assert np.array_equal(judged.size, found.distance)
    assert np.array_equal(found.broken, found.distance <= threat.eps)
    assert found.broken.mean() >= (0.6 if threat.norm == "l0" else 0.75)
    assert ((found.step >= 0) == found.broken).all()


@pytest.mark.parametrize("norm", [Linf(EPS), L2(0.75)], ids=str)
def test_the_hardened_twin_is_further_away(norm):
    """The median distance is larger by a third, and fewer are broken at the radius."""
    x, y = right(weak(), digits(), 50)
    kept = hardened()(x).argmax(1) == y
    soft, hard = (evasion.fmn(net, x[kept], y[kept], threat=norm) for net in (weak(), hardened()))
    assert hard.median > 1.3 * soft.median
    assert hard.broken.mean() < soft.broken.mean() - 0.2


def test_saturated_logits_hide_nothing_from_a_margin():
    """Cross-entropy has no gradient there; FMN and CW climb the margin, and DDN goes on at random."""
    x, y = right(weak(), digits(), 24)
    plain, saturated = (evasion.fmn(net, x, y, threat=L2(0.75)) for net in (weak(), masked("saturated")))
    assert np.allclose(plain.distance, saturated.distance, rtol=0.05)
    assert np.isfinite(evasion.ddn(masked("saturated"), x, y, threat=L2(0.75)).distance).mean() > 0.5


@pytest.mark.parametrize(("name", "threat"), CASES, ids=str)
def test_slots_and_order_change_nothing(name, threat):
    """1, 32 and 500 samples in flight, and the samples in another order: the same bytes."""
    x, y = (part[:10] for part in right(hardened(), digits()))
    options = OPTIONS[name] | ({"steps": 12, "searches": 3} if name == "cw" else {"steps": 20})
    first, one, some = (
        getattr(evasion, name)(hardened(), x, y, threat=threat, slots=slots, **options) for slots in (500, 1, 32)
    )
    turned = getattr(evasion, name)(hardened(), x.flip(0), y.flip(0), threat=threat, slots=32, **options)
    for other in (one, some):
        assert first.x_adv.tobytes() == other.x_adv.tobytes()
        assert first.distance.tobytes() == other.distance.tobytes()
        assert np.array_equal(first.step, other.step)
    assert first.x_adv.tobytes() == turned.x_adv[::-1].tobytes()


def test_one_run_gives_the_curve_at_every_radius():
    """It starts at the clean accuracy, falls at each distance by the samples that fall there, and ends at 0."""
    x, y = digits().x_test[:60], digits().y_test[:60]
    found = evasion.fmn(weak(), x, y, threat=Linf(EPS))
    clean = weak()(x).argmax(1).numpy() == y.numpy()
    assert np.array_equal(found.right, clean)
    whole = found.curve()
    assert whole.points[0].eps == 0
    assert whole.points[0].robust.value == clean.mean()
    assert whole.points[-1].robust.value == 0
    for eps, point in zip((0.02, EPS), found.curve((0.02, EPS)).points, strict=True):
        left = (clean & (found.distance > eps)).sum()
        assert point.robust.hits == left
        assert point.robust.interval.low <= left / 60 <= point.robust.interval.high
        assert left == [at.robust.hits for at in whole.points if at.eps <= eps][-1]


@pytest.mark.parametrize("threat", [L2(0.75), L1(2.0)], ids=str)
def test_runs_for_single_classes_find_smaller_distances(threat):
    """Three classes, each by itself: clearly less in the median, and the bytes do not depend on slots."""
    x, y = right(weak(), digits(), 30)
    one, three = (evasion.fmn(weak(), x, y, threat=threat, steps=40, targets=targets) for targets in (0, 3))
    assert three.median < 0.98 * one.median
    again = evasion.fmn(weak(), x[:9], y[:9], threat=threat, steps=40, targets=3, slots=5)
    assert again.x_adv.tobytes() == three.x_adv[:9].tobytes()


def test_what_the_model_gets_wrong_has_distance_0_and_is_not_right():
    """Without a pass of the attack; the median is of the others, and there is none of none."""
    x, y = right(weak(), digits(), 8)
    found = evasion.fmn(weak(), x, (y + 1) % 10, threat=L2(0.5))
    assert (found.distance == 0).all()
    assert not found.right.any()
    assert found.median is None
    assert found.cost.backward == 0


def test_a_model_that_always_says_the_same_has_no_distance():
    """Infinite, not broken, and still right at every radius; the input comes back."""
    net = torch.nn.Linear(6, 3)
    net.load_state_dict({"weight": torch.zeros(3, 6), "bias": torch.tensor([1.0, 0.0, 0.0])})
    x = np.full((5, 6), 0.5, dtype=np.float32)
    for name, threat in CASES:
        found = getattr(evasion, name)(net.eval(), x, np.zeros(5, int), threat=threat, **OPTIONS[name])
        assert np.isinf(found.distance).all()
        assert not found.broken.any()
        assert np.array_equal(found.x_adv, x)
        assert found.median == np.inf
        assert [point.robust.value for point in found.curve((0.0, 3.0)).points] == [1.0, 1.0]


def test_two_classes_and_another_box():
    """Distances are in the unit of the inputs: ten times the box, ten times the distance."""
    net, x, y, _ = linear(2, 12, np.random.default_rng(4))
    wide = torch.nn.Linear(12, 2)
    wide.load_state_dict(
        {"weight": net.weight.detach() / 10, "bias": net.bias.detach() - net.weight.detach().sum(1) / 2}
    )
    for name in ("fmn", "ddn"):
        near = getattr(evasion, name)(net, x, y, threat=L2(0.1), steps=200)
        far = getattr(evasion, name)(wide.eval(), 10 * x + 5, y, threat=L2(1.0, 5.0, 15.0), steps=200)
        assert np.allclose(far.distance, 10 * near.distance, rtol=0.02)


@pytest.mark.parametrize("name", ["ddn", "cw"])
def test_attacks_for_l2_refuse_other_norms(name):
    """They are made for one norm; the error says which attack takes the others."""
    x, y = right(weak(), digits(), 2)
    with pytest.raises(InputError, match="attack for l2"):
        getattr(evasion, name)(weak(), x, y, threat=Linf(0.1))


@pytest.mark.parametrize(
    ("name", "options"), [("fmn", {"steps": 0}), ("ddn", {"radius": -1.0}), ("cw", {"searches": 0})]
)
def test_settings_that_attack_nothing_are_refused(name, options):
    """No step, no first radius, no round."""
    x, y = right(weak(), digits(), 2)
    with pytest.raises(InputError, match=r"is (0|-1)"):
        getattr(evasion, name)(weak(), x, y, threat=L2(0.5), **options)
