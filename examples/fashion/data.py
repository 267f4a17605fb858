"""Reads Fashion-MNIST as the Debian package `dataset-fashion-mnist` installs it: four files of IDX, gzipped."""

import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np

FOLDER = Path("/usr/share/datasets/fashion-mnist")
CLASSES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
_LIMIT = 64 << 20
_BYTES = 0x08  # the type of IDX that these files have


class Pictures(NamedTuple):
    """Pictures of shape (n, 1, 28, 28) in [0, 1], and their classes."""

    x: np.ndarray
    y: np.ndarray


def idx(path: Path) -> np.ndarray:
    """An array of bytes from a gzipped IDX file."""
    with gzip.open(path) as file:
        data = file.read(_LIMIT)
    if data[:3] != bytes([0, 0, _BYTES]):
        raise SystemExit(f"{path}: no IDX file of bytes")
    shape = np.frombuffer(data, ">u4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def pictures(part: str, folder: Path = FOLDER) -> Pictures:
    """The pictures of `train` or `t10k`."""
    if not folder.is_dir():
        raise SystemExit(f"{folder} is not there: apt-get install dataset-fashion-mnist, or name another folder")
    x = idx(folder / f"{part}-images-idx3-ubyte.gz")
    y = idx(folder / f"{part}-labels-idx1-ubyte.gz")
    return Pictures((x[:, None] / np.float32(255)).astype(np.float32), y.astype(np.int64))
