"""Spark: one session, begun with the first table that asks for it and ended with the process.

Spark counts what outgrows a machine. What a file holds is told by one strict reader whatever the engine is, so the same
file has the same columns, types and rows in both, or is refused with the reason.
"""

import atexit
import logging
import shutil
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw

from redan.errors import IncompleteError, InputError, MissingExtraError
from redan.tables.answers import answering
from redan.tables.engine import connect, named, quoted
from redan.tables.kept import Kept, Spool
from redan.tables.table import Table

EXTRA = "spark"
LOGGING = """rootLogger.level = error
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c{1}: %m%n
"""
PLAIN = "store it as one of the plain types, or use the engine 'duckdb'"
UNREADABLE = ("TIME", "UUID", "INTERVAL", "UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM", "TIME WITH TIME ZONE")


def session() -> Any:  # noqa: ANN401 - pyspark's types need pyspark
    """A Spark session in UTC: beside the one that is there, or one that is begun now and ends with the process.

    Raises:
        MissingExtraError: PySpark is not installed.
        IncompleteError: Spark does not start, as without a Java runtime, or has ended.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells pandas users what concerns no user of ours
            from pyspark.errors import PySparkException
            from pyspark.sql import SparkSession
    except ImportError as error:
        raise MissingExtraError(EXTRA, "pyspark") from error
    try:
        began = _begun(SparkSession)
        own = began.newSession()  # settings of a session that others use stay as they are
        own.conf.set("spark.sql.session.timeZone", "UTC")
    except (PySparkException, OSError) as error:
        remedy = "install Java 17 or later and set JAVA_HOME, or begin again when Spark has ended"
        raise IncompleteError("Spark does not start", remedy=remedy) from error
    return own


def _begun(kind: Any) -> Any:  # noqa: ANN401 - pyspark's types need pyspark
    """The session that is there, or a new one; without Spark's own configuration that is a local one."""
    from pyspark import SparkContext

    if SparkContext._active_spark_context is not None:  # noqa: SLF001 - there is no public way to ask without starting
        return kind.builder.getOrCreate()
    folder = Path(tempfile.mkdtemp(prefix="redan-"))
    quiet = folder / "log4j2.properties"
    quiet.write_text(LOGGING, encoding="utf-8")
    settings = {
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={quiet.as_uri()}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.warehouse.dir": folder.as_uri(),
    }
    builder = kind.builder.appName("redan")
    for name, value in settings.items():
        builder = builder.config(name, value)
    began = builder.getOrCreate()
    server = getattr(began.sparkContext, "_accumulatorServer", None)
    if server is not None:  # it prints a traceback when Spark dies; the table that was asked says so itself
        server.handle_error = lambda *_: None
    logging.getLogger().addFilter(_not_the_bridge)  # so does the bridge to it, as if it were the program
    atexit.register(_ended, began, folder)
    return began


def _not_the_bridge(record: logging.LogRecord) -> bool:
    return "py4j" not in Path(record.pathname).parts


def _ended(began: Any, folder: Path) -> None:  # noqa: ANN401 - pyspark's types need pyspark
    with suppress(IncompleteError), answering(None):
        began.stop()
    shutil.rmtree(folder, ignore_errors=True)


def spark_table(kept: Kept, near: Table) -> Table:
    """A Parquet file as a table whose values Spark counts and whose rows are read from the file.

    Args:
        kept: the file; converted, or where it lies.
        near: the same file in DuckDB.

    Raises:
        MissingExtraError: PySpark is not installed.
        IncompleteError: Spark does not start, or has ended.
        InputError: a column has a type that Spark lacks, or Spark takes it for something else.
    """
    place, types = near.place, _types(near)
    lost = [c for c, kind in types.items() if kind in UNREADABLE]
    if lost:
        what = f"column {lost[0]!r} is of the type {types[lost[0]]}, which Spark lacks"
        raise InputError(what, where=place, remedy=PLAIN)
    began = session()
    from pyspark.sql import functions

    with answering(place):
        local = began.sparkContext.master.startswith("local")
        if kept.spool is not None and not local:
            what = "is no Parquet, and the workers of a cluster cannot see its copy"
            raise InputError(what, where=place, remedy="give Parquet on storage that every worker sees")
        spool = Spool.new()
        path = _readable(kept, near, [c for c, kind in types.items() if kind == "TIMESTAMP_NS"], spool, local)
        frame = began.read.parquet(str(path))
        for column in (c for c, kind in types.items() if kind == '"NULL"'):  # Spark takes nothing at all for integers
            frame = frame.withColumn(column, functions.lit(None))
        table = Table(nw.from_native(frame), (spool, near.keeps), place, near)
    for column, kind in near.kinds.items():
        other = table.kinds.get(column)
        if kind != other and (kind != "other" or other is None or near.null_counts()[column] < near.rows):
            raise InputError(f"column {column!r} is {kind}, and {other} to Spark", where=place, remedy=PLAIN)
    return table


def _types(near: Table) -> dict[str, str]:
    relation = near.frame.to_native()
    return {c: str(t).partition("(")[0] for c, t in zip(relation.columns, relation.types, strict=True)}


def _readable(kept: Kept, near: Table, fine: list[str], spool: Spool, local: bool) -> Path:
    """Where Spark reads: a link of a plain name, since it hides and expands some names, or a copy without nanoseconds.

    Raises:
        InputError: a moment is finer than a microsecond.
    """
    if not fine and local:
        spool.file.symlink_to(kept.file.absolute())
        return spool.file
    if not fine:
        return kept.file
    connection = connect(kept.file, spool.folder)
    source = f"read_parquet({quoted(str(kept.file))})"
    finer = " OR ".join(f"epoch_ns({named(c)}) % 1000 != 0" for c in fine)
    cut = ", ".join(f"CAST({named(c)} AS TIMESTAMP) AS {named(c)}" for c in fine)
    if connection.execute(f"SELECT count(*) FROM {source} WHERE {finer}").fetchall()[0][0]:  # noqa: S608 - quoted
        raise InputError("holds moments finer than a microsecond, which Spark lacks", where=near.place, remedy=PLAIN)
    target = quoted(str(spool.file))
    connection.execute(f"COPY (SELECT * REPLACE ({cut}) FROM {source}) TO {target} (FORMAT parquet)")  # noqa: S608 - quoted
    connection.close()
    return spool.file
