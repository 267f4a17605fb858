"""Error rates of groups and the worst slice on a large table; fairlearn's bootstrap on the same rows in the same run.

    python bench/bench_fairness.py [ROWS]

Both sides count the same confusion matrices; fairlearn adds percentile intervals of each gap by a bootstrap, this
project intervals that hold together over all pairs, and what chance alone gives.
"""

import datetime as dt
import json
import sys
import time

import numpy as np
import pandas as pd

from redan.measures.fairness import answers, confusion, equality, slice_findings
from redan.tables import table_of

BOOTSTRAPS = 3


def timed(work):
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def fairlearn_gap(rows):
    from fairlearn.metrics import MetricFrame, false_positive_rate, true_positive_rate

    frame = MetricFrame(
        metrics={"tpr": true_positive_rate, "fpr": false_positive_rate},
        y_true=rows.truth,
        y_pred=rows.said,
        sensitive_features=rows.region,
        n_boot=BOOTSTRAPS,
        ci_quantiles=[0.025, 0.975],
        random_state=0,
    )
    return float(frame.difference().max())


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({f"x{i}": rng.normal(size=n) for i in range(10)})
    rows["region"], rows["truth"] = rng.choice(list("abcdefgh"), n), (rng.random(n) < 0.1).astype(int)
    rows["said"] = np.where(rng.random(n) < 0.1, 1 - rows.truth, rows.truth)
    found, read_s = timed(lambda: answers(table_of(rows), "truth", "said"))
    gap, gap_s = timed(lambda: equality(confusion(found, "region"), margin=0.1, rng=np.random.default_rng(0)).odds)
    today = dt.date(2026, 6, 1)
    slices, slice_s = timed(
        lambda: slice_findings("C/x", "data", found, None, margin=0.2, today=today, rng=np.random.default_rng(0))
    )
    peer, peer_s = timed(lambda: fairlearn_gap(rows))
    told = {
        "rows": n,
        "groups_s": round(read_s + gap_s, 2),
        "slices_s": round(slice_s, 2),
        "slices": slices[0].outcome.value,
        "fairlearn_s": round(peer_s, 2),
        "fairlearn_bootstraps": BOOTSTRAPS,
        "ratio": round(peer_s / (read_s + gap_s), 1),
        "gap_agrees": abs(peer - gap.observed) < 1e-9,
    }
    print(json.dumps(told))
    versus = f"fairlearn with {BOOTSTRAPS} bootstraps {told['fairlearn_s']} s ({told['ratio']}x)"
    print(f"{n:,} rows: groups {told['groups_s']} s, worst slice {told['slices_s']} s, {versus}")


if __name__ == "__main__":
    main()
