"""Fuzz target: work files of evaluations: claims or an InputError, and what is accepted is written and read alike."""

import json
import sys

from redan.attacks.evasion.work import FORMAT, line, parsed
from redan.errors import InputError

HEAD = json.dumps({"format": FORMAT, "evaluation": "d"}).encode() + b"\n"


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    for whole in (data, HEAD + data):
        try:
            found, length = parsed(whole, "d", 100, 4)
        except InputError:
            continue
        if length > len(whole):
            raise AssertionError("longer than the file")
        again, _ = parsed(HEAD + b"".join(line(claims) for claims in found), "d", 100, 4)
        if len(again) != len(found):
            raise AssertionError("not what was written")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
