"""Fuzz target: any bytes are the reference of a model, which is written and read back alike, or one InputError."""

import sys

from redan.errors import InputError
from redan.guards.reference import read_reference, written


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    try:
        found = read_reference(data)
    except InputError as error:
        if "\n" in str(error) or not str(error).startswith("reference:"):
            raise AssertionError("a refusal is one line that begins with its place") from error
        return
    again = written(found)
    if written(read_reference(again)) != again:
        raise AssertionError("what was read is not what is written")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
