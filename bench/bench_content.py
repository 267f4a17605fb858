"""Measures sealing and comparing a table's content: 1M rows x 20 columns, CSV and Parquet.

Usage: python bench/bench_content.py [--rows N]
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def table(rows: int):
    import pyarrow as pa

    rng = np.random.default_rng(0)
    columns = {f"real{i}": rng.normal(size=rows).round(6) for i in range(8)}
    columns |= {f"whole{i}": rng.integers(0, 10 ** (i + 1), rows) for i in range(6)}
    columns |= {f"word{i}": pa.array(rng.choice([f"value {j}" for j in range(40)], rows)) for i in range(4)}
    columns["key"] = pa.array([f"customer-{i:09d}" for i in range(rows)])
    columns["label"] = rng.random(rows) < 0.2
    return pa.table(columns)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    import duckdb
    import pyarrow.parquet as pq

    from redan.content import content_digest, seal_dataset, verify_dataset
    from redan.seal.keys import generate

    found: dict[str, float] = {}

    def timed(name, work):
        started = time.perf_counter()
        result = work()
        found[name] = round(time.perf_counter() - started, 2)
        return result

    with tempfile.TemporaryDirectory() as place:
        folder, signer, frame = Path(place), generate("p256"), table(asked.rows)
        parquet, csv = folder / "d.parquet", folder / "d.csv"
        pq.write_table(frame, parquet)
        duckdb.sql("COPY frame TO '" + str(csv) + "' (HEADER)")
        timed("digest_parquet_s", lambda: content_digest(parquet))
        timed("digest_csv_s", lambda: content_digest(csv))
        sealed = timed("seal_csv_s", lambda: seal_dataset(csv, signer, folder / "s"))
        timed("verify_same_s", lambda: verify_dataset(csv, folder / "s", signer.public))
        lines = csv.read_bytes().split(b"\n")
        for line in range(1000, len(lines) - 2, max(len(lines) // 500, 1)):
            lines[line] = lines[line].replace(b"true", b"TRU").replace(b"false", b"true").replace(b"TRU", b"false")
        del lines[len(lines) // 2]
        csv.write_bytes(b"\n".join(lines))
        changed = timed("verify_changed_s", lambda: verify_dataset(csv, folder / "s", signer.public))
        found["changed_rows"] = changed.changes.changed_count
        found["removed_rows"] = changed.changes.removed_count
        found["csv_mb"] = round(csv.stat().st_size / 1e6, 1)
        found["parquet_mb"] = round(parquet.stat().st_size / 1e6, 1)
        found["record_mb"] = round(sealed.rows.stat().st_size / 1e6, 1)
    found["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps({"bench": "content", "rows": asked.rows, "columns": 20, **found}))
    print(
        f"{asked.rows:,} rows x 20: digest {found['digest_parquet_s']} s (Parquet), {found['digest_csv_s']} s (CSV); "
        f"seal {found['seal_csv_s']} s; name {found['changed_rows']:,} changed rows {found['verify_changed_s']} s; "
        f"record {found['record_mb']} MB",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
