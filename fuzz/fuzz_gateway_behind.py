"""Fuzz target: any bytes are an answer or metadata of a server behind, a kept state, or one clear refusal of each."""

import sys
import tempfile
from pathlib import Path

from redan.errors import RedanError
from redan.exchange.decode import decode_ports, decode_reply
from redan.exchange.limits import Limits
from redan.exchange.problem import RefusedError
from redan.gateway import snapshot

LIMITS = Limits(body=1 << 16, elements=1 << 12)
FOLDER = Path(tempfile.mkdtemp())


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    for length in (None, len(data) // 2, len(data) + 1):
        try:
            tensors = decode_reply(data, length, LIMITS)
        except RefusedError:
            continue
        if sum(one.values.size for one in tensors) > LIMITS.elements:
            raise AssertionError("more numbers than allowed")
    try:
        decode_ports(data, LIMITS)
    except RefusedError as error:
        if error.refusal.problem.status >= 500:  # noqa: PLR2004
            raise AssertionError("a fault of the server behind is no fault of ours") from error
    (FOLDER / "s").write_bytes(data)
    try:
        snapshot.read(FOLDER / "s", b"k" * 32)
    except RedanError as error:
        if "\n" in str(error):
            raise AssertionError("a refusal is one line") from error


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
