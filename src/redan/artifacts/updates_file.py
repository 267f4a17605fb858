"""Recorded updates of federated training: where they are, what their bytes are, and how they are read."""

import io
import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import declared_paths, digested
from redan.errors import InputError
from redan.files import read_bounded
from redan.system.system import System

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BYTES_LIMIT = 512 << 20
_NAME = "updates.npy"
_DIMENSIONS = 3
_REMEDY = "write it with numpy.savez(file, updates=array), one array of shape (rounds, participants, coordinates)"


_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    TypeError,
    OverflowError,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatesFile:
    """The file behind the updates of a `[[federation]]`.

    Args:
        element: element id, such as `federation:hospitals`.
        path: absolute path, confined to the project folder.
        digest: SHA-256 of the bytes, 64 hex digits.
        size: bytes.
    """

    element: str
    path: Path
    digest: str
    size: int

    def updates(self) -> "NDArray[np.float64]":
        """The updates, shape (rounds, participants, coordinates).

        Raises:
            InputError: the file is too large or is not what it claims to be.
        """
        try:
            return read_updates(read_bounded(self.path, BYTES_LIMIT))
        except InputError as error:
            raise InputError(f"{self.element}: {error.what}", where=self.path.name, remedy=error.remedy) from error


def updates_file(system: System, element: str) -> Artifact | Absent:
    """The recorded updates of a federation, digested; absent when none are declared.

    Raises:
        InputError: the declared file is missing, unreadable, not regular or leaves the project.
    """
    for key, name in declared_paths(system, element, ("updates",))[:1]:
        found = digested(system, element, key, name)
        if isinstance(found, Absent):
            return found
        return UpdatesFile(element=element, path=found[0], digest=found[1], size=found[2])
    return Absent(element, "no recorded updates are declared (key 'updates' of [[federation]])")


def read_updates(data: bytes) -> "NDArray[np.float64]":
    """The array `updates` of an .npz file; nothing is unpickled and nothing larger than the limit is unpacked.

    Args:
        data: of the whole file.

    Returns:
        Shape (rounds, participants, coordinates), float64.

    Raises:
        InputError: it is not such a file.
    """
    import numpy as np

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            member = archive.getinfo(_NAME)
            if member.file_size > BYTES_LIMIT:
                raise InputError(f"'updates' unpacks to more than {BYTES_LIMIT:,} bytes", remedy="record fewer rounds")
            with archive.open(member) as file:
                packed = file.read(BYTES_LIMIT + 1)
        found = _array(packed)
    except KeyError as error:
        raise InputError("the file holds no array 'updates'", remedy=_REMEDY) from error
    except _FAULTS as error:
        raise InputError("the file is not an .npz file of numbers", remedy=_REMEDY) from error
    if found.ndim != _DIMENSIONS or 0 in found.shape or found.dtype.kind not in "fiu":
        raise InputError(f"'updates' has shape {found.shape} and type {found.dtype}", remedy=_REMEDY)
    return np.asarray(found, dtype=np.float64)


def _array(packed: bytes) -> "NDArray[Any]":
    """The array of an .npy member, after its header was believed no more than its size allows."""
    import numpy as np

    file = io.BytesIO(packed)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize > len(packed):
        raise ValueError("the header promises more than there is")
    file.seek(0)
    found: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return found
