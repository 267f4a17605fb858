"""Checkpoints: what a log says of itself, its size and root, signed as a note.

Source: C2SP tlog-checkpoint (2026-07). The key's name in the signature line is the origin.
"""

from typing import NamedTuple

from redan.errors import InvalidError
from redan.ledger.tree import HASH_BYTES
from redan.seal.encoding import decode, encode
from redan.seal.keys import PublicKey, Signer
from redan.seal.note import open_note, parse_note, sign_note

SIZE_LIMIT = 1 << 63
_SIZE_LIMIT_CHARS = 19


class Checkpoint(NamedTuple):
    """A tree head: the log's identity, its number of entries, and the root hash of 32 bytes."""

    origin: str
    size: int
    root: bytes


def body(checkpoint: Checkpoint) -> str:
    """The note text of a checkpoint: three lines, no extension lines."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{encode(checkpoint.root)}\n"


def parse_body(text: str) -> Checkpoint:
    """The checkpoint in a note text; extension lines are accepted and ignored.

    Raises:
        InvalidError: a line is missing or malformed.
    """
    origin, _, rest = text.partition("\n")
    lines = rest.removesuffix("\n").split("\n")
    if not origin or len(lines) < 2 or not all(lines):  # noqa: PLR2004 -- size and root
        raise InvalidError("the checkpoint has fewer than three lines or an empty one")
    digest = decode(lines[1], "the checkpoint's root")
    if len(digest) != HASH_BYTES:
        raise InvalidError("the checkpoint's root is not 32 bytes")
    return Checkpoint(origin, parse_decimal(lines[0], "the checkpoint's size"), digest)


def parse_decimal(text: str, what: str) -> int:
    """A number in ASCII decimal without leading zeros, below 2**63.

    Raises:
        InvalidError: the text is anything else.
    """
    plain = text.isascii() and text.isdecimal() and len(text) <= _SIZE_LIMIT_CHARS
    if not plain or (text[0] == "0" and text != "0") or int(text) >= SIZE_LIMIT:
        raise InvalidError(f"{what} is not a decimal number")
    return int(text)


def sign(checkpoint: Checkpoint, signer: Signer) -> str:
    """The signed checkpoint.

    Raises:
        UsageError: the origin cannot name a key.
    """
    return sign_note(body(checkpoint), checkpoint.origin, signer)


def open_checkpoint(note: str, key: PublicKey, *, origin: str | None = None, canonical: bool = False) -> Checkpoint:
    """The checkpoint in a note that `key` signed.

    Args:
        note: the signed checkpoint, from anyone.
        key: the log's public key.
        origin: the log that is expected; None accepts any log of this key.
        canonical: refuse signature lines of other keys and extension lines.

    Raises:
        InvalidError: the note or its text is malformed, its signature is invalid, or it is of another log.
    """
    name = read_checkpoint(note).origin
    if origin not in {None, name}:
        raise InvalidError(f"the checkpoint is of the log {name[:80]!r}, not {origin!r}")
    text = open_note(note, name, key, canonical=canonical)
    checkpoint = parse_body(text)
    if canonical and text != body(checkpoint):
        raise InvalidError("the checkpoint has extension lines")
    return checkpoint


def read_checkpoint(note: str) -> Checkpoint:
    """The checkpoint in a note, its signature not verified: for display, never for a decision.

    Raises:
        InvalidError: the note or its text is malformed.
    """
    return parse_body(parse_note(note).text)
