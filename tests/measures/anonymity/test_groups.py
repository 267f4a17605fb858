"""k-anonymity against a naive twin, with missing values, suppressed rows and persons of several rows."""

import math
from collections import defaultdict

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import InputError
from redan.measures.anonymity import k_anonymity
from redan.measures.anonymity.persons import known_outside, person_column
from redan.tables import table_of

CELL = st.sampled_from(["a", "b", "*", "", None])
ROWS = st.lists(st.tuples(CELL, CELL, st.sampled_from([1.5, 2.0, math.nan, None]), st.integers(0, 3)), max_size=25)


def gone(value):
    return value is None or value in ("", "*") or (isinstance(value, float) and math.isnan(value))


def plain(value):
    return None if isinstance(value, float) and math.isnan(value) else value


def naive(rows, missing):
    """Sizes by comparing each row with each other one; rows that tell nothing are left out."""
    kept = [tuple(plain(v) for v in row) for row in rows if not all(gone(v) for v in row)]

    def alike(a, b):
        if missing == "value":
            return a == b
        return all(x == y or gone(x) or gone(y) for x, y in zip(a, b, strict=True))

    return sorted(sum(alike(a, b) for b in kept) for a in kept), len(rows) - len(kept)


def frame(rows):
    return pl.DataFrame(
        {"x": [r[0] for r in rows], "y": [r[1] for r in rows], "z": [r[2] for r in rows], "who": [r[3] for r in rows]},
        schema={"x": pl.String, "y": pl.String, "z": pl.Float64, "who": pl.Int64},
    )


@settings(max_examples=60, deadline=None)
@given(ROWS, st.sampled_from(["value", "any"]))
def test_sizes_agree_with_comparing_every_pair_of_rows(rows, missing):
    """Group sizes, suppressed rows and the smallest group are those of the quadratic definition."""
    sizes, suppressed = naive([r[:3] for r in rows], missing)
    found = k_anonymity(frame(rows), ["x", "y", "z"], missing=missing)
    assert [size for size, persons in found.sizes for _ in range(persons)] == sizes
    assert (found.k, found.suppressed, found.rows) == (sizes[0] if sizes else None, suppressed, len(rows))


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_a_person_counts_once_in_a_group(rows):
    """With a column of persons, rows of one person make no crowd."""
    groups = defaultdict(set)
    for *known, who in rows:
        if not all(gone(v) for v in known):
            groups[tuple(plain(v) for v in known)].add(who)
    found = k_anonymity(frame(rows), ["x", "y", "z"], person="who")
    assert found.k == min((len(g) for g in groups.values()), default=None)
    assert found.groups == len(groups)


def test_published_example_of_three_anonymity():
    """The patients of Machanavajjhala et al. 2007, figure 2, form three groups of four."""
    found = k_anonymity(
        pd.DataFrame(
            {"zip": ["130**"] * 4 + ["1485*"] * 4 + ["130**"] * 4, "age": ["<30"] * 4 + [">=40"] * 4 + ["3*"] * 4}
        ),
        ["zip", "age"],
    )
    assert (found.k, found.groups, found.sizes) == (4, 3, ((4, 12),))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, lambda d: pl.DataFrame(d).lazy()])
def test_every_kind_of_frame_gives_the_same_groups(make):
    """pandas, Polars and lazy Polars agree."""
    rng = np.random.default_rng(4)
    found = k_anonymity(make({"a": rng.integers(0, 9, 500), "b": rng.integers(0, 3, 500)}), ["a", "b"])
    assert found.k == 9
    assert sum(p for _, p in found.sizes) == 500


def test_faulty_questions_are_refused():
    """No column, an unknown one, one named twice, and a person who is a quasi-identifier."""
    data = pd.DataFrame({"a": [1, 2], "b": [1, 1]})
    for columns, person in (([], None), (["c"], None), (["a", "a"], None), (["a"], "a"), (["a"], "nobody")):
        with pytest.raises(InputError):
            k_anonymity(data, columns, person=person)


def test_an_empty_table_and_one_row():
    """No row has no smallest group; one row stands alone."""
    assert k_anonymity(pl.DataFrame({"a": []}, schema={"a": pl.Int64}), ["a"]).k is None
    assert k_anonymity(pl.DataFrame({"a": [3]}), ["a"]).k == 1


def test_the_person_is_the_coarsest_identifier_that_repeats():
    """A household beats a person beats a row number; constants and columns that do not exist tell nobody apart."""
    n = 60
    table = table_of(
        pd.DataFrame(
            {"row": range(n), "who": [i // 2 for i in range(n)], "home": [i // 6 for i in range(n)], "one": ["x"] * n}
        )
    )
    assert person_column(table, ["row", "who", "home", "one", "ghost"]) == "home"
    assert person_column(table, ["row"]) is None
    assert person_column(table, ["one"]) is None
    assert person_column(table, []) is None


def test_birth_dates_that_nobody_declared_are_known_outside():
    """A column of birth dates is found by its content; a declared one is not told again."""
    rng = np.random.default_rng(2)
    born = pd.Timestamp("1945-01-01") + pd.to_timedelta(rng.integers(0, 20_000, 300), unit="D")
    table = table_of(pd.DataFrame({"born": born.date.astype(str), "usage": rng.normal(size=300)}))
    assert list(known_outside(table, [])) == ["born"]
    assert known_outside(table, ["born"]) == {}
