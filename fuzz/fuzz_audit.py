"""Fuzz target: any bytes as a search for vulnerabilities, or as statements on them: `python fuzz/fuzz_audit.py`."""

import sys

from redan.measures.dependencies.audit import read_audit
from redan.measures.dependencies.statements import read_statements

_LONGEST = 300


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers look for
    """Nothing but ValueError may come out, and its text is one short line."""
    for read in (read_audit, read_statements):
        try:
            read(data)
        except ValueError as error:
            if "\n" in str(error) or len(str(error)) > _LONGEST:
                raise AssertionError("a refusal quotes the file") from error


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
