"""Arrays of numbers in `.npz` and `.npy` files: the header is read first and bounded, and nothing is unpickled.

Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
"""

import math
import os
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError
from redan.files import open_regular
from redan.measures.drift.images import MOST_VALUES, table_of_arrays
from redan.tables import Table, open_table

SUFFIXES = frozenset({".npz", ".npy"})
_VERSIONS = ((1, 0), (2, 0))
_ADVICE = "write numbers with numpy.savez(FILE, x=...)"


def open_data(path: Path) -> Table:
    """A table over a file: `.npz` (its array `x`, or the only one) and `.npy` as arrays, all else as a table.

    Raises:
        InputError: it cannot be read as what it claims to be.
    """
    if path.suffix.lower() not in SUFFIXES:
        return open_table(path)
    with os.fdopen(open_regular(path), "rb") as file:
        try:
            made = table_of_arrays(read_array(file, packed=path.suffix.lower() == ".npz"))
        except InputError as error:
            raise InputError(error.what, where=str(path), remedy=error.remedy) from error
    return Table(made.frame, made.keeps, str(path))


def read_array(file: IO[bytes], *, packed: bool) -> NDArray[Any]:
    """The array of a file.

    Args:
        file: its bytes.
        packed: whether it is an `.npz`, whose member `x`, or only member, is taken.

    Raises:
        InputError: it holds no numbers, too many, or is damaged.
    """
    try:
        if not packed:
            return _array(file)
        with zipfile.ZipFile(file) as members:
            names = [name for name in members.namelist() if name.endswith(".npy")]
            chosen = "x.npy" if "x.npy" in names else names[0] if len(names) == 1 else None
            if chosen is None:
                raise InputError("holds no array 'x', nor one array alone", remedy=_ADVICE)
            with members.open(chosen) as member:
                return _array(member)
    except _DAMAGED as error:
        raise InputError("cannot be read as an array", remedy=_ADVICE) from error


def read_member(file: IO[bytes], name: str) -> NDArray[Any]:
    """One array of an `.npz` by its name.

    Args:
        file: its bytes.
        name: without `.npy`.

    Raises:
        InputError: there is none of that name, it holds no numbers or too many, or the file is damaged.
    """
    try:
        with zipfile.ZipFile(file) as members:
            if f"{name}.npy" not in members.namelist():
                raise InputError(f"holds no array {name!r}", remedy=f"write it with numpy.savez(FILE, {name}=...)")
            with members.open(f"{name}.npy") as member:
                return _array(member)
    except _DAMAGED as error:
        raise InputError("cannot be read as an array", remedy=_ADVICE) from error


_DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    OverflowError,
    SyntaxError,
    TypeError,
    MemoryError,
    tokenize.TokenError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


def _array(file: IO[bytes]) -> NDArray[Any]:
    version = np.lib.format.read_magic(file)
    if version not in _VERSIONS:
        raise ValueError("a version that is not read")
    header = np.lib.format.read_array_header_1_0 if version == _VERSIONS[0] else np.lib.format.read_array_header_2_0
    shape, by_column, dtype = header(file)
    size = math.prod(shape)
    if dtype.kind not in "biuf" or min(shape, default=1) < 0 or size > MOST_VALUES:
        raise InputError(f"holds {size:,} values of {dtype}", remedy="give numbers, 2 GB at most")
    data = file.read(size * dtype.itemsize)
    if len(data) != size * dtype.itemsize:
        raise ValueError("it is cut short")
    return np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if by_column else "C")
