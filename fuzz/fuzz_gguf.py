"""Fuzz target: GGUF from anyone gets a verdict; no count, length, offset or template is an exception or a hang."""

import sys

from redan.scan import scan_bytes

HEAD = b"GGUF\3\0\0\0"


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    for candidate in (data, HEAD + data):
        found = scan_bytes(candidate, "m.gguf")
        if found.verdict.value == "clean" and found.format == "gguf" and len(candidate) < 24:  # noqa: PLR2004
            raise AssertionError("a file without its counts is clean")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
