"""DuckDB and Spark on the same data: the same findings, byte for byte."""

import numpy as np
import pandas as pd
import pytest

from redan.measures.drift import shift
from redan.measures.drift.telling import tell_features, tell_joint
from redan.tables import open_table, table_of

pytestmark = pytest.mark.spark


def made(rows, seed, moved):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": np.where(rng.random(rows) < 0.1, np.nan, rng.gamma(2 + moved, 3, rows)),
            "k": rng.integers(0, 5, rows),
            "flag": rng.random(rows) < 0.4,
            "plan": rng.choice(["a", "b", None], rows),
            "note": [f"{i} words of row {i}" for i in range(rows)],
            "label": rng.choice(["yes", "no"], rows, p=[0.3, 0.7]),
            "day": pd.Timestamp("2026-03-01") + pd.to_timedelta(np.arange(rows) * 4 // rows, unit="D"),
        }
    )


def test_equal_findings(tmp_path):
    """Frozen edges, counts, classes, windows, the sample and so every finding are equal."""
    for name, frame in (("old", made(700, 1, 0)), ("new", made(500, 2, 3))):
        frame.to_parquet(
            tmp_path / f"{name}.parquet", index=False, coerce_timestamps="us", allow_truncated_timestamps=True
        )
    told = []
    for engine in ("duckdb", "spark"):
        pair = [table_of(open_table(tmp_path / f"{name}.parquet", engine=engine)) for name in ("old", "new")]
        found = shift(*pair, label="label", time="day")
        told.append([f.to_json() for f in (*tell_features(found, "C/f", "s"), *tell_joint(found, "C/j", "s"))])
    assert told[0] == told[1]
    assert {f["part"] for f in told[0] if f["outcome"] == "broken"} == {"x", "joint"}
