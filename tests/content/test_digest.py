"""The content digest: the same in every format and engine, another after every change that the specification counts."""

# ruff: noqa: DTZ001 - moments without an offset are what is tested

import datetime as dt
import decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from content.content_twin import content
from redan.content import content_digest
from redan.content import digest as digest_module
from redan.errors import InputError
from redan.tables import table_of

D = decimal.Decimal
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=("Cs",)), max_size=8)
VALUES = {
    "i": st.none() | st.integers(-(1 << 62), 1 << 62),
    "f": st.none() | st.floats(allow_nan=True),
    "b": st.none() | st.booleans(),
    "t": st.none() | WORDS,
    "m": st.none() | st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)),
    "x": st.none() | st.binary(max_size=6),
}
SCHEMA = pa.schema(
    {"i": pa.int64(), "f": pa.float64(), "b": pa.bool_(), "t": pa.string(), "m": pa.timestamp("us"), "x": pa.binary()}
)
ROWS = st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=12)


def _both(found):
    return found.ordered, found.unordered


def _table(rows):
    return pa.Table.from_pylist(rows, SCHEMA)


def _columns(rows):
    return {name: [row[name] for row in rows] for name in SCHEMA.names}


@SLOW
@given(ROWS)
def test_naive_twin(rows):
    """Vectorised and naive digests agree on any rows of all kinds."""
    assume(any(_narrow(row["t"]) is False for row in rows))
    assert _both(content_digest(table_of(_table(rows)))) == content(_columns(rows))


def _narrow(text):
    """Whether a text could be a number, a truth or a moment, or is missing; the twin takes texts as texts."""
    if text is None or text.strip() in {"", "NA", "N/A", "NULL", "null", "None", "NaN", "nan"}:
        return None
    return text.strip()[:1] in "-.0123456789" or text.strip().lower() in {"true", "false"}


@SLOW
@given(ROWS, st.data())
def test_one_changed_cell_is_another_content(rows, data):
    """A changed cell changes both digests, unless the two values are one in the specification."""
    place, name = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.sampled_from(SCHEMA.names))
    other = [dict(row) for row in rows]
    other[place][name] = data.draw(VALUES[name])
    tables = [_table([*each, {**each[0], "t": "word"}]) for each in (rows, other)]
    found, now = (content_digest(table_of(table)) for table in tables)
    same = content(_columns(rows)) == content(_columns(other))
    assert (found.ordered == now.ordered, found.unordered == now.unordered) == (same, same)


@SLOW
@given(ROWS, st.randoms(use_true_random=False))
def test_order_counts_in_one_digest_only(rows, random):
    """Shuffled rows keep the unordered digest; a copy of a row changes both; columns may come in any order."""
    shuffled = random.sample(rows, len(rows))
    found, other = content_digest(table_of(_table(rows))), content_digest(table_of(_table(shuffled)))
    assert found.unordered == other.unordered
    assert (found.ordered == other.ordered) == (content(_columns(rows)) == content(_columns(shuffled)))
    assert content_digest(table_of(_table(rows).select(SCHEMA.names[::-1]))) == found
    copied = content_digest(table_of(_table([*rows, rows[0]])))
    assert copied.unordered != found.unordered
    assert copied.ordered != found.ordered


def test_a_renamed_column_is_another_content():
    """The names of the columns count, and so does an empty column."""
    one = content_digest(table_of(pa.table({"a": [1], "b": [2]})))
    assert one.unordered != content_digest(table_of(pa.table({"a": [1], "c": [2]}))).unordered
    assert one.unordered != content_digest(table_of(pa.table({"a": [1], "b": [2], "c": pa.nulls(1)}))).unordered
    assert one.unordered != content_digest(table_of(pa.table({"a": [2], "b": [1]}))).unordered


@pytest.fixture(scope="module")
def frame():
    """A table of all that a CSV file can say."""
    rng = np.random.default_rng(7)
    rows = 5_000
    return pd.DataFrame(
        {
            "whole": rng.integers(-(10**9), 10**9, rows),
            "real": rng.normal(size=rows),
            "gaps": np.where(rng.random(rows) < 0.2, np.nan, rng.integers(0, 50, rows)),
            "truth": rng.random(rows) < 0.3,
            "word": rng.choice(["a", "naïve", "x,y", 'say "no"', "two\nlines", "007", " b", "日本"], rows),
            "code": [f"{i:05d}" for i in range(rows)],
            "day": pd.to_datetime(rng.integers(0, 20_000, rows), unit="D"),
            "moment": pd.to_datetime(rng.integers(0, 10**15, rows), unit="us"),
        }
    )


@pytest.fixture(scope="module")
def expected(frame):
    """The twin's digests of that table."""
    plain = {name: frame[name].tolist() for name in frame if name not in {"day", "moment"}}
    plain |= {name: [value.to_pydatetime() for value in frame[name]] for name in ("day", "moment")}
    return content(plain)


FORMATS = {
    "d.csv": lambda f, p: f.to_csv(p, index=False),
    "d.tsv": lambda f, p: f.to_csv(p, index=False, sep="\t"),
    "d.parquet": lambda f, p: f.to_parquet(p),
    "small groups.parquet": lambda f, p: pq.write_table(pa.Table.from_pandas(f), p, row_group_size=97),
    "dictionaries.parquet": lambda f, p: f.astype({"word": "category"}).to_parquet(p),
    "d.feather": lambda f, p: pa.feather.write_feather(f, str(p)),
    "d.jsonl": lambda f, p: f.to_json(
        p, orient="records", lines=True, date_format="iso", date_unit="us", double_precision=15
    ),
    "polars.parquet": lambda f, p: pl.from_pandas(f).write_parquet(p),
    "polars.csv": lambda f, p: pl.from_pandas(f).write_csv(p),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_the_same_digests(frame, expected, tmp_path, name):
    """CSV, Parquet in several layouts, Arrow and JSON lines, written by several libraries, are one content."""
    given_ = frame.assign(real=frame["real"].round(9)) if name == "d.jsonl" else frame
    wanted = expected
    if name == "d.jsonl":
        wanted = _both(content_digest(table_of(given_)))
    FORMATS[name](given_, tmp_path / name)
    assert _both(content_digest(tmp_path / name)) == wanted


def test_a_duckdb_file_has_the_same_digests(frame, expected, tmp_path):
    """A DuckDB database is one more format."""
    connection = duckdb.connect(str(tmp_path / "d.duckdb"))
    connection.execute("CREATE TABLE x AS SELECT * FROM frame")
    connection.close()
    assert _both(content_digest(tmp_path / "d.duckdb")) == expected


@pytest.mark.parametrize(
    "bring", [lambda f: f, pl.from_pandas, lambda f: pl.from_pandas(f).lazy(), pa.Table.from_pandas, duckdb.from_df]
)
def test_every_engine_has_the_same_digests(frame, expected, bring):
    """pandas, Polars, Arrow and DuckDB frames are one content."""
    assert _both(content_digest(table_of(bring(frame)))) == expected


@pytest.mark.spark
def test_spark_has_the_same_digests(frame, expected, tmp_path):
    """A Spark frame is the same content; its rows have no order of their own."""
    from pyspark.sql import SparkSession

    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "d.parquet", coerce_timestamps="us")
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    try:
        found = content_digest(table_of(spark.read.parquet(str(tmp_path / "d.parquet")).repartition(5)))
        assert found.unordered == expected[1]
    finally:
        spark.stop()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([1, 2, None], pa.int8()), pa.array([1, 2, None], pa.uint64())),
        (pa.array([1, 2], pa.int32()), pa.array([1.0, 2.0])),
        (pa.array([0.0, 1.5]), pa.array([-0.0, 1.5])),
        (pa.array([float("nan"), 1.5]), pa.array([None, 1.5])),
        (pa.array([0.1, 343126.12], pa.float32()), pa.array([0.1, 343126.12], pa.float64())),
        (pa.array([D("1.10"), D("-3.00")], pa.decimal128(30, 2)), pa.array([1.1, -3.0])),
        (pa.array([D("1.10"), D("-3.00")], pa.decimal128(9, 2)), pa.array([1.1, -3.0])),
        (pa.array(["1", "2.50", "NA", " 7"]), pa.array([1, 2.5, None, 7])),
        (pa.array(["true", "FALSE", ""]), pa.array([True, False, None])),
        (pa.array(["2020-02-29", None]), pa.array([dt.date(2020, 2, 29), None])),
        (pa.array([dt.date(2020, 2, 29)]), pa.array([dt.datetime(2020, 2, 29)], pa.timestamp("ns"))),
        (pa.array([dt.datetime(2020, 1, 1, 5)], pa.timestamp("s")), pa.array(["2020-01-01T06:00:00+01:00"])),
        (pa.array([10**17, 1]), pa.array([str(10**17), "1"])),
        (pa.array(["a", ""]), pa.array(["a", None])),
        (pa.array(["a", "b"]).dictionary_encode(), pa.array(["a", "b"], pa.large_string())),
        (pa.array([dt.time(12, 30), None]), pa.array(["12:30:00", ""])),
    ],
)
def test_one_content(one, other):
    """Values that the specification calls one have one digest, whatever type carries them."""
    assert (
        content_digest(table_of(pa.table({"c": one}))).ordered
        == content_digest(table_of(pa.table({"c": other}))).ordered
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([1, 0]), pa.array([True, False])),
        (pa.array(["01", "2"]), pa.array([1, 2])),
        (pa.array(["é", "a"]), pa.array(["e\u0301", "a"])),
        (pa.array(["a ", "b"]), pa.array(["a", "b"])),
        (pa.array(["NA", "b"]), pa.array([None, "b"])),
        (pa.array(["a"]), pa.array([b"a"])),
        (pa.array([(1 << 53) + 1]), pa.array([1 << 53])),
        (pa.array([(1 << 53) + 1]), pa.array([float(1 << 53)])),
        (pa.array([1, 2], pa.timestamp("ns")), pa.array([0, 2], pa.timestamp("ns"))),
        (pa.array(["a", "bc"]), pa.array(["ab", "c"])),
        (pa.array([D("0.1234567890123456"), D(0)]), pa.array([0.1234567890123456, 0])),
    ],
)
def test_two_contents(one, other):
    """Values that only look alike have digests of their own."""
    assert (
        content_digest(table_of(pa.table({"c": one}))).ordered
        != content_digest(table_of(pa.table({"c": other}))).ordered
    )


@pytest.mark.parametrize("values", [[[1, 2]], [{"a": 1}], [dt.timedelta(days=1)]])
def test_values_without_a_canonical_form_are_refused(values):
    """Lists, structs and durations are refused, with the column's name."""
    with pytest.raises(InputError, match="odd"):
        content_digest(table_of(pa.table({"odd": pa.array(values)})))


def test_neighbouring_cells_cannot_be_confused():
    """No text of one cell can pass for the cells of two."""
    one = content_digest(table_of(pa.table({"a": ["x\x02\x00\x00\x00\x01y", "q"], "b": ["", "q"]})))
    other = content_digest(table_of(pa.table({"a": ["x", "q"], "b": ["y", "q"]})))
    assert one.ordered != other.ordered


def test_many_rows_are_sorted_by_the_engine(monkeypatch):
    """Beyond memory the engine sorts the digests, with the same result."""
    table = table_of(pa.table({"a": np.arange(3_000) % 700}))
    within = content_digest(table)
    monkeypatch.setattr(digest_module, "_SORTED_IN_MEMORY", 10)
    assert content_digest(table) == within


def test_long_texts_are_read_in_small_batches():
    """A long text makes the batches small; the digests do not notice."""
    words = ["short"] * 3_000
    words[7] = "x" * 2_000_000
    assert _both(content_digest(table_of(pa.table({"a": words})))) == content({"a": words})


def test_published_vectors():
    """The vectors of docs/spec/content.md."""
    table = pa.table(
        {
            "name": ["Ada", "Bob", None],
            "age": [36, None, -1],
            "score": [0.5, 1.0, float("inf")],
            "ok": [True, None, False],
        }
    )
    found = content_digest(table_of(table))
    assert found.ordered == "28540cfbf2402923546946b205cc43cc79b846a938d432e8a304f068eb82d42c"
    assert found.unordered == "c84a79168eead7f9d0e9904d494f5a144d67b885097200ecd970420394ac9a53"
