"""Fuzz target: any bytes are a register of participants or a refusal of one line, nothing else; in both formats."""

import datetime as dt
import sys

from redan.errors import InputError
from redan.measures.participants import parse_register


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    for json in (False, True):
        try:
            register = parse_register(data, where="people", json=json)
        except InputError as error:
            if "\n" in str(error) or not str(error).startswith("people"):
                raise AssertionError("a refusal is one line that begins with its place") from error
            continue
        if not register.participants or not register.context:
            raise AssertionError("a register names somebody and says what signatures are for")
        active = register.active(dt.date(2026, 6, 1))
        if not 0 <= active <= len(register.participants) or register.sharing > len(register.participants):
            raise AssertionError("nobody is counted twice")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
