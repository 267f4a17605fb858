"""Every primitive gives the same numbers in every engine, and the numbers that plain Python gives."""

import collections
import datetime as dt
import math
import random
import statistics

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from redan.errors import InputError
from redan.tables import Duplicates, Shared, table_of
from redan.tables.encoded import Coded
from redan.tables.spark import session


def cells(seed, rows=200):
    """A table of plain lists with missing values in every kind of column."""
    rng = random.Random(seed)

    def some(value):
        return None if rng.random() < 0.1 else value

    return {
        "count": [some(rng.randrange(-5, 6)) for _ in range(rows)],
        "amount": [some(round(rng.gauss(0, 1), 3)) for _ in range(rows)],
        "word": [some(rng.choice(["ab", "b", "c d", "ümlaut", ""])) for _ in range(rows)],
        "flag": [some(rng.random() < 0.5) for _ in range(rows)],
        "day": [some(dt.date(2024, 1, 1) + dt.timedelta(days=rng.randrange(40))) for _ in range(rows)],
    }


CELLS, OTHER = cells(1), cells(2, 50)
SCHEMA = pa.schema(
    [("count", pa.int64()), ("amount", pa.float64()), ("word", pa.string()), ("flag", pa.bool_()), ("day", pa.date32())]
)


@pytest.fixture(scope="module")
def spark():
    """A session of its own beside the one of this test run."""
    pytest.importorskip("pyspark")
    return session()


@pytest.fixture(
    scope="module",
    params=["duckdb", "pyarrow", "pandas", "polars", "polars-lazy", pytest.param("spark", marks=pytest.mark.spark)],
)
def make(request):
    """Brings columns into one engine."""

    def build(columns):
        arrow = pa.table(columns, schema=SCHEMA)
        match request.param:
            case "duckdb":
                import duckdb

                connection = duckdb.connect()
                relation = connection.from_arrow(arrow)
                return table_of(relation)
            case "pandas":
                return table_of(arrow.to_pandas(types_mapper=pd.ArrowDtype))
            case "polars":
                return table_of(pl.from_arrow(arrow))
            case "polars-lazy":
                return table_of(pl.from_arrow(arrow).lazy())
            case "spark":
                session = request.getfixturevalue("spark")
                rows = list(zip(*columns.values(), strict=True))
                return table_of(
                    session.createDataFrame(rows, "count bigint, amount double, word string, flag boolean, day date")
                )
        return table_of(arrow)

    return build


@pytest.fixture(scope="module")
def table(make):
    """The larger table in one engine."""
    return make(CELLS)


def present(name, columns=CELLS):
    """Values that are not missing."""
    return [v for v in columns[name] if v is not None]


def test_shape(table):
    """Names, kinds and rows are as brought."""
    assert table.columns == tuple(CELLS)
    assert [table.dtype(c) for c in table.columns] == ["int", "float", "string", "bool", "date"]
    assert table.rows == 200


def test_counts(table):
    """Missing, distinct and frequent values are as counted by hand."""
    assert table.null_counts() == {n: v.count(None) for n, v in CELLS.items()}
    assert table.distinct_counts() == {n: len(set(present(n))) for n in CELLS}
    expected = sorted(collections.Counter(present("word")).items(), key=lambda p: (-p[1], p[0]))
    assert table.value_counts("word", 3) == expected[:3]


def test_numbers(table):
    """Quantiles, edges and bounds are as plain Python has them."""
    values, qs = sorted(present("amount")), [0.0, 0.1, 0.5, 0.9, 1.0]
    naive = [np.interp(q * (len(values) - 1), range(len(values)), values) for q in qs]
    assert table.quantiles("amount", qs) == pytest.approx(naive, abs=1e-9)
    assert table.quantiles("count", [0.5])[0] == pytest.approx(statistics.median(present("count")))
    edges = [-1.0, 0.0, 0.5]
    bins = [sum(lo <= v < hi for v in values) for lo, hi in zip([-math.inf, *edges], [*edges, math.inf], strict=True)]
    assert table.edge_counts("amount", edges).tolist() == bins
    assert table.bounds("day") == (min(present("day")), max(present("day")))
    assert table.between("count", -1, 2) == sum(-1 <= v <= 2 for v in present("count"))


def test_many_edges(table):
    """Few and many edges of several columns are counted in one pass as a loop counts them, equal edges included."""
    edges = {"amount": sorted([*np.round(np.linspace(-3, 3, 80), 1), 0.0]), "count": [-2, 0, 3], "flag": [0.5]}
    found = table.edge_counts_many(edges)
    for column, own in edges.items():
        ends = zip([-math.inf, *own], [*own, math.inf], strict=True)
        assert found[column].tolist() == [sum(lo <= v < hi for v in present(column)) for lo, hi in ends], column
    assert found["amount"].tolist() == table.edge_counts("amount", edges["amount"]).tolist()


def test_edges_by_group(table):
    """Counts between edges for each group are those of the rows of the group."""
    found = table.edge_counts_by(["word"], {"count": [0, 2]})
    pairs = [(w, c) for w, c in zip(CELLS["word"], CELLS["count"], strict=True) if c is not None]
    for (word,), counts in found.items():
        own = [c for w, c in pairs if w == word]
        assert counts["count"].tolist() == [
            sum(c < 0 for c in own),
            sum(0 <= c < 2 for c in own),
            sum(c >= 2 for c in own),
        ]
    assert set(found) == {(w,) for w in CELLS["word"]}


def test_levels(table):
    """Values of every column are counted, missing ones too; too many are not told."""
    found = table.level_counts(limit=30)
    for column, cells_of in CELLS.items():
        counts = collections.Counter(cells_of)
        assert found[column] is None if len(counts) > 30 else dict(found[column]) == dict(counts)
    assert found["amount"] is None


def test_moments(table):
    """Mean, variance and bounds are those of the statistics module, for all rows and for each group."""
    for column, own in table.moments(["amount", "count", "flag"]).items():
        values = [float(v) for v in present(column)]
        assert own == pytest.approx(
            (len(values), statistics.fmean(values), statistics.variance(values), min(values), max(values))
        )
    for (word,), group in table.moments_by(["word"], ["amount"]).items():
        own = [a for w, a in zip(CELLS["word"], CELLS["amount"], strict=True) if w == word]
        values = [a for a in own if a is not None]
        assert group.rows == len(own)
        assert group.columns["amount"][:3] == pytest.approx(
            (len(values), statistics.fmean(values), statistics.variance(values))
        )


def test_covariance(table):
    """Covariances are those of NumPy over complete rows."""
    both = [(a, c) for a, c in zip(CELLS["amount"], CELLS["count"], strict=True) if None not in (a, c)]
    found = table.covariance(["amount", "count"])
    assert found.n == len(both)
    assert found.mean == pytest.approx(np.mean(both, axis=0))
    assert found.matrix == pytest.approx(np.cov(np.transpose(both)))


def test_group_sizes(table):
    """Sizes of groups are counted."""
    sizes = collections.Counter(collections.Counter(zip(CELLS["word"], CELLS["count"], strict=True)).values())
    assert table.group_sizes(["word", "count"]) == dict(sorted(sizes.items()))


def test_bins_and_buckets(table):
    """Numbers become bins and days become months, and both can be grouped by."""
    naive = collections.Counter(None if v is None else (v >= -1) + (v >= 2) for v in CELLS["count"])
    assert dict(table.binned({"count": [-1, 2]}).level_counts(["count"])["count"]) == dict(naive)
    months = collections.Counter(
        None if d is None else dt.datetime.fromisoformat(f"{d:%Y-%m}-01") for d in CELLS["day"]
    )
    assert dict(table.bucketed("day", "1mo", "month").level_counts(["month"])["month"]) == dict(months)


def test_where(table):
    """One value's rows, or those in which it is missing."""
    assert table.where("word", "b").rows == CELLS["word"].count("b")
    assert table.where("word", None).rows == CELLS["word"].count(None)
    assert table.where("count", 2).where("flag", True).select(["day"]).rows == sum(
        c == 2 and f is True for c, f in zip(CELLS["count"], CELLS["flag"], strict=True)
    )


def test_batches(table):
    """Rows streamed from any engine are those of the table, and so are texts."""
    plan = [Coded("count", "integer"), Coded("word", "text")]
    arrow = table_of(pa.table(CELLS, schema=SCHEMA))
    ours, theirs = (np.concatenate([b.row_hashes for b in t.batches(plan)]) for t in (table, arrow))
    assert sorted(ours) == sorted(theirs)
    texts = [text for batch in table.texts("word", 1) for text in batch]
    assert sorted(map(str, texts)) == sorted(str(w if w is None else w[:1]) for w in CELLS["word"])


def test_groups(table):
    """Groups and duplicates treat missing as a value of its own."""
    pairs = collections.Counter(zip(CELLS["word"], CELLS["flag"], strict=True))
    assert dict(table.group_counts(["word", "flag"])) == dict(pairs)
    many = [n for n in pairs.values() if n > 1]
    assert table.duplicate_rows(["word", "flag"]) == Duplicates(len(many), sum(many), len(pairs))


def test_text(table):
    """Patterns and distinct samples see text."""
    assert table.matching("word", "^[a-c]") == sum(v[:1] in {"a", "b", "c"} for v in present("word"))
    assert table.distinct_sample("word", 100, 0) == sorted(set(present("word")))
    assert len(table.distinct_sample("word", 2, 0)) == 2


def test_distinct_sample_is_the_same_in_every_engine(table):
    """The seed alone chooses the values."""
    assert table.distinct_sample("day", 5, 3) == table_of(pa.table(CELLS, schema=SCHEMA)).distinct_sample("day", 5, 3)


def test_sample(table):
    """A sample has whole rows of the table, at most as many as asked for."""
    rows = set(zip(*CELLS.values(), strict=True))
    found = table.sample(20, 5)
    assert found.num_rows == 20
    assert set(zip(*found.to_pydict().values(), strict=True)) <= rows
    assert table.sample(1000, 5).num_rows == 200


@pytest.mark.parametrize("on", [["word"], ["count", "flag"], ["amount"]])
def test_shared_keys(make, table, on):
    """Shared keys are those of a loop over both tables, missing parts left out."""
    other = make(OTHER)
    mine, theirs = ([k for k in zip(*(c[name] for name in on), strict=True) if None not in k] for c in (CELLS, OTHER))
    both = set(mine) & set(theirs)
    naive = Shared(len(both), sum(k in both for k in mine), sum(k in both for k in theirs))
    assert table.shared_keys(other, on) == naive
    assert table.shared_keys(table_of(pa.table(OTHER, schema=SCHEMA)), on) == naive


def test_nan_is_missing():
    """NaN counts as missing and never as a value."""
    table = table_of(pl.DataFrame({"x": [1.0, math.nan, None]}).lazy())
    assert table.null_counts() == {"x": 2}
    assert table.distinct_counts() == {"x": 1}
    assert table.bounds("x") == (1.0, 1.0)


def test_integer_sums_are_exact():
    """Counts beyond 32 bits come back as integers, not as decimals."""
    table = table_of(pa.table({"x": pa.array([2**40, 2**40 + 1])}))
    assert table.edge_counts("x", [2**40 + 1]).tolist() == [1, 1]


def test_wrong_questions():
    """Unknown columns, text as numbers, floods of groups and of rows are refused in one line."""
    table = table_of(pa.table({"x": ["a", "b"]}))
    for ask in (
        lambda: table.dtype("y"),
        lambda: table.quantiles("x", [0.5]),
        lambda: table.group_counts(["x"], limit=1),
        lambda: table.sample(10**9, 0),
        lambda: table_of(object()),
    ):
        with pytest.raises(InputError):
            ask()


def test_capsule_is_enough():
    """Any object with the Arrow stream interface is a table."""

    class Capsule:
        def __arrow_c_stream__(self, requested_schema=None):
            return pa.table({"x": [1, 2]}).__arrow_c_stream__(requested_schema)

    assert table_of(Capsule()).rows == 2


def test_narwhals_frames_are_taken():
    """A frame that Narwhals wraps already is a table."""
    assert table_of(nw.from_native(pl.DataFrame({"x": [1]}))).rows == 1
