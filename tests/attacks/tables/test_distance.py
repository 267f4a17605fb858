"""Distances of rows: per part, in its scale."""

import numpy as np
import pytest

from attacks.tables.spaces import everything, within

SPACE = everything()
ROW = np.zeros((1, 14), dtype=np.float32)


@pytest.mark.parametrize(
    ("places", "moves", "sizes"),
    [
        ((2,), (25.0,), {"linf": 0.5, "l2": 0.5, "l1": 0.5, "l0": 1}),
        ((0,), (36.0,), {"linf": 0.5, "l2": 0.5, "l1": 0.5, "l0": 1}),
        ((8,), (3.0,), {"linf": 0.3, "l2": 0.3, "l1": 0.3, "l0": 1}),
        ((11, 12), (1.0, -1.0), {"linf": 0.25, "l2": 0.25, "l1": 0.25, "l0": 1}),
        ((2, 8), (20.0, -2.0), {"linf": 0.4, "l2": 0.5, "l1": 0.7, "l0": 2}),
    ],
)
def test_sizes(places, moves, sizes):
    """A number counts in its scale, a choice by its cost, a group once."""
    moved = ROW.copy()
    moved[0, list(places)] = moves
    for norm, size in sizes.items():
        assert within(SPACE, f"{norm}:1").sizes(moved)[0] == pytest.approx(size)
