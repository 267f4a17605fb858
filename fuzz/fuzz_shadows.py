"""Fuzz target: any bytes are scores of models, kept shadows, or a refusal of one line, nothing else."""

import io
import sys

from redan.attacks.inference.membership.matrix_file import matrix_of
from redan.attacks.inference.membership.shadows import parsed
from redan.errors import InputError


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    for read in (lambda: matrix_of(io.BytesIO(data)), lambda: parsed(data, "a", 3, "e")):
        try:
            read()
        except InputError as error:
            if "\n" in str(error):
                raise AssertionError("a refusal is one line") from error


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
