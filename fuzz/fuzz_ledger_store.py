"""Fuzz target: whatever bytes a ledger's file holds, opening and verifying it raise RedanError or find it intact.

Input that starts like a SQLite file is taken as the whole file. Other input patches a ledger of twelve entries: groups
of four bytes, three for the place and one for the value; its first byte says which file, and whether to cut it short.
"""

import sys
import tempfile
from functools import cache
from pathlib import Path

from redan.errors import RedanError
from redan.ledger.database import FILE
from redan.ledger.store import Ledger
from redan.seal.keys import generate

ENTRIES = [b"entry %d " % i + b"x" * (i * 37) for i in range(12)]


@cache
def seed():
    """The signer, and the files of a ledger whose last group is still in its write-ahead log."""
    signer = generate()
    with tempfile.TemporaryDirectory() as name, Ledger.open(Path(name), signer) as ledger:
        ledger.append(ENTRIES[:9])
        ledger.close()
        with Ledger.open(Path(name), signer) as again:
            again.append(ENTRIES[9:])
            return signer, (Path(name) / FILE).read_bytes(), (Path(name) / f"{FILE}-wal").read_bytes()


def files(data):
    """The database and its log that an input stands for."""
    _, database, log = seed()
    if data.startswith(b"SQLite"):
        return data, b""
    changed = [bytearray(database), bytearray(log)]
    which = changed[data[0] & 1] if data else changed[0]
    for at in range(1, len(data) - 3, 4):
        place = int.from_bytes(data[at : at + 3], "big") % len(which)
        which[place] = data[at + 3]
    if data and data[0] & 2:
        del which[int.from_bytes(data[1:4], "big") % len(which) :]
    return bytes(changed[0]), bytes(changed[1])


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    signer = seed()[0]
    database, log = files(data)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / FILE).write_bytes(database)
        if log:
            (folder / f"{FILE}-wal").write_bytes(log)
        _read(folder, signer)
        _write(folder, signer)


def _read(folder, signer):
    try:
        with Ledger.open(folder, key=signer.public) as ledger:
            size = ledger.verify().size
            if size not in {0, 9, 12} or list(ledger.entries()) != ENTRIES[:size]:
                raise AssertionError("a changed ledger was verified")
    except RedanError as error:
        str(error)


def _write(folder, signer):
    try:
        with Ledger.open(folder, signer) as ledger:
            ledger.append([b"one more"])
            ledger.receipt(0)
            ledger.verify()
    except RedanError as error:
        str(error)


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
