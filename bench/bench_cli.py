"""Start-up and the whole flow: `redan --help`, `import redan`, `redan check` on the churn example, first and again.

Usage: python bench/bench_cli.py [FOLDER WITH THE PREPARED EXAMPLE]     (default: examples/churn, after `make demo`)
Targets: help 0.25 s, import 0.1 s (over the interpreter's own start), check 60 s, second check 3 s; on 2 cores.
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
RUNS = 7


def best(*command: str, cwd: Path = ROOT) -> tuple[float, float]:
    """Best and median wall seconds of a command."""
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run(command, cwd=cwd, check=False, capture_output=True)
        seconds.append(time.perf_counter() - started)
    return min(seconds), statistics.median(seconds)


def checked(folder: Path) -> float:
    """Wall seconds of one `redan check`."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "redan", "check"], cwd=folder, check=False, capture_output=True)
    seconds = time.perf_counter() - started
    if done.returncode != 1:
        raise SystemExit(f"check left with {done.returncode}: {done.stderr.decode()[-500:]}")
    return seconds


def main() -> None:
    """Measures and prints one JSON line and one line for people."""
    example = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples" / "churn"
    if not (example / "model.onnx").exists():
        raise SystemExit("the example is not prepared: run 'make demo' first")
    bare = best(sys.executable, "-c", "pass")[0]
    result = {
        "interpreter_s": bare,
        "help_s": best(sys.executable, "-m", "redan", "--help")[0],
        "import_over_interpreter_s": best(sys.executable, "-c", "import redan")[0] - bare,
    }
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "churn"
        shutil.copytree(example, folder, ignore=shutil.ignore_patterns(".redan", "repaired"))
        result["check_first_s"] = checked(folder)
        result["check_again_s"] = min(checked(folder) for _ in range(3))
    print(json.dumps({name: round(value, 3) for name, value in result.items()}))
    print(
        f"help {result['help_s']:.3f} s (target 0.25), import {result['import_over_interpreter_s']:.3f} s (0.1), "
        f"check {result['check_first_s']:.1f} s (60), again {result['check_again_s']:.2f} s (3)"
    )


if __name__ == "__main__":
    main()
