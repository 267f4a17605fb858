"""A profile holds counts and bounds, and nothing raw of texts and personal columns."""

import datetime as dt

import pyarrow as pa

from redan.measures.profile import profile
from redan.tables import table_of

TABLE = pa.table(
    {
        "age": [30, 40, None],
        "name": ["Ann", "Bob", "Ann"],
        "score": [0.25, 1e-9, 12345678.9],
        "day": [dt.date(2020, 1, 1), None, dt.date(2021, 1, 1)],
        "flag": [True, None, False],
        "gone": pa.array([None, None, None], type=pa.int64()),
    }
)


def test_counts_and_bounds_are_those_of_the_data():
    """Missing, distinct, smallest and largest equal what a reader counts by hand."""
    found = profile(table_of(TABLE))
    rows = {c.name: (c.dtype, c.missing, c.distinct, c.low, c.high) for c in found.columns}
    assert found.rows == 3
    assert rows == {
        "age": ("int", 1, 2, "30", "40"),
        "name": ("string", 0, 2, None, None),
        "score": ("float", 0, 3, "1e-09", "1.23457e+07"),
        "day": ("date", 1, 2, "2020-01-01", "2021-01-01"),
        "flag": ("bool", 1, 2, None, None),
        "gone": ("int", 3, 0, None, None),
    }


def test_personal_columns_show_no_bounds():
    """A column that is declared personal keeps its counts and loses its bounds."""
    age = profile(table_of(TABLE), ["age", "no such column"]).columns[0]
    assert (age.personal, age.low, age.high, age.distinct) == (True, None, None, 2)
    assert "30" not in str(profile(table_of(TABLE), ["age"]).to_json()["columns"][0])
