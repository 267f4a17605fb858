"""Speed of seals: redan's command line against model-signing's, in pairs, on files in the page cache.

Usage: python bench/bench_seal.py [--megabytes 250] [--files 8] [--pairs 3] [--dir FOLDER]
model-signing runs in an environment of its own, .peers/model-signing (or REDAN_PEER_MODEL_SIGNING); without it the
ratio is left out. Start-up is that of `redan seal --help` over the bare interpreter's.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from redan.seal.keys import generate
from redan.seal.pair import write_pair

ROOT = Path(__file__).resolve().parents[1]
PEER = Path(os.environ.get("REDAN_PEER_MODEL_SIGNING", ROOT / ".peers" / "model-signing" / "bin" / "model_signing"))
REDAN = [sys.executable, "-m", "redan"]
LIMIT_GBPS, LIMIT_START_S, LIMIT_MB = 1.5, 0.15, 100


def ran(words):
    """Seconds and peak megabytes of a process that must succeed."""
    start = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")} if words[: len(REDAN)] == REDAN else None
    process = subprocess.Popen(
        list(map(str, words)), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"failed: {' '.join(map(str, words))}")
    return seconds, usage.ru_maxrss / 1000


def made(folder, count, megabytes):
    """Files of bytes that do not compress; read once, so that they lie in the page cache."""
    block = os.urandom(1_000_000)
    for number in range(count):
        with (folder / f"shard-{number}.bin").open("wb") as file:
            for _ in range(megabytes):
                file.write(block)


def verbs(folder, model):
    """The command lines of both tools, sealing and verifying."""
    pair = write_pair(generate("p256"), folder / "key.pem")
    ours, theirs = folder / "ours.sig", folder / "theirs.sig"
    return {
        "seal": (
            [*REDAN, "seal", model, "--key", pair.private, "--out", ours],
            [PEER, "sign", "key", model, "--signature", theirs, "--private_key", pair.private],
        ),
        "verify": (
            [*REDAN, "verify", model, "--seal", ours, "--key", pair.public],
            [PEER, "verify", "key", model, "--signature", ours, "--public_key", pair.public],
        ),
        "seal blake3": ([*REDAN, "seal", model, "--key", pair.private, "--out", ours, "--hash", "blake3"], None),
    }


def measured(folder, count, megabytes, pairs):
    """Best seconds of each verb and the median ratio of pairs run one behind the other."""
    model = folder / "model"
    model.mkdir()
    made(model, count, megabytes)
    facts, peak = {}, 0.0
    for verb, (ours, theirs) in verbs(folder, model).items():
        ratios, best = [], float("inf")
        for _ in range(pairs):
            seconds, megabytes_used = ran(ours)
            best, peak = min(best, seconds), max(peak, megabytes_used)
            if theirs is not None and PEER.exists():
                ratios.append(ran(theirs)[0] / seconds)
        name = verb.replace(" ", "_")
        facts[f"{name}_gbps"] = round(count * megabytes / 1000 / best, 2)
        if ratios:
            facts[f"{name}_times_faster_than_model_signing"] = round(statistics.median(ratios), 2)
    return {**facts, "peak_mb": round(peak)}


def start_up(times=7):
    """Seconds of `redan seal --help` over the bare interpreter, medians of pairs."""
    return statistics.median(
        ran([*REDAN, "seal", "--help"])[0] - ran([sys.executable, "-c", ""])[0] for _ in range(times)
    )


def main():
    """One JSON line, one line for people."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=250)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--dir", type=Path)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=asked.dir))
    try:
        facts = measured(folder, asked.files, asked.megabytes, asked.pairs)
    finally:
        shutil.rmtree(folder)
    facts["start_up_s"] = round(start_up(), 3)
    facts["cores"] = len(os.sched_getaffinity(0))
    print(json.dumps({"bench": "seal", **facts}))
    ahead = facts.get("seal_times_faster_than_model_signing", "not measured")
    print(
        f"seal {facts['seal_gbps']} GB/s, verify {facts['verify_gbps']} GB/s (target {LIMIT_GBPS}); "
        f"{ahead} times as fast as model-signing; start-up {facts['start_up_s']} s (limit {LIMIT_START_S}); "
        f"{facts['peak_mb']} MB (limit {LIMIT_MB})"
    )


if __name__ == "__main__":
    main()
