"""Fuzz target: rings of keys from any bytes, and free text that is rewritten, raise nothing but redan's errors.

Run with atheris: `python fuzz/fuzz_pseudonyms.py`.
"""

import base64
import contextlib
import datetime as dt
import hmac

from redan.defences.pseudonymise.ring import Key, Ring, parse_ring
from redan.defences.pseudonymise.text import pseudonymise_text
from redan.errors import RedanError

SECRET = bytes(32)
RING = Ring("fuzz", (Key(hmac.digest(SECRET, b"redan key id", "sha256").hex()[:8], dt.date(2026, 1, 1), SECRET),))


def TestOneInput(data: bytes) -> None:  # noqa: N802
    """Bytes in: no ring, or one that is consistent; text in: the same text twice gives the same answer."""
    with contextlib.suppress(RedanError):
        ring = parse_ring(data)
        if any(len(key.secret) != len(SECRET) for key in ring.keys):
            raise RuntimeError("a key of another length")
    text = data.decode("utf-8", "replace")
    if pseudonymise_text(text, RING) != pseudonymise_text(text, RING):
        raise RuntimeError("not the same twice")
    pseudonymise_text(base64.b64encode(data).decode(), RING)


if __name__ == "__main__":
    import sys

    import atheris

    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
