"""The cheap test for plain numbers accepts nothing that their shape refuses."""

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.tables.types import _FLOAT, _plain

TEXTS = st.lists(st.text(alphabet="0123456789.eE+-_ xinfa", max_size=24), max_size=60)
EDGES = [
    "1_0",
    "12 ",
    "1e999",
    "9e308",
    "1E+05",
    "1nan",
    "1f",
    "0x10",
    "1" * 15,
    "1" * 16,
    "1" * 400,
    "1.",
    "1e",
    "1e+",
]


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_the_shortcut_is_narrower_than_the_shape(texts):
    """Whatever takes the shortcut has the shape of a number of at most fifteen whole digits."""
    values = [(text,) for text in (*texts, *EDGES)]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (a VARCHAR)")
        connection.executemany("INSERT INTO t VALUES (?)", values)
        query = f"SELECT a FROM t WHERE ({_plain('a')}) AND NOT regexp_full_match(trim(a), '{_FLOAT}')"
        assert connection.execute(query).fetchall() == []
        taken = connection.execute(f"SELECT count(*) FROM t WHERE {_plain('a')}").fetchone()
        assert taken is not None
        assert taken[0] >= 3
