"""Speed of a distribution: publishing a sealed folder, pulling it from a folder, and asking again when nothing is new.

Usage: python bench/bench_publish.py [--files 8] [--megabytes 64] [--dir FOLDER]
"""

import argparse
import datetime as dt
import json
import os
import tempfile
import time
from pathlib import Path

from redan.seal.distribution.keyring import open_keyring
from redan.seal.distribution.publisher import Founding, Offer, Publisher
from redan.seal.distribution.puller import Wanted, pull, scratch_of
from redan.seal.distribution.sources import open_source
from redan.seal.keys import generate
from redan.seal.oms import sign


def timed(deed):
    """Seconds that a deed takes."""
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start


def main():
    """Prints one JSON line and a line for people."""
    options = argparse.ArgumentParser()
    options.add_argument("--files", type=int, default=8)
    options.add_argument("--megabytes", type=int, default=64)
    options.add_argument("--dir", type=Path, default=None)
    asked = options.parse_args()
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    with tempfile.TemporaryDirectory(dir=asked.dir) as scratch:
        root, maker = Path(scratch), generate("p256")
        model, dist = root / "model", root / "dist"
        model.mkdir()
        for number in range(asked.files):
            (model / f"part-{number}.bin").write_bytes(os.urandom(asked.megabytes * 1_000_000))
        seal = sign(model, maker)
        offer = Offer(path=model, seal=seal, key=maker.public, name="model")
        published = timed(lambda: Publisher(dist, open_keyring([root / "keys"], dist), now).publish(offer, Founding()))
        pin = (dist / "metadata" / "1.root.json").read_bytes()
        wanted = Wanted(name="model", into=root / "edge", root=pin, key=maker.public)

        def fetch():
            pull(open_source(str(dist), scratch_of(wanted.into, "model")), wanted, now)

        first, again = timed(fetch), timed(fetch)
        renewed = timed(lambda: Publisher(dist, open_keyring([root / "keys"], dist), now).renew({}))
    gigabytes = asked.files * asked.megabytes / 1000
    facts = {"gigabytes": gigabytes, "publish_s": published, "pull_s": first, "again_s": again, "renew_s": renewed}
    print(json.dumps({name: round(value, 3) for name, value in facts.items()}))
    print(
        f"{gigabytes:.2f} GB: published in {published:.2f} s ({gigabytes / published:.2f} GB/s), "
        f"pulled in {first:.2f} s ({gigabytes / first:.2f} GB/s), "
        f"verified again in {again:.2f} s, renewed in {1000 * renewed:.0f} ms"
    )


if __name__ == "__main__":
    main()
