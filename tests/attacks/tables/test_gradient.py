"""The gradient attack on tables: as strong as theory allows on a linear network, independent of the batch."""

import numpy as np
import pytest
import torch

from attacks.tables.spaces import drawn, everything, numbers, within
from redan.attacks.evasion.network import Network
from redan.attacks.judge import judge
from redan.attacks.tables import capgd, genetic, parse_rules, space_of
from redan.attacks.tables.space import allowed
from redan.attacks.threat import Linf, parse
from redan.errors import InputError

SPACE = everything()


@pytest.fixture(scope="module")
def trained():
    """A small network over rows with rules of every kind, and rows that it gets right."""
    torch.set_num_threads(1)
    x = drawn(900, np.random.default_rng(0))
    y = ((x[:, 2] / 100 + x[:, 12] + (x[:, 1] > 80) - x[:, 6] / 2) > 1).astype(int)
    middle, width = x.mean(0), x.std(0) + 1e-3
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(14, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))

        class Scaled(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.net = net

            def forward(self, rows):
                return self.net((rows - torch.tensor(middle)) / torch.tensor(width))

        module = Scaled()
        steps = torch.optim.Adam(module.parameters(), 1e-2)
        for _ in range(120):
            steps.zero_grad()
            torch.nn.functional.cross_entropy(module(torch.tensor(x[:600])), torch.tensor(y[:600])).backward()
            steps.step()
    module.eval()
    right = Network(module).labels(x[600:]) == y[600:]
    return module, x[600:][right], y[600:][right]


@pytest.mark.parametrize("text", ["linf:0.1", "l2:0.15", "l1:0.2", "l0:2"])
def test_the_judge_agrees(trained, text):
    """Every success holds outside of the attack, within radius and rules."""
    module, x, y = trained
    found = capgd(module, x, y, space=SPACE, threat=parse(text), steps=20)
    judged = judge(
        Network(module).labels, x, y, found.x_adv, within(SPACE, text), allowed=lambda a, b: allowed(SPACE, a, b)
    )
    assert np.array_equal(judged.broken, found.broken)
    assert not judged.outside.any()
    assert found.broken.mean() > 0.05
    assert found.cost.backward > 0
    assert found.cost.queries == 0


def test_it_breaks_what_the_search_breaks(trained):
    """With gradients no fewer rows break than by a genetic search of 300 queries, but for one in fifty."""
    module, x, y = trained
    white = capgd(module, x, y, space=SPACE, threat=Linf(0.05))
    black = genetic(module, x, y, space=SPACE, threat=Linf(0.05), budget=300)
    assert 0.05 < white.broken.mean() < 1
    assert white.broken.sum() >= 0.98 * black.broken.sum()


def test_slots_and_order_change_nothing(trained):
    """1, 32 and 500 rows in flight, and another order, give the same bytes."""
    module, x, y = trained
    x, y = x[:40], y[:40]

    def run(rows, labels, slots):
        return capgd(module, rows, labels, space=SPACE, threat=Linf(0.15), steps=6, restarts=3, slots=slots, seed=1)

    first = run(x, y, 500)
    assert 0 < first.broken.mean() < 1
    for slots in (1, 32):
        again = run(x, y, slots)
        assert np.array_equal(first.x_adv, again.x_adv)
        assert np.array_equal(first.step, again.step)
    assert np.array_equal(first.x_adv, run(x[::-1].copy(), y[::-1].copy(), 7).x_adv[::-1])


def linear(weights):
    module = torch.nn.Linear(len(weights), 2).eval()
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[0.0] * len(weights), weights]))
        module.bias.zero_()
    return module


@pytest.mark.parametrize(("text", "dual"), [("linf:0.1", 1), ("l2:0.15", 2), ("l1:0.15", np.inf)])
def test_a_linear_network_breaks_where_the_dual_norm_says(text, dual):
    """Without bounds in reach, exactly the rows break whose lead is below radius times dual norm of the weights."""
    weights = [1.0, -2.0, 0.5, 3.0]
    x = np.random.default_rng(1).uniform(-1, 1, (200, 4)).astype(np.float32)
    lead = x @ np.array(weights)
    y = (lead > 0).astype(int)
    far = float(text.split(":")[1]) * np.linalg.norm(weights, ord=dual)
    clear = np.abs(np.abs(lead) - far) > 1e-3
    found = capgd(linear(weights), x, y, space=numbers(4, -9, 9), threat=parse(text))
    assert np.array_equal(found.broken[clear], (np.abs(lead) < far)[clear])


def test_steps_smaller_than_a_whole_number_add_up():
    """Whole numbers and groups are reached although one step is shorter than they are wide."""
    text = '[columns.n]\ntype = "integer"\nlow = 0\nhigh = 100\nscale = 1\n[[one_hot]]\ncolumns = ["a", "b", "c"]\n'
    space = space_of(parse_rules(text), ["n", "a", "b", "c"])
    x = np.array([[50, 1, 0, 0], [50, 0, 1, 0]], dtype=np.float32)
    found = capgd(linear([1.0, 0.0, 0.0, 0.0]), x, np.array([1, 1]), space=space, threat=Linf(49))
    assert not found.broken.any()
    found = capgd(linear([0.0, 1.0, 1.0, -1.0]), x, np.array([1, 1]), space=space, threat=Linf(1))
    assert found.broken.all()
    assert found.x_adv[:, 3].tolist() == [1.0, 1.0]


def test_classes_and_bad_rows(trained):
    """Labels in words need their order; rows that break a rule are refused."""
    module, x, y = trained
    words = np.array(["no", "yes"])[y]
    with pytest.raises(InputError, match="classes="):
        capgd(module, x, words, space=SPACE, threat=Linf(0.05))
    found = capgd(module, x[:20], words[:20], space=SPACE, threat=Linf(0.05), steps=5, classes=["no", "yes"])
    assert np.array_equal(found.x_adv, capgd(module, x[:20], y[:20], space=SPACE, threat=Linf(0.05), steps=5).x_adv)
    bad = x.copy()
    bad[0, 0] = np.nan
    with pytest.raises(InputError, match="breaks a rule"):
        capgd(module, bad, y, space=SPACE, threat=Linf(0.05))
