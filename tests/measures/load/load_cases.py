"""Rows by day that several tests use."""

import datetime as dt

import numpy as np
import pyarrow as pa

from redan.measures.load import Days
from redan.tables import table_of

START = dt.date(2026, 1, 5)


def days(counts, start=START):
    """Rows by day from counts of shape (days,) or (days, classes)."""
    counts = np.asarray(counts, dtype=np.int64)
    counts = counts[:, None] if counts.ndim == 1 else counts
    kept = np.flatnonzero(counts.sum(axis=1))
    dates = tuple(start + dt.timedelta(days=int(i)) for i in kept)
    return Days(days=dates, classes=tuple(f"c{i}" for i in range(counts.shape[1])), counts=counts[kept])


def table(counts, start=START, label=None):
    """A table with a moment per row, spread over each day."""
    times, labels = [], []
    for i, count in enumerate(counts):
        begin = dt.datetime.combine(start + dt.timedelta(days=i), dt.time())
        times += [begin + dt.timedelta(seconds=86_399 * (j + 0.5) / count) for j in range(count)]
        labels += [label(i, j) if label else "x" for j in range(count)]
    return table_of(pa.table({"at": pa.array(times, pa.timestamp("us")), "kind": labels}))
