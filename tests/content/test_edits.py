"""The two algorithms behind the alignment, against naive twins."""

import difflib
import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from redan.content.edits import equal_places, longest_rising

SHORT = st.lists(st.integers(0, 3), max_size=9)


def _common(one, other):
    """Length of a longest common subsequence, by the textbook table."""
    best = np.zeros((len(one) + 1, len(other) + 1), dtype=int)
    for i, j in itertools.product(range(len(one)), range(len(other))):
        best[i + 1, j + 1] = best[i, j] + 1 if one[i] == other[j] else max(best[i, j + 1], best[i + 1, j])
    return best[-1, -1]


@given(SHORT, SHORT)
def test_equal_places_are_as_many_as_can_be(one, other):
    """Myers' places are equal, in order, and a longest common subsequence."""
    places = equal_places(one, other)
    assert all(one[i] == other[j] for i, j in places)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in itertools.pairwise(places))
    assert len(places) == _common(one, other)


def test_a_long_script_is_given_up():
    """Lists that share little of much are left to another way."""
    assert equal_places(list(range(1000)), list(range(1000, 2000))) is None


@given(st.permutations(range(8)))
def test_longest_rising(numbers):
    """The chosen numbers rise, and no longer choice does."""
    chosen = np.array(numbers)[longest_rising(np.array(numbers))].tolist()
    assert chosen == sorted(chosen)
    assert len(chosen) == _common(numbers, sorted(numbers))


@given(SHORT, SHORT)
def test_agrees_with_difflib_on_equality(one, other):
    """Lists are equal when all their places are."""
    ratio = difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()
    assert (len(equal_places(one, other)) == len(one) == len(other)) == (ratio == 1)
