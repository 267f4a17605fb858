"""Confusion under attack counts like a naive twin, and refuses labels that are no classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import InputError
from redan.measures.robustness import confusion

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40)


@given(PAIRS)
def test_counts_are_those_of_a_loop(pairs):
    """Each cell counts its pairs; the diagonal is what was kept."""
    y, told = [p[0] for p in pairs], [p[1] for p in pairs]
    found = confusion(np.array(y, dtype=int), np.array(told, dtype=int), 4)
    assert [[pairs.count((i, j)) for j in range(4)] for i in range(4)] == found.counts.tolist()
    assert [k.hits for k in found.kept] == [pairs.count((i, i)) for i in range(4)]
    shares = [k.hits / k.n for k in found.kept if k.n]
    worst = found.worst()
    assert worst is None if not pairs else found.kept[worst].value == min(shares)


def test_the_picture_has_shares_of_each_true_class():
    """Rows sum to 1; a class without samples has empty cells; 100 classes are not drawn."""
    drawn = confusion([0, 0, 1], [0, 1, 1], ("cat", "dog", "owl")).grid("t")
    assert drawn is not None
    assert drawn.values == ((0.5, 0.5, 0.0), (0.0, 1.0, 0.0), (None, None, None))
    assert confusion([0], [0], 100).grid("t") is None


@pytest.mark.parametrize(
    ("y", "told"), [([0, 3], [0, 0]), ([0, 1], [0, -1]), ([0.5], [0]), ([0], [0, 1]), (["a"], [0])]
)
def test_what_is_no_class_is_refused(y, told):
    """Labels out of range, fractions, names and other lengths are told."""
    with pytest.raises(InputError):
        confusion(y, told, 3)
