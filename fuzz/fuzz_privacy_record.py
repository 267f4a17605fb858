"""Fuzz target: records of private training; any bytes are a record that writes back to itself, or an InputError."""

import contextlib
import json
import sys

from redan.errors import InputError
from redan.measures.privacy.reading import parse_record


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    with contextlib.suppress(InputError):
        found = parse_record(data)
        if parse_record(json.dumps(found.to_json()).encode()) != found:
            raise AssertionError(found)


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
