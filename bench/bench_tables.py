"""What the questions to a table cost as it grows: seconds by rows, the exponent of the growth, and a plot.

Run `python bench/bench_tables.py [--most 20000000] [--plot bench/tables.svg]`; target: no question grows faster than
n log n up to 20M rows. Each size runs in a process of its own; memory is the peak of that process.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (20_000, 200_000, 2_000_000, 20_000_000)
EDGES = [5.0 + 10 * i for i in range(10)]
FINE = [i / 20 for i in range(2000)]
TOLERANCE = 1.15  # of a measured exponent over that of n log n on the same sizes


def questions(table):
    """Names and calls."""
    numbers = [f"x{i}" for i in range(4)]
    return {
        "null counts": table.null_counts,
        "10 edges, 4 columns": lambda: table.edge_counts_many(dict.fromkeys(numbers, EDGES)),
        "2,000 edges": lambda: table.edge_counts("x0", FINE),
        "quantiles": lambda: table.quantiles("x0", [0.1, 0.5, 0.9]),
        "moments, 4 columns": lambda: table.moments(numbers),
        "moments by contributor": lambda: table.moments_by(["who"], ["x0"]),
        "covariance, 4 columns": lambda: table.covariance(numbers),
        "levels": lambda: table.level_counts(["c"]),
        "groups by size": lambda: table.group_sizes(["who", "c"]),
        "distinct counts": lambda: table.select(["who", "x1"]).distinct_counts(),
        "duplicate rows": lambda: table.select(["x0", "c"]).duplicate_rows(),
        "shared keys": lambda: table.shared_keys(table, ["who"]),
        "sample": lambda: table.select(["x0", "c"]).sample(1000, 0),
    }


def generate(path, rows):
    """Four floats, a small category and a contributor with about 40 rows."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2; SELECT setseed(0.5)")
    columns = ", ".join(f"random() * 100 AS x{i}" for i in range(4))
    sql = f"SELECT {columns}, (random() * 20)::INT AS c, (random() * {rows // 40})::BIGINT AS who FROM range({rows})"
    connection.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")


def measure(path):
    """Seconds by question in this process, CPU and wall; prints one JSON line."""
    from redan.tables import open_table

    spent = {}
    for name, ask in questions(open_table(path)).items():
        wall, cpu = time.perf_counter(), time.process_time()
        ask()
        spent[name] = [round(time.perf_counter() - wall, 3), round(time.process_time() - cpu, 3)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"spent": spent, "peak_mb": round(peak)}))


def exponent(small, large, ratio):
    """Of the growth from one size to the next."""
    return math.log(max(large, 1e-3) / max(small, 1e-3)) / math.log(ratio)


def plot(path, sizes, found):
    """Seconds over rows, both logarithmic, with n log n for the eye."""
    width, height, left, top = 760, 480, 70, 20
    seconds = [cell[1] for run in found for cell in run["spent"].values()]
    low, high = math.floor(math.log10(max(min(seconds), 1e-3))), math.ceil(math.log10(max(seconds)))

    def at(rows, second):
        x = left + (math.log10(rows) - math.log10(sizes[0])) / math.log10(sizes[-1] / sizes[0]) * (width - left - 190)
        y = top + (high - math.log10(max(second, 10**low))) / (high - low) * (height - top - 50)
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11">'
    ]
    parts.append('<rect width="100%" height="100%" fill="white"/>')
    for power in range(low, high + 1):
        x, y = at(sizes[0], 10.0**power).split(",")
        parts.append(
            f'<path d="M{x} {y}H{width - 190}" stroke="#ddd"/>'
            f'<text x="{left - 8}" y="{y}" text-anchor="end">{10.0**power:g} s</text>'
        )
    for rows in sizes:
        x = at(rows, 1).split(",")[0]
        parts.append(f'<text x="{x}" y="{height - 30}" text-anchor="middle">{rows:,}</text>')
    parts.append(f'<text x="{left}" y="{height - 10}">rows; CPU seconds of each question; dashed: n log n</text>')
    guide = [10.0**low * 3 * r * math.log(r) / (sizes[0] * math.log(sizes[0])) for r in sizes]
    parts.append(
        f'<polyline points="{" ".join(map(at, sizes, guide))}" fill="none" stroke="#000" stroke-dasharray="5 4"/>'
    )
    names = sorted(found[-1]["spent"], key=lambda name: -found[-1]["spent"][name][1])
    for place, name in enumerate(names):
        colour = f"hsl({place * 360 // len(names)} 60% 42%)"
        points = " ".join(at(r, run["spent"][name][1]) for r, run in zip(sizes, found, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        parts.append(f'<text x="{width - 180}" y="{top + 16 + 18 * place}" fill="{colour}">{name}</text>')
    path.write_text("\n".join([*parts, "</svg>\n"]), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=SIZES[-1])
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--measure", type=Path)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure)
        return
    sizes, found = [size for size in SIZES if size <= given.most], []
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "table.parquet")
            generate(path, rows)
            command = [sys.executable, __file__, "--measure", str(path)]
            found.append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    small, large = sizes[-2], sizes[-1]
    bound = exponent(small * math.log(small), large * math.log(large), large / small)
    grown = {
        name: round(exponent(found[-2]["spent"][name][1], found[-1]["spent"][name][1], large / small), 2)
        for name in found[-1]["spent"]
    }
    if given.plot:
        plot(given.plot, sizes, found)
    within = all(power <= bound * TOLERANCE for power in grown.values())
    result = {"rows": sizes, "exponents": grown, "of_n_log_n": round(bound, 3), "within": within, "runs": found}
    print(json.dumps({"bench": "tables", **result}))
    worst = max(grown, key=grown.get)
    print(
        f"{large:,} rows: {sum(c[0] for c in found[-1]['spent'].values()):.1f} s for {len(grown)} questions, "
        f"{found[-1]['peak_mb']:,} MB; fastest growth n^{grown[worst]} ({worst}), n log n is n^{bound:.2f}"
    )


if __name__ == "__main__":
    main()
