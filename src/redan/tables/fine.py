"""Counts between thousands of edges: the engine looks each value up instead of comparing it with every edge."""

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

FINE = (nw.Implementation.DUCKDB, nw.Implementation.PYSPARK)


def fine_counts(
    frame: nw.LazyFrame[Any], values: Mapping[str, nw.Expr], edges: Mapping[str, Sequence[float]]
) -> dict[str, NDArray[np.int64]]:
    """Values of each column in (-inf, e0), [e0, e1), ..., [ek, inf), in an engine of `FINE`.

    Args:
        frame: the rows.
        values: numbers by column, null where missing.
        edges: finite and rising, by column; equal ones have nothing between them.
    """
    chosen = frame.select(**{f"v{i}": v for i, v in enumerate(values.values())}).to_native()
    distinct = {c: np.unique(np.asarray(edges[c], dtype=float) + 0.0) for c in values}  # -0.0 is 0.0
    duckdb = frame.implementation is nw.Implementation.DUCKDB
    counted = (_by_histogram if duckdb else _by_buckets)(chosen, list(distinct.values()))
    return {c: _with_equal(n, distinct[c], edges[c]) for (c, n) in zip(values, counted, strict=True)}


def _with_equal(counts: NDArray[np.int64], distinct: NDArray[np.float64], edges: Sequence[float]) -> NDArray[np.int64]:
    """A place for every edge: the values from an edge on stand behind the last of those equal to it."""
    found = np.zeros(len(edges) + 1, dtype=np.int64)
    found[0] = counts[0]
    found[np.searchsorted(np.asarray(edges, dtype=float), distinct, side="right")] = counts[1:]
    return found


def _by_histogram(relation: Any, edges: list[NDArray[np.float64]]) -> list[NDArray[np.int64]]:  # noqa: ANN401 - DuckDB
    """DuckDB's bins hold their upper edge and not their lower one, so values and edges are turned round."""
    turned = [", ".join(repr(-float(edge)) for edge in own[::-1]) for own in edges]
    terms = [f"map_values(histogram(-v{i}, [{own}]::DOUBLE[]))" for i, own in enumerate(turned)]
    found = []
    for told, own in zip(relation.aggregate(", ".join(terms)).fetchall()[0], edges, strict=True):
        counts = np.zeros(len(own) + 1, dtype=np.int64)
        counts[: len(told or [])] = told or []  # an empty last bin is left out
        found.append(counts[::-1])
    return found


def _by_buckets(frame: Any, edges: list[NDArray[np.float64]]) -> list[NDArray[np.int64]]:  # noqa: ANN401 - Spark
    from pyspark.ml.feature import Bucketizer

    found = []
    for i, own in enumerate(edges):
        present = frame.select(f"v{i}").where(f"v{i} is not null")
        splits = [-np.inf, *own.tolist(), np.inf]
        rows = Bucketizer(splits=splits, inputCol=f"v{i}", outputCol="b").transform(present).groupBy("b").count()
        counts = np.zeros(len(own) + 1, dtype=np.int64)
        for row in rows.collect():
            counts[int(row["b"])] = row["count"]
        found.append(counts)
    return found
