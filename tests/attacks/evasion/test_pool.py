"""The pool: nobody's result depends on who else is in the batch; the judge agrees with it."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from redan.attacks.evasion import draws, pool
from redan.attacks.evasion.ball import project_l1
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pgd import Pgd
from redan.attacks.judge import judge
from redan.attacks.threat import L1, L2, Linf


@pytest.fixture(scope="module")
def digits():
    """A small trained network, and test samples that it gets right."""
    torch.set_num_threads(1)
    loaded = load_digits()
    x = torch.tensor(loaded.data / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
    y = torch.tensor(loaded.target)
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3, 2, 1), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(128, 10)
    )
    steps = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(15):
        for rows in torch.randperm(1200).split(64):
            steps.zero_grad()
            torch.nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            steps.step()
    net.eval()
    right = net(x[1200:]).argmax(1) == y[1200:]
    return net, x[1200:][right][:120], y[1200:][right][:120]


def attacked(net, x, y, threat, slots, stages=2):
    keys = torch.as_tensor(draws.keys(x.numpy(), "pgd", 0))
    targets = torch.full((len(x), stages), -1)
    tasks = pool.Tasks(x, y, torch.as_tensor(threat.radii(len(x))), keys, targets)
    found, broken, step = x.clone(), np.zeros(len(x), bool), np.zeros(len(x), int)
    for ended in pool.run(pool.Course(Pgd(), Network(net), tasks, threat, slots)):
        found[ended.samples], broken[ended.samples], step[ended.samples] = ended.found, ended.broken, ended.step
    return found.numpy(), broken, step


@pytest.mark.parametrize("threat", [Linf(0.1), L2(0.6)], ids=str)
def test_slots_and_order_change_nothing(digits, threat):
    """1, 32 and 500 samples in flight, and the samples in another order, give the same bytes."""
    net, x, y = digits
    first, broken, step = attacked(net, x[:40], y[:40], threat, 500)
    assert 0 < broken.mean() < 1
    for slots in (1, 32):
        again, also, steps = attacked(net, x[:40], y[:40], threat, slots)
        assert np.array_equal(first, again)
        assert np.array_equal(broken, also)
        assert np.array_equal(step, steps)
    turned, also, _ = attacked(net, x[:40].flip(0), y[:40].flip(0), threat, 32)
    assert np.array_equal(first, turned[::-1])
    assert np.array_equal(broken, also[::-1])


@pytest.mark.parametrize("threat", [Linf(0.1), L2(0.6)], ids=str)
def test_the_judge_agrees(digits, threat):
    """Every success is one outside of the attack as well, and nothing leaves the ball or the box."""
    net, x, y = digits
    found, broken, _ = attacked(net, x, y, threat, 64)
    judged = judge(Network(net).labels, x.numpy(), y.numpy(), found, threat)
    assert np.array_equal(judged.broken, broken)
    assert not judged.outside.any()


def test_each_sample_has_its_own_radius(digits):
    """A radius of zero breaks nothing, a large one does, in one run."""
    net, x, y = digits
    eps = tuple(0.0 if i % 2 else 0.3 for i in range(len(x)))
    _, broken, _ = attacked(net, x, y, Linf(eps), 64, stages=1)
    assert not broken[1::2].any()
    assert broken[::2].mean() > 0.95


def test_projection_onto_l1_ball_and_box_is_the_nearest_point():
    """The closed form agrees with a bisection of the amount by which moves are shrunk."""
    rng = torch.Generator().manual_seed(1)
    x0 = torch.rand(200, 1, 5, 5, generator=rng)
    x = x0 + 0.7 * torch.randn(x0.shape, generator=rng)
    eps = 6 * torch.rand(200, generator=rng)
    moved, low, high = (x - x0).flatten(1).double(), -x0.flatten(1).double(), (1 - x0).flatten(1).double()

    def shrunk(by):
        kept = torch.sign(moved) * (moved.abs() - by).clamp(min=0)
        return torch.minimum(torch.maximum(kept, low), high)

    least, most = torch.zeros(200, 1).double(), torch.full((200, 1), 50.0).double()
    for _ in range(100):
        middle = (least + most) / 2
        big = shrunk(middle).abs().sum(1, keepdim=True) > eps[:, None]
        least, most = torch.where(big, middle, least), torch.where(big, most, middle)
    assert (project_l1(x, x0, eps, L1(1.0)) - x0).flatten(1).sub(shrunk(most)).abs().max() < 1e-6


def test_draws_are_uniform_and_apart():
    """The mean, the spread and the correlation of neighbours are those of independent uniform numbers."""
    keys = torch.as_tensor(draws.keys(np.arange(200.0).reshape(200, 1), "pgd", 0))
    drawn = draws.uniform(keys, torch.zeros(200, dtype=torch.int64), 0, 5_000)
    assert abs(float(drawn.mean()) - 0.5) < 0.001
    assert abs(float(drawn.std()) - 12**-0.5) < 0.001
    between = np.corrcoef(drawn[:, :1000].numpy())[np.triu_indices(200, 1)]
    along = np.corrcoef(drawn[:, :-1].flatten(), drawn[:, 1:].flatten())[0, 1]
    assert abs(between.mean()) < 0.002
    assert abs(along) < 0.005
