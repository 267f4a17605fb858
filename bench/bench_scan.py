"""What the scan finds and how fast: a corpus of known samples, and large files of plain numbers.

Usage: python bench/bench_scan.py [CORPUS]; CORPUS is a folder with picklescan's tests/data and tests/data2. Files whose
names begin with `malicious` or `GHSA`, and those that its tests expect to be infected, count as malicious.
"""

import argparse
import json
import pickle
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from redan.scan import scan_file

# What picklescan's own tests call harmless; broken files that it cannot parse are left out.
BENIGN = (
    "benign0_v0.pkl",
    "benign0_v3.pkl",
    "benign0_v4.pkl",
    "benign_password_protected.zip",
    "not_a_pickle.bin",
    "pytorch_model.bin",
    "new_pytorch_model.bin",
    "int_array.npy",
    "int_arrays.npz",
    "int_arrays_compressed.npz",
    "object_array.npy",
    "object_arrays.npz",
    "object_arrays_compressed.npz",
)
LEFT_OUT = ("bad_pytorch.pt", "broken_model.pkl")


def corpus(folder):
    """Counts of verdicts over a corpus, and the time for all of it."""
    files = sorted(path for path in folder.glob("data*/**/*") if path.is_file() and path.name not in LEFT_OUT)
    start = time.perf_counter()
    verdicts = {path.name: scan_file(path).verdict.value for path in files}
    seconds = time.perf_counter() - start
    benign = Counter(verdict for name, verdict in verdicts.items() if name in BENIGN)
    hostile = Counter(verdict for name, verdict in verdicts.items() if name not in BENIGN)
    return {
        "hostile": sum(hostile.values()),
        "malicious": hostile["malicious"],
        "not_understood": hostile["not-understood"],
        "silent": hostile["clean"],
        "benign": sum(benign.values()),
        "benign_flagged": benign["malicious"],
        "benign_not_understood": benign["not-understood"],
        "seconds": round(seconds, 3),
    }


def speed(folder):
    """Seconds and peak memory for a pickle of many small objects, and for one large array."""
    many = folder / "many.pkl"
    many.write_bytes(pickle.dumps([{"id": n, "name": f"row {n}", "value": n / 7} for n in range(400_000)]))
    large = folder / "large.npy"
    np.save(large, np.zeros(40_000_000))
    found = {}
    for path in (many, large):
        start = time.perf_counter()
        verdict = scan_file(path).verdict.value
        found[path.stem] = {
            "verdict": verdict,
            "mb": round(path.stat().st_size / 1e6, 1),
            "seconds": round(time.perf_counter() - start, 2),
        }
    found["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return found


def main():
    """Measures and prints one JSON line and lines for people."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = {"speed": speed(Path(folder))}
    if asked.corpus is not None:
        result["corpus"] = corpus(asked.corpus)
    print(json.dumps(result))
    for name in ("many", "large"):
        part = result["speed"][name]
        print(f"{name}: {part['mb']} MB in {part['seconds']} s, {part['verdict']}")
    if "corpus" in result:
        c = result["corpus"]
        print(
            f"corpus: {c['malicious']} of {c['hostile']} malicious, {c['not_understood']} not understood, "
            f"{c['silent']} silent; {c['benign_flagged']} of {c['benign']} benign flagged; {c['seconds']} s"
        )


if __name__ == "__main__":
    main()
