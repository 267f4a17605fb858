"""Fuzz target: safetensors from anyone get a verdict, and a clean one only where the library accepts the file."""

import struct
import sys

import safetensors

from redan.scan import scan_bytes


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    for candidate in (data, struct.pack("<Q", max(0, len(data) - 8)) + data, _split(data)):
        found = scan_bytes(candidate, "m.safetensors")
        if found.verdict.value == "clean" and found.format == "safetensors":
            safetensors.deserialize(candidate)


def _split(data: bytes) -> bytes:
    """A header of the length that the first byte says, and the rest as numbers."""
    size = min(data[0], len(data) - 1) if data else 0
    return struct.pack("<Q", size) + data[1:]


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
