"""Shortest moves onto a hyperplane in the box: a bisection and a linear program find none that is shorter."""

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from redan.attacks.evasion.hyperplane import filled, shortest
from redan.attacks.threat import L1, L2, Linf


def cases(n=60, d=12, seed=0):
    rng = np.random.default_rng(seed)
    points, normal = rng.random((n, d)), rng.normal(size=(n, d)) * (rng.random((n, d)) > 0.2)
    points[::3] = np.round(points[::3])  # corners
    return points, normal, rng.normal(size=n) * 2


def bisected(points, normal, gap, order):
    """By halving the common size of the move, in float64."""
    down = -np.sign(gap)[:, None] * normal
    room = np.where(down > 0, 1 - points, points) * (down != 0)
    shape = np.ones_like(down) if order == np.inf else np.abs(down)
    low, high = np.zeros(len(gap)), np.full(len(gap), 1e9)
    for _ in range(200):
        middle = (low + high) / 2
        gained = (np.abs(down) * np.minimum(middle[:, None] * shape, room)).sum(1)
        low, high = np.where(gained < np.abs(gap), middle, low), np.where(gained < np.abs(gap), high, middle)
    return np.sign(down) * np.minimum(high[:, None] * shape, room)


@pytest.mark.parametrize(("threat", "order"), [(Linf(1.0), np.inf), (L2(1.0), 2)], ids=str)
def test_linf_and_l2_agree_with_a_bisection(threat, order):
    """On random planes, some out of reach and some with points in corners."""
    points, normal, gap = cases()
    found = shortest(*(torch.tensor(part) for part in (points, normal, gap)), threat).numpy()
    assert np.abs(found - bisected(points, normal, gap, order)).max() < 1e-6


def test_l1_agrees_with_a_linear_program():
    """The sum of absolute changes is the least possible, and the plane is reached where it can be."""
    points, normal, gap = cases(25, 8, 1)
    found = shortest(*(torch.tensor(part) for part in (points, normal, gap)), L1(1.0)).numpy()
    reachable = 0
    for point, w, apart, move in zip(points, normal, gap, found, strict=True):
        d = len(point)
        best = linprog(
            np.ones(2 * d),
            A_eq=np.concatenate([w, -w])[None],
            b_eq=[-apart],
            bounds=[*((0, 1 - p) for p in point), *((0, p) for p in point)],
        )
        if best.status == 0:
            reachable += 1
            assert abs(np.abs(move).sum() - best.fun) < 1e-6
            assert abs(w @ move + apart) < 1e-6
    assert 5 < reachable < 25


@pytest.mark.parametrize("threat", [Linf(1.0), L2(1.0), L1(1.0)], ids=lambda threat: threat.norm)
def test_moves_stay_in_the_box_and_out_of_reach_end_in_the_corner(threat):
    """In float32: no value leaves the box; a plane beyond it takes every value as far as it goes."""
    points, normal, gap = (torch.tensor(part).float() for part in cases(seed=2))
    moved = points + shortest(points, normal, gap, threat)
    assert moved.min() > -1e-6
    assert moved.max() < 1 + 1e-6
    far = points + shortest(points, normal, torch.full_like(gap, 1e6), threat)
    corner = torch.where(normal > 0, 0.0, torch.where(normal < 0, 1.0, points))
    assert (far - corner).abs().max() < 1e-6


def test_no_gradient_moves_nothing():
    """A normal of zeros, and a gap of zero."""
    points, normal, gap = (torch.tensor(part).float() for part in cases(4))
    for threat in (Linf(1.0), L2(1.0), L1(1.0)):
        assert not shortest(points, torch.zeros_like(normal), gap, threat).any()
        assert not shortest(points, normal, torch.zeros_like(gap), threat).any()
    assert filled(torch.ones(1, 2), torch.tensor([[1.0, 2.0]]), torch.tensor([4.0])).item() == 2.0
