"""Files that Spark counts: columns, types and answers as DuckDB has them, or a reason."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from redan.errors import InputError, MissingExtraError
from redan.tables import open_table

pytestmark = pytest.mark.spark

ROWS = 400
LINES = "".join(
    f"{i},2024-01-{i % 28 + 1:02d},2024-01-{i % 28 + 1:02d} 10:00:00,{i / 7},n{i % 3},{'true' if i % 2 else 'NA'},0{i}\n"
    for i in range(ROWS)
)
QUESTIONS = (
    lambda t: t.null_counts(),
    lambda t: t.distinct_counts(),
    lambda t: t.level_counts(limit=500),
    lambda t: t.group_counts(["name", "flag"]),
    lambda t: t.bounds("when"),
    lambda t: t.sample(5, 1).to_pydict(),
    lambda t: t.duplicate_rows(["name"]),
    lambda t: t.distinct_sample("x", 5, 0),
    lambda t: t.quantiles("x", [0.1, 0.5]).tolist(),
    lambda t: t.edge_counts("x", np.linspace(0, 50, 200).tolist()).tolist(),
    lambda t: t.matching("name", "[12]$"),
    lambda t: t.bucketed("when", "1d", "to").group_counts(["to"]),
    lambda t: t.complete(["flag"]).where("name", "n1").first(10**6).moments_by(["flag"], ["id"]),
    lambda t: t.shared_keys(t.renamed("x", "y"), ["id", "day"]),
    lambda t: t.as_days("when").bounds("when"),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A delimited file with a column of every type."""
    path = tmp_path_factory.mktemp("spark") / "_odd name{1}.csv"
    path.write_text("id,day,when,x,name,flag,code\n" + LINES, encoding="utf-8")
    return path


def test_file_is_the_same_in_both(file):
    """Kinds, rows and every answer are those of DuckDB."""
    near, far = open_table(file), open_table(file, "spark")
    assert far.frame.implementation.is_pyspark()
    assert far.kinds == near.kinds
    assert far.kinds["code"] == "string"
    for ask in QUESTIONS:
        assert ask(far) == ask(near)
    for column, own in far.moments(["id", "x"]).items():
        assert own == pytest.approx(near.moments([column])[column])
    assert far.covariance(["id", "x"]).matrix == pytest.approx(near.covariance(["id", "x"]).matrix)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT timestamp_ns '2024-01-01 00:00:00.000001' AS a", None),
        ("SELECT timestamp_ns '2024-01-01 00:00:00.000000001' AS a", "finer than a microsecond"),
        ("SELECT timestamptz '2024-01-01 00:00:00+09' AS a", None),
        ("SELECT NULL AS a, 1 AS b", None),
        ("SELECT 1.5::DECIMAL(10, 2) AS a", None),
        ("SELECT [1] AS a, {'x': 1} AS b", None),
        ('SELECT 1 AS "a.b", 2 AS "c`d"', None),
        ("SELECT uuid() AS a", "UUID"),
        ("SELECT 5::UBIGINT AS a", "UBIGINT"),
        ("SELECT TIME '10:00' AS a", "TIME"),
    ],
)
def test_types(tmp_path, sql, said):
    """A Parquet file of any type is read alike or refused with the column."""
    path = tmp_path / "_hidden.parquet"  # Spark leaves out files of such names
    duckdb.sql(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    if said is not None:
        with pytest.raises(InputError, match=said):
            open_table(path, "spark")
        return
    near, far = open_table(path), open_table(path, "spark")
    assert far.kinds == near.kinds
    assert far.level_counts() == near.level_counts()


def test_missing_extra(file, monkeypatch):
    """Without PySpark the install line is said."""
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(MissingExtraError, match=r"redan\[spark\]"):
        open_table(file, "spark")


DYING = """
import os, sys
from pathlib import Path
from pyspark import SparkContext
from redan.errors import IncompleteError
from redan.tables import open_table

table = open_table(Path(sys.argv[1]), "spark")
assert table.null_counts()["id"] == 0
os.kill(SparkContext._active_spark_context._jvm.java.lang.ProcessHandle.current().pid(), 9)
asked = (table.null_counts, lambda: table.moments(["x"]), lambda: open_table(Path(sys.argv[1]), "spark"),
         lambda: table.where("id", 3).rows, lambda: table.distinct_counts())
for ask in asked:
    try:
        ask()
    except IncompleteError as error:
        print("incomplete:", error)
"""


@pytest.mark.slow
def test_spark_that_dies(file):
    """A session that is killed in the middle gives verdicts, and the process ends without a traceback."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DYING, str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("incomplete:") == 5
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_no_java(file):
    """Without a Java runtime the remedy is said."""
    code = "import sys; from pathlib import Path; from redan.tables import open_table; open_table(Path(sys.argv[1]), 'spark')"
    env = {"PATH": str(Path(sys.executable).parent), "HOME": os.environ.get("HOME", "/"), "JAVA_HOME": "/nowhere"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=env,
    )
    assert "Spark does not start (install Java 17" in done.stderr
