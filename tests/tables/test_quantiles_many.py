"""Quantiles of many columns at once."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from redan.errors import InputError
from redan.tables import table_of

QS = [0.0, 0.1, 0.5, 0.9, 1.0]


@pytest.fixture
def frame():
    """Numbers, whole numbers under an awkward name, truth values, nothing at all, infinities."""
    rng = np.random.default_rng(0)
    made = {
        "a": rng.normal(size=101),
        'b "q"': rng.integers(0, 3, 101),
        "c": [True, False] * 50 + [True],
        "none": [np.nan] * 101,
        "ends": [np.inf, -np.inf] + [1.0] * 99,
    }
    made["a"][3] = np.nan
    return pd.DataFrame(made)


@pytest.mark.parametrize("bring", [lambda f: f, lambda f: pl.from_pandas(f).lazy()], ids=["duckdb", "polars"])
def test_many_are_each_alone(frame, bring):
    """All columns in one call have the quantiles that each has alone, in either engine, and those of NumPy."""
    table = table_of(bring(frame))
    found = table.quantiles_many(table.columns, QS)
    for column in table.columns:
        np.testing.assert_allclose(found[column], table.quantiles(column, QS), rtol=1e-12)
    np.testing.assert_allclose(found["a"], np.nanquantile(frame["a"], QS), rtol=1e-12)
    assert np.isnan(found["none"]).all()


def test_only_numbers_have_quantiles():
    """A column of text is refused."""
    with pytest.raises(InputError, match="not numeric"):
        table_of(pd.DataFrame({"t": ["a", "b"]})).quantiles_many(["t"], QS)
