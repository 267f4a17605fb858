"""Suggested rules: what was planted is found, chance is not, and any table gets an answer."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from redan.attacks.tables import parse_rules, rows_of, suggest_rules, written
from redan.attacks.tables.rules import Linear, Ratio
from redan.errors import InputError


@pytest.fixture
def planted():
    """A table with a group, a sum, a quotient and an order, among columns that have nothing to do with each other."""
    rng = np.random.default_rng(0)
    n = 600
    group = np.eye(3, dtype=int)[rng.integers(0, 3, n)]
    income, a, b = rng.uniform(1, 100, n), rng.uniform(0, 50, n), rng.uniform(0, 50, n)
    debt = rng.uniform(1, 300, n)
    open_ = rng.integers(0, 20, n)
    return pd.DataFrame(
        {
            "h1": group[:, 0],
            "h2": group[:, 1],
            "h3": group[:, 2],
            "flag": rng.integers(0, 2, n),
            "a": a,
            "b": b,
            "total": a + b,
            "income": income,
            "debt": debt,
            "share": debt / income,
            "open": open_,
            "all": open_ + rng.integers(0, 20, n),
            "noise": rng.normal(0, 50, n),
            "job": rng.choice(["x", "y", "z"], n),
            "y": rng.integers(0, 2, n),
        }
    )


def test_planted_relations_are_found(planted):
    """Group, sum, quotient and order; bounds, whole numbers and levels as they are."""
    rules = suggest_rules(planted, "y").rules
    assert [group.columns for group in rules.one_hot] == [("h1", "h2", "h3")]
    assert Linear(terms={"total": 1, "a": -1, "b": -1}, equals=0) in rules.linear
    assert Linear(terms={"open": 1, "all": -1}, at_most=0) in rules.linear
    assert Ratio(numerator="debt", denominator="income", equals="share") in rules.ratio
    assert rules.columns["flag"].type == "bool"
    assert (rules.columns["open"].type, rules.columns["open"].low) == ("integer", 0)
    assert rules.columns["job"].levels == ("x", "y", "z")
    assert not any("noise" in linear.terms for linear in rules.linear)
    told = {frozenset(linear.terms) for linear in rules.linear}
    assert told <= {
        frozenset(names) for names in (("total", "a", "b"), ("open", "all"), ("a", "total"), ("b", "total"))
    }


def test_a_suggestion_fits_its_own_table(planted):
    """Written, read again and applied, no row is left out."""
    suggested = suggest_rules(planted, "y")
    rules = parse_rules(written(suggested.rules, suggested.notes))
    assert rules == suggested.rules
    assert rows_of(planted, "y", rules).left_out == {}


def test_independent_columns_have_no_relations():
    """Of ten columns that are drawn by themselves, nothing is said."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(400, 10))).add_prefix("x")
    rules = suggest_rules(frame).rules
    assert (rules.linear, rules.ratio, rules.one_hot) == ((), (), ())


def test_columns_far_apart_are_no_relation():
    """One is always below another since they have other units: shuffled rows say the same."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"small": rng.uniform(0, 1, 300), "large": rng.uniform(100, 200, 300)})
    assert suggest_rules(frame).rules.linear == ()


def test_any_table_gets_an_answer():
    """Empty, constant, missing, infinite, dated, nested, long and wide columns."""
    n = 60
    frame = pd.DataFrame(
        {
            "none": [None] * n,
            "constant": [1.5] * n,
            "infinite": [np.inf] * n,
            "some": [None, 1.0] * (n // 2),
            "day": [dt.date(2020, 1, 1)] * n,
            "list": [[1]] * n,
            "many": [f"text {i}" for i in range(n)],
            "long": ["x" * 100_000] * n,
            "id": np.arange(n) + 5,
            "flag": [True, False] * (n // 2),
            "y": [0, 1] * (n // 2),
        }
    )
    suggested = suggest_rules(frame, "y")
    assert {"day", "list"}.isdisjoint(suggested.rules.columns)
    assert not suggested.rules.columns["constant"].mutable
    assert not suggested.rules.columns["none"].mutable
    notes = " ".join(suggested.notes)
    assert "'id' tells all rows apart" in notes
    assert "'day' holds neither" in notes
    assert "'some' has missing values" in notes
    wide = pd.DataFrame({"w": [f"t{i}" for i in range(1100)]})
    assert "more than 1,000 texts" in suggest_rules(wide).notes[0]
    with pytest.raises(InputError, match="no column"):
        suggest_rules(frame, "z")
    with pytest.raises(InputError, match="no row"):
        suggest_rules(frame[:0], "y")
