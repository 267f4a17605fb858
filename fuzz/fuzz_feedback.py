"""Fuzz target: any bytes are labels of one answer, within bounds, or a refusal, nothing else."""

import sys

import msgspec

from redan.exchange.problem import Problem, RefusedError
from redan.guards.feedback import read

EVENT, LABELS = 24, 1024


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    try:
        found = read(data)
    except RefusedError as error:
        if error.refusal.problem is not Problem.MALFORMED:
            raise AssertionError("refused feedback is the client's fault") from error
        return
    if len(found.event) != EVENT or not 1 <= len(found.labels) <= LABELS:
        raise AssertionError("more was read than is allowed")
    if not all(isinstance(one, str) or 0 <= one < 2**31 for one in found.labels):
        raise AssertionError("a label is none")
    again = read(msgspec.json.encode({"event": found.event, "labels": list(found.labels)}))
    if again != found:
        raise AssertionError("what is written reads back to other labels")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
