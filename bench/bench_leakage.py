"""The whole D002 measure set on 1M + 1M rows x 20 columns: seconds and peak resident memory of one process.

Run `python bench/bench_leakage.py [--rows N] [--format csv|parquet]`; target: 20 s and 1.5 GB on two cores.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS = {**{f"x{i}": "random() * 100" for i in range(13)}, **{f"c{i}": "floor(random() * 10)::INT" for i in range(4)}}
EXTRA = (
    "('person-' || (range + {start})::VARCHAR) AS person, (DATE '2024-01-01' + ({day} + (range % 150)::INT)) AS seen"
)


def generate(folder, rows, kind):
    """Two unrelated tables of 13 floats, 4 small integers, a region, a contributor and a date."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SELECT setseed(0.5)")
    for name, start, day in (("train", 0, 0), ("test", rows, 200)):
        terms = ", ".join(f"{sql} AS {column}" for column, sql in COLUMNS.items())
        region = "['north', 'south', 'east', 'west'][1 + (range % 4)::INT] AS region"
        extra = EXTRA.format(start=start, day=day)
        connection.execute(
            f"COPY (SELECT {terms}, {region}, {extra} FROM range({rows})) TO '{folder}/{name}.{kind}' (FORMAT {kind})"
        )
    description = ['[system]\nname = "bench"\n']
    for source, name, role in (("crm", "train", "train"), ("survey", "test", "test")):
        description.append(f'[[source]]\nname = "{source}"\nkind = "internal"\n')
        description.append(
            f'[[dataset]]\nname = "{name}"\nrole = "{role}"\npath = "{name}.{kind}"\n'
            f'contributor = "person"\ntime = "seen"\nsources = ["{source}"]\n'
        )
    (folder / "redan.toml").write_text("\n".join(description))


def measure(folder):
    """All checks of D002 in this process; prints one JSON line."""
    import numpy as np

    from redan.artifacts.dataset_file import DatasetFile
    from redan.artifacts.history import History
    from redan.controls.catalogue import checks, load
    from redan.controls.contract import Have
    from redan.system.read import read

    system = read(folder)
    control = load()["A-MLSG-002-D002"]
    spent, outcomes = {}, {}
    for check in checks(control):
        (subject,) = check.subjects(system)
        files = {
            (DatasetFile, e): DatasetFile(
                element=e, path=folder / system.dataset(e.partition(":")[2]).path, digest="0" * 64, size=1
            )
            for e in subject.elements
        }
        have = Have(
            system=system, subject=subject, artifacts=files, history=History(), now=None, rng=np.random.default_rng(0)
        )
        start = time.perf_counter()
        outcomes[check.id] = [f.outcome.value for f in check.run(have)]
        spent[check.id.partition("/")[2]] = round(time.perf_counter() - start, 2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": spent, "peak_mb": round(peak), "outcomes": outcomes}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    parser.add_argument("--measure", type=Path)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), given.rows, given.format)
        start = time.perf_counter()
        told = subprocess.run(
            [sys.executable, __file__, "--measure", folder], capture_output=True, text=True, check=True
        ).stdout
        wall = time.perf_counter() - start
    found = json.loads(told.splitlines()[-1])
    print(
        json.dumps({"bench": "leakage", "rows": given.rows, "format": given.format, "wall_s": round(wall, 2), **found})
    )
    print(f"{given.rows:,} + {given.rows:,} rows x 20 columns, {given.format}: {wall:.1f} s, {found['peak_mb']:,} MB")


if __name__ == "__main__":
    main()
