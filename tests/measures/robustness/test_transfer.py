"""Transfer rates: what a plain loop counts, intervals that cover, and what is left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import InputError
from redan.measures.robustness import transfer, transfer_matrix

FOUR = st.integers(0, 40).flatmap(lambda n: st.tuples(*[st.lists(st.booleans(), min_size=n, max_size=n)] * 4))


@given(FOUR)
def test_rates_are_what_a_plain_loop_counts(four):
    """Given and overall, for any flags; what was wrong by itself is no success."""
    before, there, right, here = four
    both = [row for row in zip(*four, strict=True) if row[0] and row[1] and row[2]]
    found = transfer(before, there, right, here)
    assert (found.given.hits, found.given.n) == (sum(row[3] for row in both), len(both))
    assert (found.overall.hits, found.overall.n) == (sum(a and b for a, b in zip(right, here, strict=True)), sum(right))


def test_intervals_cover_the_rate_that_was_planted():
    """In 400 draws of 60 samples, the true rate of carrying lies in at least 93 % of the intervals at 95 %."""
    rng, covered = np.random.default_rng(0), 0
    for _ in range(400):
        before, there, right = (rng.random(60) < share for share in (0.9, 0.7, 0.9))
        here = rng.random(60) < np.where(there & before, 0.4, 0.1)
        low, high = transfer(before, there, right, here).given.interval
        covered += low <= 0.4 <= high
    assert covered >= 372


def test_a_matrix_has_its_white_box_and_its_gaps():
    """Rows and columns in order, an empty cell where nothing could carry, flags only above the bound."""
    yes, no = [True] * 30, [False] * 30
    made = transfer_matrix(
        {"a": yes, "b": yes, "c": no},
        {"a": {"a": yes, "b": yes, "c": no}, "b": {"a": no, "b": yes, "c": no}},
        {"a": yes},
    )
    assert (made.sources, made.targets) == (("a", "b"), ("a", "b", "c"))
    drawn = made.picture("t", overall=True, above=0.5).to_json()
    cells = [[None if cell is None else (cell["value"], cell["flagged"]) for cell in row] for row in drawn["cells"]]
    assert cells == [[(1.0, False), (1.0, True), None], [(0.0, False), (1.0, False), None]]
    assert [own is not None for own in drawn["own"]] == [True, False, False]


def test_flags_that_do_not_fit_are_refused():
    """Other lengths, other values, and models of which nothing is known."""
    with pytest.raises(InputError, match="instead of 3"):
        transfer([1, 1, 1], [1, 1], [1, 1, 1], [1, 1, 1])
    with pytest.raises(InputError, match="no flags"):
        transfer([2, 1], [1, 1], [1, 1], [1, 1])
    with pytest.raises(InputError, match="nothing is known of b"):
        transfer_matrix({"a": [True]}, {"a": {"a": [True]}}, targets=["a", "b"])
