"""Rows per interval: the same for every kind of time, and not bent by misdated rows."""

import datetime as dt

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.load.load_cases import START, days, table
from redan.errors import IncompleteError, InputError
from redan.measures.load import arrivals, days_of, merged
from redan.measures.load.arrivals import classes_of
from redan.tables import table_of


@pytest.mark.parametrize("kind", ["date", "moment", "zoned", "seconds", "milliseconds", "float", "polars"])
def test_every_kind_of_time_gives_the_same_days(kind):
    """Dates, moments with and without a zone, and epochs in seconds and milliseconds count alike."""
    moments = [dt.datetime(2026, 3, 1 + i % 5, i % 24, tzinfo=dt.UTC) for i in range(60)]
    bare = [m.replace(tzinfo=None) for m in moments]
    cells = {
        "date": pa.array([m.date() for m in moments]),
        "moment": pa.array(bare, pa.timestamp("us")),
        "zoned": pa.array(moments, pa.timestamp("us", "UTC")),
        "seconds": pa.array([int(m.timestamp()) for m in moments]),
        "milliseconds": pa.array([int(m.timestamp() * 1000) for m in moments]),
        "float": pa.array([m.timestamp() for m in moments]),
        "polars": pa.array(bare, pa.timestamp("us")),
    }[kind]
    frame = pa.table({"t": cells})
    found = days_of(table_of(pl.from_arrow(frame).lazy() if kind == "polars" else frame), "t")
    assert found.days == tuple(dt.date(2026, 3, d) for d in range(1, 6))
    assert found.counts[:, 0].tolist() == [12] * 5


@pytest.mark.parametrize(
    "cells", [["soon", "later"], [1, 2], [1e300, float("inf")], [True, False], [None, None], [5e9, 1.7e9]]
)
def test_what_tells_no_time_is_refused(cells):
    """Texts, small numbers, truths and empty columns are no times."""
    with pytest.raises(IncompleteError):
        days_of(table_of(pa.table({"t": cells})), "t")


def test_a_missing_column_is_an_input_error():
    """The column's name is in the message."""
    with pytest.raises(InputError, match="'when'"):
        days_of(table([3]), "when")


def test_many_labels_are_no_classes():
    """More than fifty values are refused, by day and in all."""
    frame = table([60], label=lambda i, j: f"k{j}")
    for ask in (lambda: days_of(frame, "at", "kind"), lambda: classes_of(frame, "kind")):
        with pytest.raises(IncompleteError, match="no classes"):
            ask()


def test_misdated_rows_are_left_out_and_counted():
    """One row from 1970 and one from 2199 do not stretch the axis of 400 rows; many rows of another year do."""
    frame = pa.concat_tables(
        [
            table([100] * 4).frame.collect("pyarrow").to_arrow(),
            pa.table(
                {
                    "at": pa.array(
                        [dt.datetime(year, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None) for year in (1970, 2199)],
                        pa.timestamp("us"),
                    ),
                    "kind": ["x", "x"],
                }
            ),
        ]
    )
    found = days_of(table_of(frame), "at")
    assert (len(found.days), found.stray) == (4, 2)
    assert days_of(table([50, *[0] * 500, 50]), "at").stray == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=60).filter(any),
    st.sampled_from(["1 days", "3 days", "1 weeks", "1 months", "1 year and 2 days"]),
)
def test_no_row_is_lost(counts, every):
    """Whatever the interval, all rows are in one, intervals follow each other, and each day is in its own."""
    given_days = days(counts)
    found = arrivals(given_days, every)
    assert found.totals.sum() == sum(counts)
    ends = [*found.starts[1:], found.every.after(found.starts[-1])]
    naive = [
        sum(c for i, c in enumerate(counts) if a <= START + dt.timedelta(days=i) < b)
        for a, b in zip(found.starts, ends, strict=True)
    ]
    assert found.totals.tolist() == naive


def test_an_undeclared_interval_is_the_usual_distance():
    """Rows every seventh day make weeks."""
    weekly = days([5 if i % 7 == 0 else 0 for i in range(70)])
    assert arrivals(weekly).every == (0, 7)
    assert not arrivals(weekly).declared


def test_a_cut_last_interval_is_told():
    """Weeks whose last has rows on Monday only are cut, unless all weeks do."""
    cut = arrivals(days([5] * 22), "1 weeks")
    assert cut.whole.tolist() == [False, True, True, False]
    mondays = arrivals(days([5 if i % 7 == 0 else 0 for i in range(22)]), "1 weeks")
    assert mondays.whole.tolist() == [False, True, True, True]


def test_tables_add_up():
    """Two parts of a split give the days of the whole."""
    whole = days([[3, 1], [0, 4], [2, 2]])
    parts = [days([[1, 1], [0, 1], [0, 2]]), days([[2, 0], [0, 3], [2, 0]])]
    assert merged(parts).days == whole.days
    assert np.array_equal(merged(parts).counts, whole.counts)


def test_too_many_intervals_are_refused():
    """A thousand years of days are no axis."""
    with pytest.raises(IncompleteError, match="span more than"):
        arrivals(merged([days([1], dt.date(1, 1, 1)), days([1], dt.date(2026, 1, 1))]), "1 days")
