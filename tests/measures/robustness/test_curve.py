"""The curve never rises, and what a larger ball lost is told."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import InputError
from redan.measures.robustness import curve, curve_of_sizes

SIZES = st.lists(st.one_of(st.floats(0, 1), st.just(math.inf)), min_size=1, max_size=30)


@given(SIZES, st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0, 2.0]), min_size=1, max_size=6, unique=True))
def test_curve_of_sizes_is_a_count(sizes, eps):
    """At each radius, those are left whose smallest perturbation is larger; nothing slips."""
    right = [True] * len(sizes)
    found = curve_of_sizes(sizes, right, eps)
    assert [point.eps for point in found.points] == sorted(eps)
    assert [p.robust.hits for p in found.points] == [sum(s > e for s in sizes) for e in sorted(eps)]
    assert found.slipped == 0


def test_a_sample_stays_broken_in_a_larger_ball():
    """An attack that loses a sample at a larger radius is told; the curve does not rise."""
    found = curve([0.2, 0.1], [True, True, False], [[False, False, False], [True, False, True]])
    assert [(p.eps, p.robust.hits, p.slipped) for p in found.points] == [(0.1, 1, 0), (0.2, 1, 1)]
    assert found.slipped == 1
    drawn = found.picture("t", "linf").to_json()
    assert drawn["eps"] == [0.1, 0.2]
    assert drawn["lines"][0]["values"] == [1 / 3, 1 / 3]


@pytest.mark.parametrize("eps", [[0.1], [0.1, 0.1], [-1, 0.1], [math.nan, 0.1], [math.inf, 0.1]])
def test_radii_are_checked(eps):
    """As many radii as attacks, each one once, none negative or no number."""
    with pytest.raises(InputError):
        curve(eps, [True], [[True], [False]])


@pytest.mark.parametrize("sizes", [[-0.1], [math.nan], ["far"], np.zeros((1, 1))])
def test_sizes_are_checked(sizes):
    """A size is a number, 0 or more."""
    with pytest.raises(InputError):
        curve_of_sizes(sizes, [True], [0.1])
