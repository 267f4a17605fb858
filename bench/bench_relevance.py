"""Speed of relevance on data shaped like the churn set: 4,930 rows, 19 inputs, 8 of them without use."""

import json
import time

import numpy as np

from redan.measures.columns import Column, ranks
from redan.measures.relevance import relevance

ROWS, NEEDED, NOISE = 4_930, 11, 8


def main() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, NEEDED + NOISE))
    label = (0.5 * x[:, :NEEDED].sum(axis=1) + rng.logistic(size=ROWS) > 0).astype(int)
    columns = [Column(name=str(i), kind="ordered", values=ranks(x[:, i])) for i in range(NEEDED + NOISE)]
    wall, cpu = time.perf_counter(), time.process_time()
    found = relevance(columns, label, task="classification", rng=rng)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    kept = sum(one.standing == "confirmed" for one in found[:NEEDED])
    dropped = sum(one.standing == "rejected" for one in found[NEEDED:])
    print(
        json.dumps(
            {"bench": "relevance", "wall_s": round(wall, 2), "cpu_s": round(cpu, 2), "kept": kept, "dropped": dropped}
        )
    )
    print(
        f"{ROWS:,} rows x {NEEDED + NOISE}: {wall:.1f} s wall, {cpu:.1f} s CPU; "
        f"kept {kept} of {NEEDED}, dropped {dropped} of {NOISE}"
    )


if __name__ == "__main__":
    main()
