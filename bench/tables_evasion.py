"""The tables of evasion beside its peers, kept in bench/results: strength, passes, time and memory.

    python bench/tables_evasion.py                 # runs everything, half an hour on one core
    python bench/tables_evasion.py --quick         # 64 rows of each network and no attacks by queries
    python bench/tables_evasion.py --device cuda   # beside AutoAttack on a GPU, where there is one
    python bench/tables_evasion.py --logs FILE...  # from lines that the benchmarks printed before

Peers lie in `.peers` (`bash tools/peers.sh python3 bench`); what is not there is left out, and said.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
SMALL = 64
HEAD = 2  # lines of a table without a row


def told(*command):
    """The JSON lines of a benchmark, which is shown while it runs."""
    lines = []
    given = [sys.executable, *(str(part) for part in command)]
    with subprocess.Popen(given, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}) as run:
        for line in run.stdout:
            if line.startswith("{"):
                lines.append(json.loads(line))
            else:
                print(line, end="", flush=True)
    if run.returncode:
        raise SystemExit(run.returncode)
    return lines


def measured(options):
    evasion = HERE / "bench_evasion.py"
    rows, device = SMALL if options.quick else 250, ("--device", options.device)
    small, deep = (tuple(f"{size}-{way}" for way in ("hardened", "undefended")) for size in ("small", "deep"))
    lines = told(evasion, "--networks", *small, "--rows", rows, "--seeds", 1 if options.quick else 3, *device)
    lines += told(evasion, "--networks", *deep, "--rows", SMALL, "--seeds", 1, *device)
    if options.device == "cpu":
        lines += told(evasion, "--memory")
        if not options.quick:
            lines += told(HERE / "bench_queries.py")
    return lines


def table(heads, lines):
    return [
        "| " + " | ".join(heads) + " |",
        "|" + " --- |" * len(heads),
        *("| " + " | ".join(one) + " |" for one in lines),
    ]


def standard(lines):
    heads = ["network", "rows", "seed", "robust", "auto-attack", "only redan breaks", "only auto-attack breaks"]
    heads += ["passes", "auto-attack", "fewer", "seconds", "auto-attack", "faster"]
    told = []
    for line in lines:
        clock = "processor" if line.get("device", "cpu") == "cpu" else "seconds"
        passes = {who: each["forward"] + each["backward"] for who, each in line["spent"].items()}
        told.append(
            [
                f"{line['network']}, eps {line['eps']}",
                str(line["rows"]),
                str(line["seed"]),
                *(f"{line['robust'][who]:.1%}" for who in ("ours", "peer")),
                *(", ".join(map(str, line[name])) or "none" for name in ("only_ours_breaks", "only_peer_breaks")),
                *(f"{passes[who]:,}" for who in ("ours", "peer")),
                f"{line['fewer_passes']:.2f} times",
                *(f"{line['spent'][who][clock]:.1f}" for who in ("ours", "peer")),
                f"{line['faster']:.2f} times",
            ]
        )
    return table(heads, told)


def ranges(lines):
    """Over the seeds of one network: what each leaves."""
    found = {}
    for line in lines:
        found.setdefault((line["network"], line["rows"], line["eps"]), []).append(line)
    told = []
    for (network, rows, eps), each in found.items():
        if len(each) < 2:
            continue
        left = {who: [line["robust"][who] for line in each] for who in ("ours", "peer")}
        both = (f"{min(values):.1%} to {max(values):.1%}" for values in left.values())
        told.append([f"{network}, eps {eps}", str(rows), str(len(each)), *both, place(left["ours"], left["peer"])])
    return table(["network", "rows", "seeds", "robust", "auto-attack", "beside its range"], told)


def place(mine, theirs):
    """Where our range lies; fewer that withstand means a stronger attack, as the judge asked each of them again."""
    if max(mine) > max(theirs):
        return "above: weaker"
    return "within" if min(mine) >= min(theirs) else "below: stronger"


def queried(lines):
    heads = ["network", "attack", "samples", "robust", "ART", "distance", "ART", "passes", "ART", "seconds", "ART"]
    told = []
    for line in lines:
        mine, theirs = line["redan"], line["art"]
        told.append(
            [
                line["network"],
                line["attack"],
                str(line["samples"]),
                *(f"{each[0]['robust']:.1%}" for each in (mine, theirs)),
                *(apart(each[0]["median"]) for each in (mine, theirs)),
                *(f"{each[0]['rows']:,}" for each in (mine, theirs)),
                *(f"{each[0]['cpu_s']:.1f}" for each in (mine, theirs)),
                f"{line['ratio']:.1f} times",
            ]
        )
    return table([*heads, "faster"], told)


def apart(median):
    """A distance; a dash where it was not reached, which is null in what was kept before."""
    return f"{median:.3f}" if median is not None and math.isfinite(median) else "-"


def remembered(lines):
    told = [
        [f"{line['rows']:,}", *(f"{line[name]:.1f}" for name in ("data_mb", "result_mb", "grown_mb"))] for line in lines
    ]
    return table(["rows", "data, MB", "result, MB", "peak memory grew by, MB"], told)


def plain(value):
    """JSON has no infinity: a distance that was never reached is null."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def page(lines, machine, note):
    kinds = {kind: [line for line in lines if line["bench"] == kind] for kind in ("evasion", "queries", "memory")}
    parts = [
        "# Evasion beside its peers",
        "",
        f"Made by `python bench/tables_evasion.py`; {machine}.",
        *(["", note] if note else []),
    ]
    if kinds["evasion"]:
        parts += ["", "## AutoAttack standard, beside fra31/auto-attack at a392200", ""]
        parts += [
            "Samples that one of both breaks are listed by their row of the test set. Passes are samples through the"
        ]
        parts += [
            "network forward and back, padding included. Seconds are of one processor core, or of a GPU's clock.",
            "",
        ]
        told = ranges(kinds["evasion"])
        parts += [*standard(kinds["evasion"]), *(["", *told] if len(told) > HEAD else [])]
    if kinds["queries"]:
        parts += ["", "## HopSkipJump and Square, beside ART 1.20.1 at equal query budgets", ""]
        parts += ["Distance is the median of what was found inside of the ball, - where that is less than half.", ""]
        parts += queried(kinds["queries"])
    if kinds["memory"]:
        parts += ["", "## Memory over the number of samples", ""]
        parts += [
            "Peak memory of an evaluation beyond what it took for 512 samples; its result holds an input for each.",
            "",
        ]
        parts += remembered(kinds["memory"])
    return "\n".join([*parts, ""])


def machine():
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    import torch

    return f"{name}, {os.cpu_count()} cores, one used; Python {platform.python_version()}, PyTorch {torch.__version__}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--note", default="", help="a sentence for the page, such as what else ran on the machine")
    parser.add_argument("--logs", nargs="*", type=Path)
    options = parser.parse_args()
    if options.logs:
        texts = [line for path in options.logs for line in path.read_text().splitlines()]
        lines = [json.loads(line) for line in texts if line.startswith("{")]
    else:
        lines = measured(options)
    name = "evasion" if options.device == "cpu" else f"evasion-{options.device}"
    RESULTS.mkdir(exist_ok=True)
    whole = page(lines, machine(), options.note)
    (RESULTS / f"{name}.json").write_text(
        json.dumps({"machine": machine(), "note": options.note, "lines": plain(lines)}, indent=1) + "\n"
    )
    (RESULTS / f"{name}.md").write_text(whole)
    print(whole)


if __name__ == "__main__":
    main()
