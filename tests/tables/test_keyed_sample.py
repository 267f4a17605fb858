"""Samples of many rows: one column that tells all rows apart is sorted instead of all columns."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from redan.tables import table, table_of


@pytest.fixture
def short(monkeypatch):
    """The rule for many rows holds from 200 rows on."""
    monkeypatch.setattr(table, "KEYED_ROWS", 200)


def made(rows, seed=1):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"k": rng.integers(0, 5, rows), "x": rng.normal(size=rows), "c": rng.choice(list("ab"), rows)})


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("limit", [1, 37, 299])
def test_exactly_as_many_in_every_engine_and_order(limit):
    """As many rows as asked for, whole ones, the same from DuckDB, Polars and shuffled rows; another seed gives others."""
    frame = made(300)
    found = table_of(frame).sample(limit, 3)
    assert found.num_rows == limit
    assert len(found.to_pandas().merge(frame)) == limit
    for other in (pl.from_pandas(frame).lazy(), frame.sample(frac=1, random_state=0)):
        assert table_of(other).sample(limit, 3).to_pylist() == found.to_pylist()
    if limit == 37:
        assert table_of(frame).sample(limit, 4).to_pylist() != found.to_pylist()


@pytest.mark.usefixtures("short")
def test_without_such_a_column():
    """One doubled, missing or infinite number more, and all columns are sorted, as for few rows."""
    for spoilt in ([0.5, 0.5], [np.nan, 0.5]):
        frame = made(300)
        frame.loc[:1, "x"] = spoilt
        assert table_of(frame).sample(50, 3).num_rows == 50
    assert table_of(made(300)[["k", "c"]]).sample(50, 3).num_rows == 50


@pytest.mark.usefixtures("short")
def test_every_row_is_drawn_as_often():
    """Over many seeds each row has the same chance, about."""
    found = table_of(made(300))
    drawn = np.concatenate([found.sample(60, seed)["x"].to_numpy() for seed in range(120)])
    _, counts = np.unique(drawn, return_counts=True)
    assert len(counts) == 300
    assert counts.max() < 60
