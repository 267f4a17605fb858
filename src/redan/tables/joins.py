"""Questions about two tables at once: in the engine where both live in one, else on 64-bit hashes of the keys."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from redan.tables.encoded import Coded, batches

NATIVE = (nw.Implementation.PYSPARK, nw.Implementation.POLARS)  # one session or process each, so frames can meet


class Shared(NamedTuple):
    """What two tables have in common.

    Args:
        keys: distinct keys that are in both.
        rows: rows of this table whose key is in the other.
        other_rows: rows of the other table whose key is in this one.
    """

    keys: int
    rows: int
    other_rows: int


class Tally:
    """Distinct 64-bit hashes of one table, sorted, and how often each occurs."""

    def __init__(self, hashes: NDArray[np.uint64]) -> None:
        self.values, self.counts = np.unique(hashes, return_counts=True)

    def hits(self, other: "Tally") -> NDArray[np.int64]:
        """How often each distinct hash of `other` occurs here."""
        if not len(self.values):
            return np.zeros(len(other.values), dtype=np.int64)
        place = np.minimum(np.searchsorted(self.values, other.values), len(self.values) - 1)
        return np.where(self.values[place] == other.values, self.counts[place], 0).astype(np.int64)

    def repeated(self) -> NDArray[np.int64]:
        """Sizes of the groups that occur at least twice."""
        return self.counts[self.counts > 1].astype(np.int64)


def shared_keys(left: nw.LazyFrame[Any], right: nw.LazyFrame[Any], on: Sequence[Coded]) -> Shared:
    """Keys that two frames without missing parts hold; see `Table.shared_keys`."""
    if left.implementation in NATIVE and left.implementation == right.implementation:
        return _in_engine(left, right, on)
    mine, other = (Tally(np.concatenate([np.empty(0, np.uint64), *_hashes(f, on)])) for f in (left, right))
    found = other.hits(mine)
    return Shared(int((found > 0).sum()), int(mine.counts[found > 0].sum()), int(found.sum()))


def _hashes(frame: nw.LazyFrame[Any], on: Sequence[Coded]) -> list[NDArray[np.uint64]]:
    return [batch.row_hashes for batch in batches(frame, on)]


def _in_engine(left: nw.LazyFrame[Any], right: nw.LazyFrame[Any], on: Sequence[Coded]) -> Shared:
    forms = {"integer": nw.Int64(), "number": nw.Float64(), "time": nw.Datetime("us"), "bool": nw.Boolean()}
    keys = {f"k{i}": nw.col(c.name).cast(forms.get(c.form, nw.String())) for i, c in enumerate(on)}
    ours = left.select(**keys).group_by(*keys).agg(nw.len().alias("n"))
    theirs = right.select(**keys).group_by(*keys).agg(nw.len().alias("m"))
    joined = ours.join(theirs, on=list(keys), how="inner")
    sums = joined.select(keys=nw.len(), rows=nw.col("n").cast(nw.Int64).sum(), other=nw.col("m").cast(nw.Int64).sum())
    row = sums.collect("pyarrow").to_arrow().to_pylist()[0]
    return Shared(int(row["keys"]), int(row["rows"] or 0), int(row["other"] or 0))
