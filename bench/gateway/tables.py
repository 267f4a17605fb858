"""The gateway's figures, kept in bench/results/gateway-*.json and gateway.md.

    python bench/gateway/tables.py            # all of it: half an hour, most of it the soak
    python bench/gateway/tables.py --quick    # short rounds, a soak of six minutes
    python bench/gateway/tables.py --only latency memory

Each benchmark runs by itself, one after the other; what a busy machine does to one round, the ratios of that round have
on both sides.
"""

import argparse
import json
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "results"
RUNS = {
    "server": (("--rounds", "7"), ("--rounds", "3", "--requests", "2000")),
    "latency": (("--rounds", "9"), ("--rounds", "5", "--seconds", "2")),
    "memory": ((), ()),
    "soak": ((), ("--minutes", "6")),
}


def told(name, more):
    """The JSON lines of a benchmark."""
    line = [sys.executable, str(HERE / f"bench_{name}.py"), *more]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    print(done.stdout, end="", flush=True)
    if done.returncode:
        raise SystemExit(f"bench_{name}.py: {done.stderr[-400:]}")
    return [json.loads(row) for row in done.stdout.splitlines() if row.startswith("{")]


def table(found):
    """The page of all of them."""
    rows = ["# The gateway, measured", "", "By `make bench-gateway`; targets are those of the design."]
    for name, part in (("server", server), ("latency", latency), ("memory", memory), ("soak", soak)):
        if name in found:
            rows += ["", *part(found[name])]
    return "\n".join(rows) + "\n"


def server(lines):
    """Processor time."""
    one = lines[0]
    yield from ("## Processor time of one question at saturation, one core", "")
    yield from ("| server | microseconds, least of rounds | of bare, median |", "|---|---|---|")
    for kind, values in one["cpu_us"].items():
        yield f"| {kind} | {min(values):.0f} | {one['ratio'][kind]:.2f} |"
    yield from ("", "Target: all guards on at most 1.75 of bare.")


def latency(lines):
    """Latency at half load."""
    one = lines[0]
    yield from (f"## Latency at {one['rate']} questions a second, half of what all guards answer at most", "")
    yield from ("| server | p50 ms, median of rounds | p99 ms |", "|---|---|---|")
    for kind, values in one["ms"].items():
        yield f"| {kind} | {middle(values['p50'])} | {middle(values['p99'])} |"
    yield from ("", "`half` is the bare server at half of what it answers itself.")
    yield f"All guards, median of rounds: {', '.join(f'{name} {value}' for name, value in one['ratio'].items())}."
    yield "Target: p99 at most 1.2 of bare at half load."


def memory(lines):
    """Memory of known clients."""
    yield from ("## Memory of known clients", "")
    yield "| clients | credentials, bytes each | store | monitors | state: both | GiB of the process |"
    yield "|---|---|---|---|---|---|"
    for one in lines:
        each = one["bytes_each"]
        parts = f"{each['credentials']:,} | {each['store']:,} | {each['monitors']:,} | {one['state']:,}"
        yield f"| {one['clients']:,} | {parts} | {one['gib']} |"
    yield from ("", "Target: a state of at most 4,096 bytes each, and 6 GiB for a million.")


def soak(lines):
    """Growth."""
    one = lines[0]
    sizes, files = one["mib"], one["descriptors"]
    yield from ("## Soak", "")
    yield f"{one['questions']:,} questions in {one['minutes']:g} minutes, among them malformed ones and replays:"
    yield f"{sizes['first']} MiB at first, {sizes['half']} at half, {sizes['last']} at last,"
    yield f"{one['mib_an_hour']:+} MiB an hour in the second half; {files['first']} descriptors at first,"
    yield f"{files['last']} at last."


def middle(values):
    """The median."""
    return sorted(values)[len(values) // 2]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--quick", action="store_true")
    options.add_argument("--only", nargs="+", choices=RUNS, default=list(RUNS))
    chosen = options.parse_args()
    RESULTS.mkdir(exist_ok=True)
    where = {"python": platform.python_version(), "machine": platform.machine(), "quick": chosen.quick}
    for name in chosen.only:
        lines = told(name, RUNS[name][chosen.quick])
        (RESULTS / f"gateway-{name}.json").write_text(json.dumps({**where, "lines": lines}, indent=2) + "\n")
    kept = {name: path for name in RUNS if (path := RESULTS / f"gateway-{name}.json").exists()}
    found = {name: json.loads(path.read_text())["lines"] for name, path in kept.items()}
    (RESULTS / "gateway.md").write_text(table(found))


if __name__ == "__main__":
    main()
