"""Attacks by labels: the closest point of a plane is found, budgets hold, nobody's result depends on who else is asked."""

from functools import partial

import numpy as np
import pytest
import torch

from attacks import models
from redan.attacks.evasion import Network, boundary, geoda, hop_skip_jump, rays, surfree
from redan.attacks.judge import judge
from redan.attacks.queries import Queries, StoppedError
from redan.attacks.sources import FunctionSource
from redan.attacks.threat import L0, L2, Linf
from redan.errors import InputError

L2_ATTACKS = (hop_skip_jump, boundary, geoda, surfree)
LINF_ATTACKS = (hop_skip_jump, geoda, rays)
EACH = [(attack, L2(1.0)) for attack in L2_ATTACKS] + [(attack, Linf(0.15)) for attack in LINF_ATTACKS]
IDS = [f"{attack.__name__}-{threat.norm}" for attack, threat in EACH]


@pytest.fixture(scope="module")
def digits():
    """A weak network, and test samples that it gets right."""
    torch.set_num_threads(1)
    net = models.weak()
    return net, *(part.numpy() for part in models.right(net, models.digits(), 40))


def plane(d, seed=0, *, flat=False):
    """A plane, its distance from inputs, and a model that says on which side they are, in a box that is never reached."""
    rng = np.random.default_rng(seed)
    w = np.sign(rng.normal(size=d)) * rng.uniform(0.5, 1.5, size=d) if flat else rng.normal(size=d)
    x = rng.normal(size=(12, d)).astype(np.float32)
    return w, x, (x @ w > 0.3).astype(int), lambda rows: (rows @ w > 0.3).astype(int)


@pytest.mark.parametrize("d", [5, 30, 100])
@pytest.mark.parametrize("attack", L2_ATTACKS, ids=lambda one: one.__name__)
def test_closest_point_of_a_plane_l2(attack, d):
    """The distance to a plane is found from labels, never undercut, whatever the number of columns."""
    w, x, y, model = plane(d, seed=d)
    exact = np.abs(x @ w - 0.3) / np.linalg.norm(w)
    found = attack(model, x, y, threat=L2(0.0, -20, 20), queries=3000, shrink=True)
    size = np.linalg.norm(found.x_adv - x, axis=1)
    assert (model(found.x_adv) != y).all()
    assert (size > exact - 1e-4).all()
    assert np.median(size / exact) < 1.15


@pytest.mark.parametrize("attack", LINF_ATTACKS, ids=lambda one: one.__name__)
def test_closest_point_of_a_plane_linf(attack):
    """The same in the largest change of a value."""
    w, x, y, model = plane(40, flat=True)
    exact = np.abs(x @ w - 0.3) / np.abs(w).sum()
    found = attack(model, x, y, threat=Linf(0.0, -20, 20), queries=4000, shrink=True)
    size = np.abs(found.x_adv - x).max(axis=1)
    assert (size > exact - 1e-4).all()
    assert np.median(size / exact) < 1.4


@pytest.mark.parametrize(("attack", "threat"), EACH, ids=IDS)
def test_slots_and_order_change_nothing(digits, attack, threat):
    """1, 32 and 500 walks at a time, and another order, give the same bytes."""
    net, x, y = digits
    run = partial(attack, Network(net), threat=threat, queries=120)
    first = run(x[:10], y[:10], slots=500)
    for slots in (1, 32):
        again = run(x[:10], y[:10], slots=slots)
        assert np.array_equal(first.x_adv, again.x_adv)
        assert np.array_equal(first.step, again.step)
    turned = run(x[:10][::-1], y[:10][::-1], slots=5)
    assert np.array_equal(first.x_adv, turned.x_adv[::-1])
    if attack is not rays:  # it draws nothing
        assert not np.array_equal(first.x_adv, run(x[:10], y[:10], seed=1).x_adv)


@pytest.mark.parametrize(("attack", "threat"), EACH, ids=IDS)
def test_weak_networks_break_and_the_judge_agrees(digits, attack, threat):
    """Most samples of the weak network are broken by labels alone; nothing leaves the ball or the box."""
    net, x, y = digits
    found = attack(Network(net), x, y, threat=threat, queries=1000)
    judged = judge(Network(net).labels, x, y, found.x_adv, threat)
    assert np.array_equal(judged.broken, found.broken)
    assert not judged.outside.any()
    assert found.broken.mean() > 0.5
    assert (found.x_adv[~found.broken] == x[~found.broken]).all()
    assert ((found.step > 1) == found.broken).all()


@pytest.mark.parametrize(("attack", "threat"), EACH, ids=IDS)
def test_queries_of_a_sample_are_never_exceeded(digits, attack, threat):
    """Each sample is asked exactly as often as allowed when it is not broken, and the book counts what the model saw."""
    net, x, y = digits
    seen = []

    def model(rows):
        seen.append(len(rows))
        return np.asarray(net(torch.as_tensor(rows)))

    for limit in (1, 2, 77):
        seen.clear()
        source = FunctionSource(model, chunk=1)
        found = attack(Queries(source), x[:5], y[:5], threat=type(threat)(0.0), queries=limit)
        assert found.cost.queries == sum(seen) == 5 * limit
        assert not found.broken.any()


@pytest.mark.parametrize("attack", [*L2_ATTACKS, rays], ids=lambda one: one.__name__)
def test_a_model_with_one_answer_cannot_be_broken(attack):
    """Where every input has the same label, walks end or spend their queries; nothing is claimed."""
    x = np.random.default_rng(0).random((4, 3, 8, 8), dtype=np.float32)
    threat = Linf(0.5) if attack is rays else L2(5.0)
    found = attack(lambda rows: np.zeros(len(rows), dtype=int), x, np.zeros(4), threat=threat, queries=300)
    assert not found.broken.any()
    assert np.array_equal(found.x_adv, x)


def test_what_is_wrong_by_itself_costs_one_query(digits):
    """A sample with another label than the model's is broken as it is."""
    net, x, y = digits
    found = hop_skip_jump(Network(net), x[:4], (y[:4] + 1) % 10, threat=L2(1.0))
    assert found.broken.all()
    assert not found.step.any()
    assert found.cost.queries == 4


def test_starts_of_the_attacker_help_where_noise_does_not():
    """A model that is wrong only near some inputs is broken from one of them, and from noise is not."""
    other = np.full((1, 1, 8, 8), 0.5, dtype=np.float32)
    other[0, 0, :4] = 0.9
    x = np.random.default_rng(0).random((3, 1, 8, 8), dtype=np.float32)

    def model(rows):
        return (np.abs(rows - other).reshape(len(rows), -1).max(axis=1) < 0.25).astype(int)

    y = np.zeros(3, dtype=int)
    assert model(x).sum() == 0
    assert not surfree(model, x, y, threat=L2(8.0), queries=400).broken.any()
    assert surfree(model, x, y, threat=L2(8.0), queries=400, starts=other).broken.all()


def test_radii_differ_by_sample(digits):
    """A radius of zero breaks nothing, a large one does, in one run."""
    net, x, y = digits
    eps = tuple(0.0 if row % 2 else 2.5 for row in range(len(x)))
    found = surfree(Network(net), x, y, threat=L2(eps), queries=300)
    assert not found.broken[1::2].any()
    assert found.broken[::2].mean() > 0.9


@pytest.mark.parametrize(("attack", "threat"), [(rays, L2(1.0)), (surfree, Linf(0.1)), (hop_skip_jump, L0(3))])
def test_a_norm_that_it_was_not_made_for_is_refused(digits, attack, threat):
    """No attack is silently used for another threat model."""
    net, x, y = digits
    with pytest.raises(InputError, match="made for"):
        attack(Network(net), x, y, threat=threat)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.full((2, 4), 1.5), np.zeros(2)),
        (np.full((2, 4), np.nan), np.zeros(2)),
        (np.zeros((2, 4)), np.zeros(3)),
        (np.zeros((2, 4)), np.zeros((2, 1))),
        (np.zeros(4), np.zeros(4)),
        (np.array([["a"], ["b"]]), np.zeros(2)),
        (np.zeros((2, 4)), np.array([0.5, 1.0])),
        (np.zeros((2, 4)), np.array([-1, 1])),
        (np.zeros((2, 4)), np.array(["cat", "dog"])),
    ],
)
def test_inputs_that_do_not_fit_are_refused(x, y):
    """Inputs outside of the box, no numbers, or labels that are none: one clear error."""
    with pytest.raises(InputError):
        hop_skip_jump(lambda rows: np.zeros(len(rows), dtype=int), x, y, threat=L2(1.0))


def test_a_budget_that_is_spent_keeps_what_was_found(digits):
    """The total budget ends the attack; what was broken by then is in the error, and is the same as without an end."""
    net, x, y = digits
    whole = surfree(Network(net), x, y, threat=L2(1.5), slots=4, queries=200)
    with pytest.raises(StoppedError, match="budget") as caught:
        surfree(Network(net), x, y, threat=L2(1.5), slots=4, queries=200, budget=whole.cost.queries // 2)
    part = caught.value.result
    assert 0 < part.broken.sum() < whole.broken.sum()
    assert part.cost.queries <= whole.cost.queries // 2
    assert np.array_equal(part.x_adv[part.broken], whole.x_adv[part.broken])


@pytest.mark.parametrize("wrong", [{"slots": 0}, {"queries": 0}])
def test_counts_that_would_attack_nothing_are_refused(digits, wrong):
    """No slots or no queries are an error, for else every sample would seem robust."""
    net, x, y = digits
    with pytest.raises(InputError, match="is 0"):
        rays(Network(net), x, y, threat=Linf(0.1), **wrong)


def test_no_samples_are_no_error():
    """An empty selection gives an empty result, and costs nothing."""
    found = surfree(lambda rows: rows[:, :2], np.empty((0, 4)), np.empty(0), threat=L2(1.0))
    assert (found.x_adv.shape, found.cost.queries) == ((0, 4), 0)


def test_boxes_other_than_zero_to_one():
    """A picture of 0 to 255 is attacked in its own unit, and breaks where the scaled one does."""
    net = models.weak()
    x, y = (part.numpy() for part in models.right(net, models.digits(), 20))

    def model(rows):
        return np.asarray(net(torch.as_tensor(rows / 255)))

    found = surfree(model, x * 255, y, threat=L2(255.0, 0, 255), queries=300)
    judged = judge(Network(models.plain(0).eval()).labels, x * 255, y, found.x_adv, L2(255.0, 0, 255))
    assert not judged.outside.any()
    assert found.broken.mean() > 0.5
