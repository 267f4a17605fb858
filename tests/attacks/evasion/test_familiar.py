"""What Square knows without asking: the result is the same to the byte, and models that draw numbers are always asked."""

import numpy as np
import pytest
import torch

from attacks import models
from redan.attacks.evasion import Network, familiar, square
from redan.attacks.evasion.windows import Window
from redan.attacks.threat import Linf


def attacked(net, x, y, **options):
    return square(Network(net), x, y, threat=Linf(0.1), queries=options.pop("queries", 1500), **options)


@pytest.fixture(scope="module")
def found():
    """A hardened network, samples, and what Square makes of them."""
    torch.set_num_threads(1)
    net = models.hardened()
    x, y = (part.numpy() for part in models.right(net, models.digits(), 12))
    return net, x, y, attacked(net, x, y)


def test_nothing_changes_but_the_number_of_queries(found, monkeypatch):
    """With the tables and without, the same bytes; small pictures are asked far less often."""
    net, x, y, quick = found
    monkeypatch.setattr(familiar, "fits", lambda _shape: False)
    slow = attacked(net, x, y)
    assert 0 < quick.broken.mean() < 1
    assert np.array_equal(quick.x_adv, slow.x_adv)
    assert np.array_equal(quick.step, slow.step)
    assert quick.cost.queries < 0.5 * slow.cost.queries


def test_a_model_that_draws_numbers_is_asked_every_time(found):
    """Nothing is known of a model that answers otherwise the next time."""
    _, x, y, _ = found
    told = attacked(models.masked("noisy"), x[:4], y[:4], queries=200)
    spent = np.where(told.broken, told.step, 202)
    assert told.cost.queries == spent[told.step != 0].sum() + (told.step == 0).sum()


@pytest.mark.parametrize("shape", [(1, 6, 6), (3, 5, 4), (1, 1, 9)])
def test_proposals_that_change_nothing_are_known(shape):
    """Looked up in sums over rectangles, and drawn pixel by pixel."""
    rng = torch.Generator().manual_seed(0)
    n, ahead = 20, 40
    up, down = torch.ones(n, *shape), torch.zeros(n, *shape)
    x = (torch.rand(n, *shape, generator=rng) > 0.2).float()
    state = {"up": up, "down": down, "x": x}
    state |= familiar.tables(state, x, shape)
    high = torch.randint(1, min(3, shape[1]) + 1, (n, ahead), generator=rng)
    wide = torch.randint(1, min(3, shape[2]) + 1, (n, ahead), generator=rng)
    top = (torch.rand(n, ahead, generator=rng) * (shape[1] - high + 1)).long()
    left = (torch.rand(n, ahead, generator=rng) * (shape[2] - wide + 1)).long()
    signs = (torch.rand(n, ahead, shape[0], generator=rng) - 0.4).sign()
    told = familiar.known(state, Window(top, left, high, wide), signs, shape)
    for row in range(n):
        for turn in range(ahead):
            new = x[row].clone()
            inside = (slice(top[row, turn], top[row, turn] + high[row, turn]),)
            inside += (slice(left[row, turn], left[row, turn] + wide[row, turn]),)
            new[:, *inside] = (signs[row, turn] > 0).float()[:, None, None]
            assert bool(told.same[row, turn]) == torch.equal(new, x[row])
    assert told.same.any()
    assert not told.failed.any()


def test_what_was_refused_is_forgotten_when_the_point_moves():
    """A proposal that failed is known until then, for its own sample alone."""
    shape = (1, 4, 4)
    ends = {"up": torch.ones(2, *shape), "down": torch.zeros(2, *shape), "x": torch.zeros(2, *shape)}
    state = ends | familiar.tables(ends, ends["x"], shape)
    corner, one = torch.zeros(2, 1, dtype=torch.int64), torch.ones(2, 1, dtype=torch.int64)
    asked = (Window(corner, corner, one, one), torch.ones(2, 1, 1), shape)
    first = familiar.known(state, *asked)
    familiar.refused(state, torch.tensor([1]), first.place[1])
    assert familiar.known(state, *asked).failed[:, 0].tolist() == [False, True]
    familiar.forgotten(state, torch.tensor([1]), shape)
    assert not familiar.known(state, *asked).failed.any()
    assert familiar.fits((3, 32, 32))
    assert not familiar.fits((3, 224, 224))
    assert not familiar.fits((64, 1, 1))
