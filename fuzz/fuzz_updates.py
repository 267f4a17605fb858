"""Fuzz target: recorded updates of federated training; any bytes are an array or an InputError."""

import contextlib
import io
import sys
import zipfile

from redan.artifacts.updates_file import read_updates
from redan.errors import InputError


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    for candidate in (data, _packed(data)):
        with contextlib.suppress(InputError):
            found = read_updates(candidate)
            if len(found.shape) != len(("rounds", "participants", "coordinates")) or not found.size:
                raise AssertionError(found.shape)


def _packed(data: bytes) -> bytes:
    """The bytes as the array's member of an archive, so that the fuzzer reaches the header."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("updates.npy", data)
    return buffer.getvalue()


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
