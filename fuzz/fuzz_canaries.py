"""Fuzz target: any bytes are canaries that survive being written, or an InputError of one line, nothing else."""

import sys

from redan.attacks.inference.canaries import parse_canaries, written
from redan.errors import InputError


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    try:
        found = parse_canaries(data)
    except InputError as error:
        if "\n" in str(error) or not str(error).startswith("canaries:"):
            raise AssertionError("a refusal is one line that begins with its place") from error
        return
    if parse_canaries(written(found)) != found:
        raise AssertionError("what is written reads back to other canaries")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
