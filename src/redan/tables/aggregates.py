"""Small numbers about many columns from one pass of the engine: counts between edges, moments, sizes of groups."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from redan.tables.engine import named
from redan.tables.fine import fine_counts

# More are searched, fewer compared one by one: DuckDB searches faster from a handful on, Spark has a job per column.
FEW_EDGES = {nw.Implementation.DUCKDB: 4, nw.Implementation.PYSPARK: 64}

Counts: TypeAlias = NDArray[np.int64]
Key: TypeAlias = tuple[Any, ...]
Edges: TypeAlias = Mapping[str, Sequence[float]]
Values: TypeAlias = Mapping[str, nw.Expr]


class Moments(NamedTuple):
    """The finite values of one numeric column.

    Args:
        n: how many there are; missing and infinite values are left out.
        mean: NaN when there is none.
        variance: with n - 1 below the line; NaN for fewer than two values.
        low: the smallest; NaN when there is none.
        high: the largest; NaN when there is none.
    """

    n: int
    mean: float
    variance: float
    low: float
    high: float


class GroupMoments(NamedTuple):
    """One group of rows.

    Args:
        rows: its size.
        columns: moments by column.
    """

    rows: int
    columns: Mapping[str, Moments]


class Covariance(NamedTuple):
    """How numeric columns vary together, over the rows in which all of them are finite.

    Args:
        n: those rows.
        mean: by column, NaN when there is no row.
        matrix: covariances with n - 1 below the line, NaN for fewer than two rows.
    """

    n: int
    mean: NDArray[np.float64]
    matrix: NDArray[np.float64]


def edge_counts(frame: nw.LazyFrame[Any], values: Values, edges: Edges) -> dict[str, Counts]:
    """Values of each column in (-inf, e0), [e0, e1), ..., [ek, inf)."""
    few = FEW_EDGES.get(frame.implementation, math.inf)
    many = (c for c in values if len(edges[c]) > few)
    fine = {c for c in many if np.isfinite(edges[c]).all()}
    rest = {c: v for c, v in values.items() if c not in fine}
    found = edge_counts_by(frame, {}, rest, edges, 1)[0][()] if rest else {}
    if fine:
        chosen = {c: v for c, v in values.items() if c in fine}
        found |= fine_counts(frame, chosen, {c: edges[c] for c in chosen})
    return {c: found[c] for c in values}


def edge_counts_by(
    frame: nw.LazyFrame[Any], keys: Values, values: Values, edges: Edges, limit: int
) -> tuple[dict[Key, dict[str, Counts]], bool]:
    """Counts between edges for each group, and whether all groups are there."""
    terms = {}
    for i, name in enumerate(values):
        terms[f"n{i}"] = nw.col(f"v{i}").count()
        for j, edge in enumerate(edges[name]):
            terms[f"e{i}_{j}"] = (nw.col(f"v{i}") >= float(edge)).cast(nw.Int64).sum()
    rows, complete = _rows(frame, keys, values, terms, limit)
    return {_key(row, keys): _between(row, values, edges) for row in rows}, complete


def moments_by(
    frame: nw.LazyFrame[Any], keys: Values, values: Values, limit: int
) -> tuple[dict[Key, GroupMoments], bool]:
    """Moments for each group, and whether all groups are there."""
    terms = {"rows": nw.len()}
    for i, _ in enumerate(values):
        value = nw.col(f"v{i}")
        terms |= {f"n{i}": value.count(), f"m{i}": value.mean(), f"s{i}": value.var(ddof=1)}
        terms |= {f"l{i}": value.min(), f"h{i}": value.max()}
    rows, complete = _rows(frame, keys, {c: finite(v) for c, v in values.items()}, terms, limit)
    found = {}
    for row in rows:
        columns = {
            c: Moments(int(row[f"n{i}"]), *(_real(row[f"{k}{i}"]) for k in "mslh")) for i, c in enumerate(values)
        }
        found[_key(row, keys)] = GroupMoments(int(row["rows"]), columns)
    return found, complete


def covariance(frame: nw.LazyFrame[Any], values: Values) -> Covariance:
    """Means, then products of what is left: two passes, so that nothing cancels (Chan et al., 1983)."""
    size = len(values)
    chosen = frame.select(**{f"v{i}": finite(v) for i, v in enumerate(values.values())})
    chosen = chosen.filter(*(~nw.col(f"v{i}").is_null() for i in range(size)))
    first = _one(chosen.select(n=nw.len(), **{f"m{i}": nw.col(f"v{i}").mean() for i in range(size)}))
    n, mean = int(first["n"]), np.array([_real(first[f"m{i}"]) for i in range(size)])
    matrix = np.full((size, size), math.nan)
    if n < 2:  # noqa: PLR2004 - a variance needs two values
        return Covariance(n, mean, matrix)
    left = [nw.col(f"v{i}") - float(m) for i, m in enumerate(mean)]
    pairs = {f"p{i}_{j}": (left[i] * left[j]).sum() for i in range(size) for j in range(i, size)}
    second = _one(chosen.select(**pairs))
    for i in range(size):
        for j in range(i, size):
            matrix[i, j] = matrix[j, i] = _real(second[f"p{i}_{j}"]) / (n - 1)
    return Covariance(n, mean, matrix)


def duckdb_quantiles(
    frame: nw.LazyFrame[Any], columns: Iterable[str], qs: Sequence[float]
) -> dict[str, NDArray[np.float64]] | None:
    """Exact quantiles of numeric columns, linear between order statistics; None where the engine is not DuckDB."""
    if frame.implementation is not nw.Implementation.DUCKDB or not qs:
        return None
    wanted, found = [float(q) for q in qs], {}
    for column in columns:  # one by one: each holds its column in memory
        value = f"CAST({named(column)} AS DOUBLE)"
        term = f"quantile_cont(CASE WHEN isnan({value}) THEN NULL ELSE {value} END, {wanted})"
        cells = frame.to_native().aggregate(term).fetchall()[0][0]
        found[column] = np.full(len(wanted), math.nan) if cells is None else np.array(cells, dtype=np.float64)
    return found


def finite(value: nw.Expr) -> nw.Expr:
    """A number, or missing when it is not finite."""
    return nw.when((value > -math.inf) & (value < math.inf)).then(value)


def _rows(
    frame: nw.LazyFrame[Any], keys: Values, values: Values, terms: Mapping[str, nw.Expr], limit: int
) -> tuple[list[dict[str, Any]], bool]:
    inner = {f"k{i}": k for i, k in enumerate(keys.values())}
    chosen = frame.select(**inner, **{f"v{i}": v for i, v in enumerate(values.values())})
    counted = chosen.group_by(*inner).agg(**terms).head(limit + 1) if inner else chosen.select(**terms)
    rows = counted.collect("pyarrow").to_arrow().to_pylist()
    return sorted(rows[:limit], key=lambda r: repr(_key(r, keys))), len(rows) <= limit


def _key(row: Mapping[str, Any], keys: Values) -> Key:
    return tuple(row[f"k{i}"] for i in range(len(keys)))


def _between(row: Mapping[str, Any], values: Values, edges: Edges) -> dict[str, Counts]:
    found = {}
    for i, name in enumerate(values):
        above = [int(row[f"n{i}"] or 0), *(int(row[f"e{i}_{j}"] or 0) for j in range(len(edges[name]))), 0]
        found[name] = np.array(above[:-1], dtype=np.int64) - np.array(above[1:], dtype=np.int64)
    return found


def _one(frame: nw.LazyFrame[Any]) -> dict[str, Any]:
    return dict(frame.collect("pyarrow").to_arrow().to_pylist()[0])


def _real(value: float | None) -> float:
    return math.nan if value is None else float(value)
