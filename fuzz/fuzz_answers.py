"""Fuzz target: any bytes are answers of a model, kept or from an endpoint, or a refusal of one line, nothing else."""

import sys

from redan.attacks.memory import parsed
from redan.attacks.protocol import Named, response, signature
from redan.attacks.replay import parsed as replayed
from redan.errors import IncompleteError, InputError

_HEAD = b'{"format": "redan replay 1", "of": "m"}\n'


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    try:
        width, known, size = parsed(data, "m", "answers")
    except InputError as error:
        if "\n" in str(error):
            raise AssertionError("a refusal is one line") from error
    else:
        if size > len(data) or any(row.size != max(width, 1) for row in known.values()):
            raise AssertionError("answers lie in the file, all of one shape")
    for read in (
        lambda: signature(data, None, "e"),
        lambda: response(data, Named("x", "FP32", "y"), "e"),
        lambda: replayed(data, "m", "work"),
        lambda: replayed(_HEAD + data, "m", "work"),
    ):
        try:
            read()
        except (IncompleteError, InputError) as error:
            if "\n" in str(error):
                raise AssertionError("a refusal is one line") from error


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
