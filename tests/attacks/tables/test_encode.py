"""Rows of a table in numbers: what is left out is counted, what is read back is what was there."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from redan.attacks.tables import parse_rules, rows_of
from redan.attacks.tables.encode import TableModel
from redan.errors import InputError
from redan.models.model import Port

RULES = parse_rules("""
[columns.age]
type = "integer"
low = 0
high = 99
[columns.job]
type = "category"
levels = ["b", "a", 3]
[columns.member]
type = "bool"
[columns.income]
low = 0
high = 1000
""")
GOOD = {
    "member": [True, False, True, False],
    "age": [1, 2, 3, 4],
    "income": [1.5, 2.5, 3.5, 4.5],
    "job": ["a", "b", "b", "a"],
    "y": ["p", "q", "p", "q"],
}


class Echo:
    """A model that keeps what it was asked."""

    def __init__(self, names):
        self.inputs = tuple(Port(name, "", (None,)) for name in names)

    def predict(self, x):
        self.asked = x
        return np.zeros((4, 2))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"])
def test_rows_come_back_as_they_were(make):
    """Through numbers and back, by name, whatever the table was brought in."""
    rows = rows_of(make(GOOD), "y", RULES)
    assert rows.left_out == {}
    echo = Echo(["age", "job", "member", "income"])
    TableModel(echo, rows.space).predict(rows.x)
    read = pd.DataFrame(echo.asked).assign(y=rows.y)[list(GOOD)].sort_values("age", ignore_index=True)
    assert read.astype(object).eq(pd.DataFrame(GOOD).astype(object)).all(axis=None)
    assert echo.asked["age"].dtype == np.int64


def test_what_cannot_be_attacked_is_left_out_and_counted():
    """Missing values and labels, unknown levels, too large numbers and broken rules."""
    big = parse_rules(
        '[columns.n]\ntype = "integer"\nlow = 0\nhigh = 1e12\n[columns.j]\ntype = "category"\nlevels = ["a"]\n'
    )
    frame = pd.DataFrame(
        {
            "n": [1, None, 3, 2**25 + 1, -5, 6, 7],
            "j": ["a", "a", "b", "a", "a", None, "a"],
            "y": [0, 1, 0, 1, 0, 1, None],
        }
    )
    rows = rows_of(frame, "y", big)
    assert rows.left_out == {
        "a missing value": 2,
        "a level without a rule": 1,
        "a missing label": 1,
        "a number beyond single precision": 1,
        "a rule is broken": 1,
    }
    assert rows.x.tolist() == [[1.0, 0.0]]


def test_levels_that_look_alike_are_told_apart():
    """The text "1", the number 1 and true are three levels; 1 and 1.0 are one."""
    rules = parse_rules('[columns.c]\ntype = "category"\nlevels = ["1", 2]\n')
    rows = rows_of(pd.DataFrame({"c": [2.0, 2.0, 1.0], "y": [0, 1, 0]}), "y", rules)
    assert rows.left_out == {"a level without a rule": 1}
    assert rows.x[:, 0].tolist() == [1.0, 1.0]


def test_the_sample_is_random_and_fixed_by_its_seed():
    """A limit gives that many rows, the same for the same seed, and not the least ones."""
    frame = pd.DataFrame({"x": np.arange(1000.0), "y": np.arange(1000) % 2})
    rules = parse_rules("[columns.x]\nlow = 0\nhigh = 1000\n")
    first, again, other = (rows_of(frame, "y", rules, limit=100, seed=s) for s in (0, 0, 1))
    assert np.array_equal(first.x, again.x)
    assert not np.array_equal(first.x, other.x)
    assert first.x.mean() == pytest.approx(500, abs=120)
    assert np.abs(np.diff(first.x[:, 0])).min() >= 1
    assert (np.diff(first.x[:, 0]) < 0).any()
    assert np.array_equal(first.y, first.x[:, 0] % 2)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ({"x": [1.0], "z": [1]}, "no column 'y'"),
        ({"x": ["one"], "y": [1]}, "no numbers"),
        ({"x": [None], "y": [1]}, "no row can be attacked"),
        ({"x": [5.0], "y": [1]}, "1 for a rule is broken"),
        ({"x": [np.inf], "y": [1]}, "a rule is broken"),
        ({"w": [1.0], "y": [1]}, "which the table lacks"),
        ({"x": [1.0], "w": [1], "y": [1]}, "not in the rules, such as 'w'"),
        ({"y": [1]}, "which the table lacks"),
    ],
)
def test_a_table_that_does_not_fit_is_one_clear_error(frame, said):
    """What is wrong is named, without a value of the table."""
    with pytest.raises(InputError, match=said):
        rows_of(pd.DataFrame(frame), "y", parse_rules("[columns.x]\nlow = 0\nhigh = 1\n"))


@pytest.mark.parametrize(("others", "mutable"), [("fixed", False), ("free", True)])
def test_undeclared_columns_follow_the_file(others, mutable):
    """They stay, or move over the values that the data show."""
    rules = parse_rules(f'others = "{others}"\n[columns.x]\nlow = 0\nhigh = 1\n')
    space = rows_of(pd.DataFrame({"x": [0.5, 0.1], "w": [3, 9], "y": [0, 1]}), "y", rules).space
    assert space.mutable.tolist() == [True, mutable]
    if mutable:
        assert (space.low[1], space.high[1], space.scale[1]) == (3, 9, 6)


def test_a_column_without_bounds_takes_its_scale_from_the_rows():
    """And is refused when they do not vary."""
    rules = parse_rules("[columns.x]\n")
    assert rows_of(pd.DataFrame({"x": [2.0, 7.0], "y": [0, 1]}), "y", rules).space.scale.tolist() == [5]
    with pytest.raises(InputError, match="has no scale"):
        rows_of(pd.DataFrame({"x": [2.0, 2.0], "y": [0, 1]}), "y", rules)


@pytest.mark.parametrize("others", ["fixed", "free"])
def test_undeclared_words_become_categories(others):
    """A table without any rules is read as it is; words move among those that the data show, or stay."""
    frame = pd.DataFrame({"job": ["a", "b", "a"], "on": [True, False, True], "n": [1, 2, 3], "y": ["p", "q", "p"]})
    rows = rows_of(frame, "y", parse_rules(f'others = "{others}"\n'))
    assert rows.left_out == {}
    assert rows.space.levels == {0: ("a", "b")}
    assert rows.space.mutable.tolist() == [others == "free"] * 3
    wild = pd.DataFrame({"t": [f"text {i}" for i in range(1200)], "y": [0, 1] * 600})
    with pytest.raises(InputError, match=r"'t' has more than 1,000 texts"):
        rows_of(wild, "y", parse_rules(f'others = "{others}"\n'))
