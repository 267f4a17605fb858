"""Speed of the ledger: durable appends by group commit, and receipts of a large tree.

Usage: python bench/bench_ledger.py [--leaves 10000000] [--dir FOLDER]; the default builds a million entries.
Durable means: returned after fsync on the file system of FOLDER (by default the temporary folder's).
"""

import argparse
import json
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path

from redan.ledger import proof
from redan.ledger.batcher import Batcher
from redan.ledger.store import Ledger
from redan.seal.keys import generate

THREADS = 64
EACH = 400
GROUP = 50_000
PROOFS = 200


def from_threads(folder, signer):
    """Appends per second when 64 threads append one entry each and wait until it is durable."""
    with Ledger.open(folder, signer) as ledger:
        batcher = Batcher(ledger)

        def work(name):
            for number in range(EACH):
                batcher.append(b"%d %d " % (name, number) + bytes(200))

        threads = [threading.Thread(target=work, args=(name,)) for name in range(THREADS)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
        if ledger.verify().size != THREADS * EACH:
            raise SystemExit("entries are missing")
    return THREADS * EACH / seconds


def one_by_one(folder, signer, count=500):
    """Appends per second of one caller, one commit each."""
    with Ledger.open(folder, signer) as ledger:
        start = time.perf_counter()
        for number in range(count):
            ledger.append([b"%d" % number])
        return count / (time.perf_counter() - start)


def grown(folder, signer, leaves):
    """Builds the large ledger; entries per second."""
    with Ledger.open(folder, signer) as ledger:
        start = time.perf_counter()
        for first in range(0, leaves, GROUP):
            ledger.append([b"entry %d" % i for i in range(first, min(first + GROUP, leaves))])
        return leaves / (time.perf_counter() - start)


def proofs(folder, signer, leaves, rng):
    """Milliseconds per receipt, opening apart: median, 99th percentile, worst, and a freshly opened ledger's first."""
    taken, first = [], None
    with Ledger.open(folder, key=signer.public) as ledger:
        for index in (rng.randrange(leaves) for _ in range(PROOFS)):
            start = time.perf_counter()
            text = ledger.receipt(index)
            taken.append((time.perf_counter() - start) * 1000)
            first = taken[0] if first is None else first
            proof.verify(text, b"entry %d" % index, signer.public, canonical=True)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98], max(taken), first


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--dir", type=Path)
    options = parser.parse_args()
    signer = generate()
    with tempfile.TemporaryDirectory(dir=options.dir) as name:
        folder = Path(name)
        threads = from_threads(folder / "threads", signer)
        single = one_by_one(folder / "single", signer)
        group = grown(folder / "large", signer, options.leaves)
        median, high, worst, first = proofs(folder / "large", signer, options.leaves, random.Random(1))
        size = (folder / "large" / "ledger.sqlite").stat().st_size
        start = time.perf_counter()
        with Ledger.open(folder / "large", key=signer.public) as ledger:
            ledger.verify()
        verified = options.leaves / (time.perf_counter() - start)
    result = {
        "bench": "ledger",
        "leaves": options.leaves,
        "appends_per_s_64_threads": round(threads),
        "appends_per_s_one_by_one": round(single),
        "appends_per_s_groups_of_50000": round(group),
        "receipt_ms_median": round(median, 3),
        "receipt_ms_p99": round(high, 3),
        "receipt_ms_worst": round(worst, 3),
        "receipt_ms_first": round(first, 3),
        "verified_entries_per_s": round(verified),
        "bytes_per_entry_on_disk": round(size / options.leaves, 1),
    }
    print(json.dumps(result))
    print(
        f"ledger: {threads:,.0f} durable appends/s from {THREADS} threads (target 5,000), {single:,.0f}/s one by one, "
        f"{group:,.0f}/s in groups; receipt at {options.leaves:,} leaves {median:.2f} ms, p99 {high:.2f} ms "
        f"(target 10 ms); verify {verified:,.0f} entries/s"
    )


if __name__ == "__main__":
    main()
