"""Tables that users bring with every defect: a table, or one sentence that says what is wrong."""

import datetime as dt
import math

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from redan.errors import IncompleteError, InputError
from redan.tables import table_of
from redan.tables.answers import answered, answering

AWKWARD = ("a.b", "c`d", "e f", 'g"h', "ü", "select")


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]), "column 'a' occurs twice"),
        (lambda: pd.DataFrame([[1, 2]], columns=["a", "A"]), "differ in case only"),
        (lambda: pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])), "no name"),
        (lambda: pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), "column 'a' occurs twice"),
        (lambda: duckdb.sql("SELECT 1 AS a, 2 AS a"), "column 'a' occurs twice"),
        (lambda: pl.DataFrame({"a": [1], "A": [2]}).lazy(), "differ in case only"),
        (lambda: pd.DataFrame({"": [1]}), "no name"),
        (lambda: pd.DataFrame({"a\x1b[2J": [1]}), "control character"),
        (pd.DataFrame, "no columns"),
        (lambda: pd.DataFrame({"ok": [1, 2], "mixed": pd.Series([1, "x"], dtype=object)}), "'mixed' holds values"),
        (lambda: pd.DataFrame({"thing": [object()]}), "'thing' holds values"),
        (lambda: pl.DataFrame({f"c{i}": [1] for i in range(10_001)}), "10,001 columns"),
        (object, "is not a table"),
    ],
)
def test_refused(frame, what):
    """A frame with such columns is refused with the reason."""
    with pytest.raises(InputError, match=what):
        table_of(frame())


def test_numbered_columns():
    """pandas numbers columns that have no names; the numbers are their names."""
    assert table_of(pd.DataFrame([[1, 2]])).columns == ("0", "1")


@pytest.mark.parametrize("lazy", [False, True])
def test_awkward_names(lazy):
    """Names that mean something to an engine are names here."""
    frame = pl.DataFrame({name: [i, i + 1, None] for i, name in enumerate(AWKWARD)})
    table = table_of(frame.lazy() if lazy else frame)
    check_awkward(table)


def check_awkward(table):
    """Every kind of question is asked of columns with awkward names."""
    assert table.columns == AWKWARD
    assert table.null_counts() == dict.fromkeys(AWKWARD, 1)
    assert table.distinct_counts() == dict.fromkeys(AWKWARD, 2)
    assert [m.mean for m in table.moments(AWKWARD).values()] == [0.5 + i for i in range(len(AWKWARD))]
    assert table.complete(AWKWARD).rows == 2
    assert table.select(["c`d"]).renamed("c`d", "x.y").value_counts("x.y", 5) == [(1, 1), (2, 1)]
    assert table.sample(10, 0).column_names == list(AWKWARD)
    assert table.shared_keys(table, ["a.b", "c`d"]).keys == 2
    assert table.where("a.b", 1).edge_counts_many({"c`d": [1.5]})["c`d"].tolist() == [0, 1]


@pytest.mark.spark
def test_awkward_names_on_spark():
    """The same on Spark, which takes points and backticks in a name for something else."""
    from redan.tables.spark import session

    rows = [tuple(range(len(AWKWARD))), tuple(i + 1 for i in range(len(AWKWARD))), (None,) * len(AWKWARD)]
    frame = session().createDataFrame(rows, ", ".join(f"c{i} bigint" for i in range(len(AWKWARD)))).toDF(*AWKWARD)
    check_awkward(table_of(frame))
    with pytest.raises(InputError, match="'a' occurs twice"):
        table_of(frame.select("e f", "ü").toDF("a", "a"))


ZONED = dt.datetime(2024, 1, 1, 0, 30, tzinfo=dt.timezone(dt.timedelta(hours=9)))


def zoned(kind):
    """One moment in Tokyo, the day before in UTC."""
    match kind:
        case "duckdb":
            connection = duckdb.connect()
            connection.execute("SET TimeZone = 'Asia/Tokyo'")
            return connection.sql("SELECT TIMESTAMPTZ '2024-01-01 00:30:00+09' AS t")
        case "polars":
            return pl.DataFrame({"t": ["2024-01-01T00:30"]}).with_columns(
                pl.col("t").str.to_datetime().dt.replace_time_zone("Asia/Tokyo")
            )
        case "polars-lazy":
            return zoned("polars").lazy()
        case "pandas":
            return pd.DataFrame({"t": [pd.Timestamp(ZONED)]})
    from redan.tables.spark import session

    own = session()
    own.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    return own.sql("SELECT TIMESTAMP '2024-01-01 00:30:00' AS t")


@pytest.mark.parametrize(
    "kind", ["duckdb", "polars", "polars-lazy", "pandas", pytest.param("spark", marks=pytest.mark.spark)]
)
def test_zones(kind):
    """A moment is the same moment, and lies in the same day, whatever the zone of the session or the column."""
    table, moment = table_of(zoned(kind)), dt.datetime.fromisoformat("2023-12-31T15:30")
    assert table.bounds("t") == (moment, moment)
    assert table.bucketed("t", "1d", "day").level_counts(["day"])["day"] == [
        (dt.datetime.fromisoformat("2023-12-31"), 1)
    ]
    assert table.as_days("t").bounds("t")[0] == dt.date(2023, 12, 31)
    assert table.between("t", moment, moment) == table.where("t", moment).rows == 1


def test_odd_columns():
    """All-null, constant, infinite and huge numbers, nested values and no rows at all have answers."""
    table = table_of(
        pa.table(
            {
                "null": pa.nulls(3),
                "same": [7, 7, 7],
                "wild": [math.inf, -math.inf, 1e300],
                "nest": [[1], [1], None],
                "big": pa.array([2**63 - 1] * 3),
            }
        )
    )
    assert table.null_counts() == {"null": 3, "same": 0, "wild": 0, "nest": 1, "big": 0}
    assert table.moments(["wild", "same"])["same"].variance == 0
    assert table.moments(["wild"])["wild"].n == 1
    assert table.edge_counts("wild", [0.0]).tolist() == [1, 2]
    assert table.level_counts(["nest", "null"]) == {"nest": [([1], 2), (None, 1)], "null": [(None, 3)]}
    assert table.duplicate_rows(["nest", "same"]).groups == 1
    assert math.isnan(table.covariance(["wild", "same"]).matrix[0, 0])
    empty = table_of(pa.table({"x": pa.array([], pa.float64())}))
    assert empty.moments(["x"])["x"].n == empty.covariance(["x"]).n == empty.rows == 0
    assert empty.level_counts() == {"x": []}
    assert empty.edge_counts("x", [0.0]).tolist() == [0, 0]
    for ask in (
        lambda: table.moments(["nest"]),
        lambda: table.bucketed("same", "1d", "d"),
        lambda: table.where("?", 1),
    ):
        with pytest.raises(InputError):
            ask()


def test_too_many_groups():
    """More groups than asked for are refused and not cut."""
    table = table_of(pa.table({"x": list(range(10)), "y": [1.0] * 10}))
    for ask in (
        lambda: table.moments_by(["x"], ["y"], limit=9),
        lambda: table.edge_counts_by(["x"], {"y": [0]}, limit=9),
    ):
        with pytest.raises(InputError, match="more than 9 combinations"):
            ask()


def test_faults_of_engines():
    """What an engine cannot do is a verdict without its words, which may quote data."""
    table = table_of(duckdb.sql("SELECT CAST(x AS INTEGER) AS n FROM (VALUES ('1'), ('secret')) t(x)"))
    with pytest.raises(InputError, match="ConversionException") as fault:
        table.null_counts()
    assert "secret" not in str(fault.value)

    @answered
    def full():
        raise MemoryError

    with pytest.raises(IncompleteError, match="memory"):
        full()
    with pytest.raises(IncompleteError, match="session has ended"), answering("a.csv"):
        raise ConnectionRefusedError
    with pytest.raises(KeyError), answering(None):  # a fault of ours stays what it is
        raise KeyError


def test_narwhals_lazy_frames():
    """A lazy frame that Narwhals wraps is checked as well."""
    with pytest.raises(InputError):
        table_of(nw.from_native(pl.LazyFrame({"a": [1], "A": [1]})))
