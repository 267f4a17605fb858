"""Cells of any type become ranks or codes, and only order and equality survive."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.measures.columns import encode, is_prose, numbers, ranks


def kind_and_values(cells):
    column = encode("c", pa.chunked_array([cells]))
    return column.kind, [None if np.isnan(v) else float(v) for v in column.values]


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (pa.array([30, 10, None, 10]), "ordered", [1, 0, None, 0]),
        (pa.array([0.5, float("nan"), float("-inf"), float("inf")]), "ordered", [1, None, 0, 2]),
        (pa.array([True, False, None]), "ordered", [1, 0, None]),
        (pa.array(["9.5", "10", " ", None]), "ordered", [0, 1, None, None]),
        (pa.array(["b", "a", "b ", ""]), "ordered", [1, 0, 1, None]),
        (pa.array(["b", "a", None]).dictionary_encode(), "ordered", [1, 0, None]),
        (pa.array([dt.date(2020, 2, 1), dt.date(2019, 1, 1)]), "ordered", [1, 0]),
        (pa.array([10**15 + 1, 10**15]), "ordered", [1, 0]),
    ],
)
def test_cells_become_ranks(cells, kind, values):
    """Numbers in text are numbers, missing stays missing, infinities are the ends."""
    assert kind_and_values(cells) == (kind, values)


def test_many_levels_have_no_order_and_sentences_no_values():
    """Eleven words are levels without order; sentences and nested cells are left to others."""
    assert encode("c", pa.chunked_array([[f"word{i}" for i in range(11)] * 3])).kind == "nominal"
    prose = [f"the customer called {i} times about a bill" for i in range(30)]
    assert encode("c", pa.chunked_array([prose])).kind == "prose"
    assert encode("c", pa.chunked_array([[[1, 2], [3]]])).kind == "prose"


@given(st.lists(st.floats(allow_infinity=True, allow_nan=True), max_size=60))
def test_ranks_keep_order_and_equality(values):
    """Ranks compare exactly as the values do."""
    found = ranks(np.array(values, dtype=float))
    for a, x in zip(values, found, strict=True):
        assert np.isnan(a) == np.isnan(x)
        for b, y in zip(values, found, strict=True):
            if not np.isnan(a) and not np.isnan(b):
                assert (a < b) == (x < y)


@given(st.lists(st.one_of(st.none(), st.text(max_size=50)), max_size=40))
def test_no_text_breaks_the_encoder(texts):
    """Any text column becomes a column of its length, or prose."""
    column = encode("c", pa.chunked_array([pa.array(texts, type=pa.string())]))
    assert column.kind == "prose" or len(column.values) == len(texts)


def test_numbers_need_nearly_all_cells():
    """A code that is sometimes a number is no number; underscores and endless digits are none either."""
    assert numbers(["1", "2", "x"]) is None
    assert numbers(["1_000", "2"]) is None
    assert numbers(["9" * 50, "1"]) is None
    assert numbers([None, ""]) is None
    assert not is_prose([])
