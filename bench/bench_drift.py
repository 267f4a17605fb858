"""Benchmark: a drift report on 1M + 1M rows x 20 columns, ours and evidently's in one run: time, memory, blinding.

Run: `python bench/bench_drift.py [--rows N]`. Evidently 0.7.23 runs in `.peers/evidently` (pandas 2.3.3, NumPy 2.4)
and is left out where that folder is missing. Targets: < 5 s and < 700 MB for the report on features, and 10 times
faster than evidently. Every run is a process of its own, reading included; CPU seconds count all threads.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / ".peers" / "evidently" / "bin" / "python"


def generate(folder, rows):
    """16 columns of numbers and 4 of levels; one moves by one standard deviation and has a planted row of a million."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    for name, seed, moved in (("reference", 1, 0.0), ("current", 2, 1.0)):
        rng = np.random.default_rng(seed)
        columns = {f"x{i}": rng.normal(size=rows) if i % 2 else rng.gamma(2, 50, rows) for i in range(12)}
        columns["x1"] = rng.normal(moved, 1, rows)
        columns["x1"][0] = 1e6 if moved else columns["x1"][0]
        columns |= {f"k{i}": rng.integers(0, 72, rows) for i in range(4)}
        for i, count in enumerate((3, 8, 20, 40)):
            columns[f"c{i}"] = np.array([f"level {j}" for j in range(count)])[rng.integers(0, count, rows)]
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def ours(folder, jointly):
    from redan.measures.drift import shift
    from redan.measures.drift.telling import tell_features, tell_joint
    from redan.tables import open_table

    pair = [open_table(folder / f"{name}.parquet") for name in ("reference", "current")]
    found = shift(*pair, jointly=jointly)
    told = [*tell_features(found, "bench", "current"), *(tell_joint(found, "bench", "current") if jointly else ())]
    return sorted(f.part for f in told if f.outcome == "broken")


def evidently(folder):
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset

    pair = [pd.read_parquet(folder / f"{name}.parquet") for name in ("current", "reference")]
    found = Report([DataDriftPreset(num_method="psi", cat_method="psi")]).run(*pair).dict()
    values = {m["config"]["column"]: m["value"] for m in found["metrics"] if "column" in m.get("config", {})}
    return sorted(column for column, value in values.items() if float(value) >= 0.1)


def one(kind, folder):
    start, cpu = time.perf_counter(), time.process_time()
    alarms = evidently(folder) if kind == "evidently" else ours(folder, kind == "jointly")
    print(
        json.dumps(
            {
                "seconds": round(time.perf_counter() - start, 2),
                "cpu_seconds": round(time.process_time() - cpu, 2),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "alarms": alarms,
            }
        )
    )


def run(python, kind, folder):
    call = [str(python), __file__, "--one", kind, "--folder", str(folder)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    return json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else {"failed": done.stderr[-300:]}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--one")
    options.add_argument("--folder", type=Path)
    chosen = options.parse_args()
    if chosen.one:
        one(chosen.one, chosen.folder)
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        generate(folder, chosen.rows)
        result = {"rows": chosen.rows, "features": run(sys.executable, "features", folder)}
        result["features_and_jointly"] = run(sys.executable, "jointly", folder)
        if PEER.exists():
            result["evidently"] = run(PEER, "evidently", folder)
    print(json.dumps(result))
    mine, peer = result["features"], result.get("evidently", {})
    line = (
        f"{chosen.rows:,} rows twice x 20: {mine.get('seconds')} s, {mine.get('peak_mb')} MB, told {mine.get('alarms')}"
    )
    if "seconds" in peer:
        ratio = peer["cpu_seconds"] / mine["cpu_seconds"]
        line += (
            f"; evidently {peer['seconds']} s, {peer['peak_mb']} MB, told {peer['alarms']}: {ratio:.1f} times the CPU"
        )
    print(line)


if __name__ == "__main__":
    main()
