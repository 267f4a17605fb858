"""Fuzz target: HDF5 from anyone gets a verdict; an old and a new file, changed in places, never hide in an exception.

The first byte chooses the file; the rest are changes of three bytes: where (two bytes) and what.
"""

import functools
import io
import json
import sys

import h5py
import numpy as np

from redan.scan import scan_bytes


@functools.cache
def originals() -> tuple[bytes, ...]:
    """Small files in both layouts: groups, datasets, attributes of fixed and variable length, many and few."""
    return tuple(_written(libver, many) for libver in ("earliest", "latest") for many in (1, 20))


def _written(libver: str, many: int) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=libver) as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": []}})
        for i in range(many):
            file.attrs[f"a{i}"] = np.bytes_(b"x" * i)
            file.create_dataset(f"g{i}/x", data=np.ones(3, dtype="f4"))
        file.create_dataset("chunks", data=np.ones((20, 20)), compression="gzip")
    return buffer.getvalue()


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    scan_bytes(data, "m.h5")
    scan_bytes(b"\x89HDF\r\n\x1a\n" + data, "m.h5")
    if not data:
        return
    changed = bytearray(originals()[data[0] % len(originals())])
    for at in range(1, len(data) - 2, 3):
        changed[int.from_bytes(data[at : at + 2], "little") % len(changed)] = data[at + 2]
    scan_bytes(bytes(changed), "m.h5")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
