"""A matrix of scores in an `.npz`: arrays `phi`, `inside`, `targets` and perhaps `model`; nothing is unpickled."""

import io
import os
from pathlib import Path
from typing import IO

import numpy as np

from redan.attacks.inference.membership.matrix import ScoreMatrix, matrix_from
from redan.errors import InputError
from redan.files import open_regular, write_atomic
from redan.measures.drift.array_file import read_member

_DIGEST = 32


def save_matrix(path: Path, matrix: ScoreMatrix) -> None:
    """Writes it, scores in single precision.

    Raises:
        InputError: the file cannot be written.
    """
    held = io.BytesIO()
    np.savez_compressed(
        held,
        phi=matrix.phi.astype(np.float32),
        inside=matrix.inside,
        targets=np.array(matrix.targets, dtype=np.int64),
        model=np.frombuffer(bytes.fromhex(matrix.model), dtype=np.uint8),
    )
    write_atomic(path, held.getvalue())


def read_matrix(path: Path) -> ScoreMatrix:
    """Reads one.

    Raises:
        InputError: the file is missing, holds no such arrays, too many numbers, or is damaged.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        try:
            return matrix_of(file)
        except InputError as error:
            raise InputError(error.what, where=str(path), remedy=error.remedy) from error


def matrix_of(file: IO[bytes]) -> ScoreMatrix:
    """Reads one from bytes; `targets` is the first row and `model` unknown where the file does not say.

    Raises:
        InputError: it holds no such arrays, too many numbers, or is damaged.
    """
    phi, inside = read_member(file, "phi"), read_member(file, "inside")
    targets = _maybe(file, "targets")
    digest = _maybe(file, "model")
    if targets is not None and (targets.ndim != 1 or targets.dtype.kind not in "iu"):
        raise InputError("targets are no numbers of rows")
    if digest is not None and (digest.dtype != np.uint8 or digest.size not in {0, _DIGEST}):
        raise InputError("'model' is no SHA-256", remedy="leave it out, or give its 32 bytes")
    return matrix_from(
        phi,
        inside,
        targets=(0,) if targets is None else targets.tolist(),
        model="" if digest is None else digest.tobytes().hex(),
    )


def _maybe(file: IO[bytes], name: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.generic]] | None":
    import zipfile

    with zipfile.ZipFile(file) as members:
        if f"{name}.npy" not in members.namelist():
            return None
    return read_member(file, name)
