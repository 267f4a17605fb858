"""Fuzz target: any bytes are a System or a ConfigError of one line, nothing else; what is read has a digest."""

import sys
from pathlib import Path

from redan.errors import ConfigError
from redan.system.read import parse

ROOT = Path(__file__).resolve().parent


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    try:
        system = parse(data, file="redan.toml", root=ROOT)
    except ConfigError as error:
        if "\n" in str(error) or not str(error).startswith("redan.toml:"):
            raise AssertionError("a refusal is one line that begins with its place") from error
        return
    if not system.digest or any(system.line(element) < 1 for element in system.elements):
        raise AssertionError("a system has a digest, and each element a line")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
