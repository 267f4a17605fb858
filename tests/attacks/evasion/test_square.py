"""Square: its windows and patterns are the paper's, and nobody's result depends on who else is in the batch."""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from attacks import models
from redan.attacks.evasion import Network, draws, square
from redan.attacks.evasion.squares import Square
from redan.attacks.evasion.windows import drawn, pattern, picture, plan, sides, tiles
from redan.attacks.judge import judge
from redan.attacks.queries import StoppedError
from redan.attacks.threat import L0, L1, L2, Linf
from redan.errors import InputError

PEER = Path(__file__).resolve().parents[3] / ".peers" / "auto-attack"
THREATS = [Linf(0.15), L2(1.0), L1(4.0)]


@pytest.fixture(scope="module")
def digits():
    """A weak network, and test samples that it gets right."""
    torch.set_num_threads(1)
    net = models.weak()
    return net, *(part.numpy() for part in models.right(net, models.digits(), 40))


def hill(rows, columns, power):
    """Figure 3 of the paper ring by ring: boxes that grow around a centre, each lower than the one before."""
    found = np.zeros((rows, columns))
    for ring in range(max(rows, columns) // 2 + 1):
        top, left = rows // 2 - ring, columns // 2 - ring
        found[max(top, 0) : top + 2 * ring + 1, max(left, 0) : left + 2 * ring + 1] += 1 / (ring + 1) ** power
    return found / np.linalg.norm(found.ravel(), 1 if power == 4 else 2) if found.size else found


@pytest.mark.parametrize(("norm", "power", "order"), [("l2", 2, 2), ("l1", 4, 1)])
@pytest.mark.parametrize("side", [1, 2, 3, 5, 9, 24])
def test_patterns_are_sums_of_rings(norm, power, order, side):
    """The closed form equals the boxes drawn one upon another, and has length one."""
    naive = np.concatenate([hill(side // 2, side, power), -hill(side - side // 2, side, power)])
    naive = naive / np.linalg.norm(naive.ravel(), order)
    assert np.allclose(pattern(side, side, norm), naive, atol=1e-12)
    assert np.linalg.norm(pattern(side, side + 3, norm).ravel(), order) == pytest.approx(1)


def test_the_schedule_is_the_one_of_autoattack():
    """Windows of a CIFAR picture over 5,000 proposals that are not rescaled, by the published thresholds."""
    attack = Square()
    turns = torch.tensor([0, 1, 11, 12, 51, 52, 201, 202, 502, 1002, 2002, 4002, 5000])
    level = attack._level(turns)
    assert level.tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 7]
    high = plan((3, 32, 32), 0.8, "linf").high
    assert high.tolist() == [29, 20, 14, 10, 7, 5, 4, 3, 2, 1]
    assert plan((3, 32, 32), 0.8, "l2").high.tolist() == [29, 21, 15, 11, 7, 5, 5, 3, 3, 3]


@pytest.mark.parametrize("shape", [(9,), (2, 7), (3, 8, 8), (1, 5, 20), (1, 20, 5), (1, 2, 3, 4), (1, 1, 1), (1,)])
def test_windows_lie_inside_of_any_picture(shape):
    """Rows of tables, signals and pictures that are not square have windows that fit, of the right share."""
    whole = picture(shape)
    for odd in (False, True):
        for share in (0.8, 0.2, 0.01):
            high, wide = sides(share, whole, odd=odd)
            assert 1 <= high <= whole[1]
            assert 1 <= wide <= whole[2]
    keys = torch.as_tensor(draws.keys(np.arange(50.0)[:, None], "square", 0))
    size = (torch.full((50,), high), torch.full((50,), wide))
    window = drawn(keys, torch.zeros(50, dtype=torch.int64), 0, size, whole)
    assert (window.mask(whole).flatten(1).sum(1) == high * wide).all()
    assert tiles(keys, whole, "l2").shape == (50, *whole)


def test_windows_reach_every_corner():
    """Each place where a window fits is drawn, the last row and column too."""
    keys = torch.as_tensor(draws.keys(np.arange(2000.0)[:, None], "square", 0))
    size = (torch.full((2000,), 3), torch.full((2000,), 3))
    window = drawn(keys, torch.zeros(2000, dtype=torch.int64), 0, size, (1, 6, 6))
    places = np.bincount(window.top.numpy() * 4 + window.left.numpy(), minlength=16)
    assert len(places) == 16
    assert places.min() > 80


@pytest.mark.parametrize("threat", THREATS, ids=str)
def test_slots_and_order_change_nothing(digits, threat):
    """1, 32 and 500 samples in flight, and another order, give the same bytes."""
    net, x, y = digits
    run = partial(square, Network(net), threat=threat, queries=40)
    first = run(x[:12], y[:12], slots=500)
    assert first.broken.mean() > 0
    for slots in (1, 32):
        again = run(x[:12], y[:12], slots=slots)
        assert np.array_equal(first.x_adv, again.x_adv)
        assert np.array_equal(first.step, again.step)
    turned = run(x[:12][::-1], y[:12][::-1], slots=7)
    assert np.array_equal(first.x_adv, turned.x_adv[::-1])


@pytest.mark.parametrize("threat", THREATS, ids=str)
def test_the_judge_agrees(digits, threat):
    """Successes are successes outside of the attack; queries and steps agree; restarts and seeds differ."""
    net, x, y = digits
    found = square(Network(net), x, y, threat=threat, queries=200)
    judged = judge(Network(net).labels, x, y, found.x_adv, threat)
    assert np.array_equal(judged.broken, found.broken)
    assert not judged.outside.any()
    assert found.broken.mean() > 0.4
    spent = np.where(found.broken, found.step, 202).sum()
    assert found.cost.queries == spent if threat.norm != "linf" else found.cost.queries <= spent
    again = square(Network(net), x, y, threat=threat, queries=200, restarts=2)
    assert again.broken.sum() >= found.broken.sum()
    assert np.array_equal(again.x_adv[found.broken], found.x_adv[found.broken])


def test_probabilities_that_are_rounded_to_one_do_not_hide(digits):
    """A network that shows saturated probabilities is broken as well as one that shows logits."""
    net, x, y = digits
    sharp = models.Probabilities(models.Saturated(net, 8.0)).eval()
    plain = square(Network(net), x, y, threat=Linf(0.15), queries=300)
    hidden = square(Network(sharp), x, y, threat=Linf(0.15), queries=300)
    assert hidden.broken.mean() >= plain.broken.mean() - 0.1


@pytest.mark.parametrize("classes", [(3, 8), (1, 4, 7)])
def test_two_and_three_classes(classes):
    """Tasks of few classes need no special case."""
    net = models.few(*classes)
    x, y = models.right(net, models.digits(*classes), 30)
    found = square(net, x, y, threat=Linf(0.4), queries=300)
    assert found.broken.mean() > 0.5


def test_rows_of_a_table():
    """A function of flat rows is attacked too, value by value in the end."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(12, 2))
    x = rng.random((30, 12), dtype=np.float32)
    y = (x @ w).argmax(axis=1)
    found = square(lambda rows: rows @ w, x, y, threat=Linf(0.3), queries=300)
    exact = np.abs(x @ (w[:, 0] - w[:, 1])) / np.abs(w[:, 0] - w[:, 1]).sum() < 0.2
    assert found.broken[exact].mean() > 0.9


def test_labels_only_and_other_norms_are_refused(digits):
    """Square needs scores, and is not made for l0."""
    net, x, y = digits
    with pytest.raises(InputError, match="labels only"):
        square(lambda rows: np.zeros(len(rows), dtype=int), x[:2], [0, 0], threat=Linf(0.1))
    with pytest.raises(InputError, match="made for"):
        square(Network(net), x, y, threat=L0(3))
    with pytest.raises(InputError, match="training mode"):
        square(models.plain(0), x, y, threat=Linf(0.1))


def test_a_budget_keeps_what_was_found(digits):
    """The error of a spent budget holds the samples that were broken by then."""
    net, x, y = digits
    with pytest.raises(StoppedError) as caught:
        square(Network(net), x, y, threat=Linf(0.15), budget=1000, slots=8)
    assert caught.value.result.broken.any()
    assert caught.value.result.cost.queries <= 1000


@pytest.mark.peer
@pytest.mark.parametrize("threat", THREATS, ids=str)
def test_no_weaker_than_autoattack(threat, monkeypatch):
    """At equal queries the robust accuracy is not above that of the reference, seed by seed."""
    if not (PEER / "autoattack" / "square.py").exists():
        pytest.skip("there is no .peers/auto-attack")
    monkeypatch.syspath_prepend(str(PEER))
    monkeypatch.delitem(sys.modules, "autoattack", raising=False)
    from autoattack.square import SquareAttack

    torch.set_num_threads(1)
    net = models.hardened()
    x, y = models.right(net, models.digits(), 50)
    norm = {"linf": "Linf", "l2": "L2", "l1": "L1"}[threat.norm]
    theirs, ours = [], []
    for seed in range(2):
        attack = SquareAttack(net, norm=norm, n_queries=120, eps=threat.eps, seed=seed, resc_schedule=False)
        theirs.append(float((net(attack.perturb(x, y)).argmax(1) != y).float().mean()))
        ours.append(square(net, x, y, threat=threat, queries=120, seed=seed).broken.mean())
    assert np.mean(ours) >= np.mean(theirs) - 0.02  # one sample in 50


@pytest.mark.parametrize("wrong", [{"slots": 0}, {"queries": 0}, {"restarts": 0}])
def test_counts_that_would_attack_nothing_are_refused(digits, wrong):
    """No slots, proposals or restarts are an error, for else every sample would seem robust."""
    net, x, y = digits
    with pytest.raises(InputError, match="is 0"):
        square(Network(net), x, y, threat=Linf(0.1), **wrong)


def test_squares_that_shrink_faster_are_stronger_with_few_queries():
    """The schedule squeezed into 150 proposals breaks no less of the hardened network than the one for 10,000."""
    net = models.hardened()
    x, y = models.right(net, models.digits(), 100)
    found = [square(net, x, y, threat=Linf(0.15), queries=150, rescale=one).broken.mean() for one in (False, True)]
    assert found[1] >= found[0]
