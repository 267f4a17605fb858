"""Confusion matrices per group, against counting by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import IncompleteError, UsageError
from redan.measures.fairness import answers, confusion
from redan.tables import table_of


def counted(frame, column, positive=None):
    return confusion(answers(table_of(frame), "y", "p", positive), column)


def test_counts_are_those_of_hand():
    """Two groups, two classes, one answer that is no class, one missing group."""
    frame = pd.DataFrame(
        {
            "g": ["a", "a", "a", "b", "b", None],
            "y": ["no", "yes", "yes", "no", "yes", "yes"],
            "p": ["no", "yes", "no", "maybe", "yes", "yes"],
        }
    )
    found = counted(frame, "g")
    assert (found.groups, found.classes, found.left_out) == (("a", "b"), ("no", "yes"), 1)
    assert found.counts.tolist() == [[[1, 0, 0], [1, 1, 0]], [[0, 0, 1], [0, 1, 0]]]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from("xyz")), min_size=4, max_size=60)
)
def test_counts_are_those_of_a_naive_twin(rows):
    """Any rows: every cell is the count of its rows, and nothing is lost."""
    frame = pl.DataFrame(rows, schema=["g", "y", "p"], orient="row")
    if (
        len({r[0] for r in rows}) < 2
        or len({r[1] for r in rows}) < 2
        or not {r[1] for r in rows} & {r[2] for r in rows}
    ):
        return
    found = counted(frame, "g")
    assert found.rows + found.left_out == len(rows)
    for g, group in enumerate(found.groups):
        for i, truth in enumerate(found.classes):
            for j, said in enumerate(found.classes):
                assert found.counts[g, i, j] == rows.count((group, truth, said))


def frame_of(group):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"g": group, "y": rng.integers(0, 2, len(group)), "p": rng.integers(0, 2, len(group))})


def test_numbers_are_cut_into_four_bands():
    """Ages become quarters of about equal size, named by their edges."""
    found = counted(frame_of(np.random.default_rng(1).integers(18, 90, 1000)), "g")
    assert len(found.groups) == 4
    assert any(name.startswith("below ") for name in found.groups)
    assert found.counts.sum(axis=(1, 2)).min() > 200


def test_dates_are_cut_by_year_and_infinite_numbers_are_an_end():
    """Birth dates become bands of years; infinities fall into the outer bands."""
    days = [dt.date(1940 + i % 60, 1 + i % 12, 1) for i in range(600)]
    assert len(counted(frame_of(days), "g").groups) == 4
    values = np.r_[np.arange(98.0), np.inf, -np.inf, np.nan]
    found = counted(frame_of(values), "g")
    assert (len(found.groups), found.left_out) == (4, 1)


def test_few_numbers_and_bools_are_levels():
    """Codes and bools are groups as they are; 1 and 1.0 are one group."""
    assert counted(frame_of([0, 1] * 50), "g").groups == ("0", "1")
    assert set(counted(frame_of([True, False] * 50), "g").groups) == {"true", "false"}
    assert counted(frame_of(["1", "1.0", "2"] * 30), "g").groups == ("1", "2")


@pytest.mark.parametrize(
    ("group", "words"),
    [(["a"] * 40, "fewer than two"), ([None] * 40, "fewer than two"), ([f"w{i}" for i in range(80)], "more than 50")],
)
def test_groups_that_are_none_are_said(group, words):
    """One group, no group, a group for each row."""
    with pytest.raises(IncompleteError, match=words):
        counted(frame_of(group), "g")


def test_label_is_no_group():
    """The label cannot be compared with itself."""
    with pytest.raises(UsageError, match="as well as"):
        counted(frame_of(["a", "b"] * 20), "y")
