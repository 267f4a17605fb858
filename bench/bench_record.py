"""What `redan record` costs: the churn example's training with and without it, in pairs, in one run.

Usage: python bench/bench_record.py [FOLDER WITH THE PREPARED EXAMPLE] [PAIRS]   (default: examples/churn; 5)
Target: at most 30 % of the wall time of the training, whole command against whole command.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRAIN = (sys.executable, "train.py")


def seconds(folder: Path, *command: str) -> float:
    """Wall seconds of one command that must succeed or say what it could not see."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True)
    spent = time.perf_counter() - started
    if done.returncode not in {0, 3}:
        raise SystemExit(f"left with {done.returncode}: {done.stderr.decode()[-500:]}")
    return spent


def main() -> None:
    """Measures and prints one JSON line and one line for people."""
    example = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples" / "churn"
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    if not (example / "data" / "train.csv").exists():
        raise SystemExit("the example is not prepared: run 'make demo' first")
    times = {"plain": [], "strace": [], "audit": []}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "churn"
        shutil.copytree(example, folder, ignore=shutil.ignore_patterns(".redan", "repaired"))
        seconds(folder, *TRAIN)
        for _ in range(pairs):
            times["plain"].append(seconds(folder, *TRAIN))
            for method in ("strace", "audit"):
                record = (sys.executable, "-m", "redan", "record", "--method", method, "--")
                times[method].append(seconds(folder, *record, *TRAIN))
    ratios = {
        method: statistics.median(after / before for before, after in zip(times["plain"], times[method], strict=True))
        for method in ("strace", "audit")
    }
    best = {name: round(min(values), 3) for name, values in times.items()}
    print(json.dumps({"best_s": best, "median_ratio": {name: round(value, 3) for name, value in ratios.items()}}))
    print(
        f"training {best['plain']:.2f} s; recorded with strace {best['strace']:.2f} s ({ratios['strace'] - 1:+.0%}), "
        f"with audit hooks {best['audit']:.2f} s ({ratios['audit'] - 1:+.0%}); target +30 %"
    )


if __name__ == "__main__":
    main()
