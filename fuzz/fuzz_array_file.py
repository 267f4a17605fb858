"""Fuzz target: `.npy` and `.npz` files of current data; any bytes are numbers or an InputError."""

import contextlib
import io
import sys
import zipfile

from redan.errors import InputError
from redan.measures.drift.array_file import read_array


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    for packed, candidate in ((False, data), (True, data), (True, _packed(data))):
        with contextlib.suppress(InputError):
            found = read_array(io.BytesIO(candidate), packed=packed)
            if found.dtype.kind not in "biuf":
                raise AssertionError(found.dtype)


def _packed(data: bytes) -> bytes:
    """The bytes as the array's member of an archive, so that the fuzzer reaches the header."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.npy", data)
    return buffer.getvalue()


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
