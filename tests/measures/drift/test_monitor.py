"""A stream of batches: quiet months make no alarm, a shift is named within days, and the state is a value."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from redan.measures.drift import Monitor, freeze
from redan.measures.drift.bins import Bins
from redan.measures.drift.frozen import Frozen
from redan.tables import table_of

EDGES = tuple(norm.ppf(np.arange(1, 20) / 20))
QUIET = np.full(20, 0.05)


def shares(moved):
    return np.diff([0, *norm.cdf(np.array(EDGES) - moved), 1])


def counts(rng, names, rows, share=QUIET):
    return {name: np.concatenate([[0], rng.multinomial(rows, share)]) for name in names}


def frozen(rng, columns, rows):
    bins = tuple(Bins(name=f"x{i}", kind="number", edges=EDGES) for i in range(columns))
    return Frozen(rows=rows, bins=bins, counts=counts(rng, [b.name for b in bins], rows))


def test_quiet_months():
    """Twenty stable columns looked at on thirty days: no month of 25 alarms, with or without tolerance, however few the rows."""
    rng = np.random.default_rng(1)
    for tolerated, rows in ((0.0, 2_000), (0.1, 200)):
        alarms = 0
        for _ in range(25):
            monitor = Monitor(frozen=frozen(rng, 20, rows), tolerated=tolerated)
            for _ in range(30):
                monitor = monitor.after_counts(counts(rng, [b.name for b in monitor.frozen.bins], 300))
                alarms += monitor.alarm
        assert alarms == 0


def test_a_shift_is_named_within_days():
    """One column of twenty that moves by one standard deviation after 20 quiet days is named within four."""
    rng = np.random.default_rng(2)
    for _ in range(10):
        monitor = Monitor(frozen=frozen(rng, 20, 1_000))
        names = [b.name for b in monitor.frozen.bins]
        for _ in range(20):
            monitor = monitor.after_counts(counts(rng, names, 500))
        assert not monitor.alarm
        for _ in range(4):
            monitor = monitor.after_counts({**counts(rng, names, 500), "x7": counts(rng, ["x"], 500, shares(1.0))["x"]})
        assert monitor.alarm
        assert monitor.shifted == ("x7",)


def test_tables_of_any_engine():
    """Batches are tables; a column that is gone for a day is passed over, and the old state stays what it was."""
    rng = np.random.default_rng(3)
    reference = pd.DataFrame({"x": rng.normal(size=900), "c": rng.choice(list("ab"), 900)})
    start = Monitor(frozen=freeze(table_of(reference)))
    after = start.after(reference[:300]).after(reference[["x"]][300:600])
    assert (start.batches, after.batches) == (0, 2)
    assert not after.alarm
    assert start.evidence == 1
    for _ in range(4):
        after = after.after(pd.DataFrame({"x": rng.normal(size=300), "c": ["new"] * 300}))
    assert after.alarm
    assert after.shifted == ("c",)
