"""Fuzz target: signed notes, checkpoints and receipts from anyone raise RedanError or are read the same way twice."""

import sys

from redan.errors import RedanError
from redan.ledger import checkpoint, proof
from redan.seal.encoding import encode
from redan.seal.note import parse_note


def _note(text):
    note = parse_note(text)
    lines = [f"\u2014 {s.name} {encode(s.key_hash + s.signature)}\n" for s in note.signatures]
    if f"{note.text}\n{''.join(lines)}" != text:
        raise AssertionError("a note is not what its parts spell")


def _checkpoint(text):
    found = checkpoint.parse_body(text)
    if checkpoint.parse_body(checkpoint.body(found)) != found:
        raise AssertionError("a checkpoint does not survive a round trip")


def _receipt(text):
    found = proof.parse(text)
    if proof.render(found) != text:
        raise AssertionError("a receipt is not what its parts spell")


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    text = data.decode("utf-8", errors="replace")
    for read in (_note, _checkpoint, _receipt, checkpoint.read_checkpoint):
        try:
            read(text)
        except RedanError as error:
            str(error)


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
