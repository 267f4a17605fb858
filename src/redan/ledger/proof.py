"""Receipts: an entry's index, its inclusion proof and the signed checkpoint in one text, verifiable offline.

Source: C2SP tlog-proof@v1 (2026-07).
"""

from dataclasses import dataclass

from redan.errors import InvalidError
from redan.ledger.checkpoint import Checkpoint, open_checkpoint, parse_decimal
from redan.ledger.tree import HASH_BYTES, PROOF_LIMIT, leaf_hash, verify_inclusion
from redan.seal.encoding import decode, encode
from redan.seal.keys import PublicKey
from redan.seal.note import NOTE_LIMIT_BYTES

HEADER = "c2sp.org/tlog-proof@v1"
EXTRA_LIMIT_BYTES = 64 << 10
_LIMIT_CHARS = NOTE_LIMIT_BYTES + 2 * EXTRA_LIMIT_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A parsed proof, nothing in it verified.

    Args:
        index: the entry's place, counted from 0.
        hashes: the inclusion proof, 32 bytes each, from the leaf's sibling upwards.
        checkpoint: the signed checkpoint, verbatim.
        extra: opaque bytes that nothing authenticates; None when there are none.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None


def render(receipt: Receipt) -> str:
    """The text of a receipt; store it with the extension `.tlog-proof`."""
    extra = [] if receipt.extra is None else [f"extra {encode(receipt.extra)}"]
    lines = [HEADER, *extra, f"index {receipt.index}", *(encode(h) for h in receipt.hashes)]
    return "\n".join(lines) + "\n\n" + receipt.checkpoint


def parse(text: str) -> Receipt:
    """The receipt in a text.

    Raises:
        InvalidError: the text is too large, or a line is missing or malformed.
    """
    head, blank, checkpoint = text[:_LIMIT_CHARS].partition("\n\n")
    lines = head.split("\n")
    if len(text) > _LIMIT_CHARS or not blank or lines[0] != HEADER:
        raise InvalidError(f"the receipt is not a {HEADER} text")
    rest = lines[1:]
    extra = None
    if rest and rest[0].startswith("extra "):
        extra = decode(rest.pop(0).removeprefix("extra "), "the receipt's extra data")
    if not rest or not rest[0].startswith("index "):
        raise InvalidError("the receipt has no index line")
    index = parse_decimal(rest.pop(0).removeprefix("index "), "the receipt's index")
    if len(rest) > PROOF_LIMIT:
        raise InvalidError("the receipt's proof is too long")
    hashes = tuple(decode(line, "a hash of the receipt") for line in rest)
    if any(len(h) != HASH_BYTES for h in hashes):
        raise InvalidError("a hash of the receipt is not 32 bytes")
    return Receipt(index=index, hashes=hashes, checkpoint=checkpoint, extra=extra)


def verify(
    text: str, entry: bytes, key: PublicKey, *, origin: str | None = None, canonical: bool = False
) -> Checkpoint:
    """Accepts the receipt of an entry, or raises.

    Args:
        text: the receipt, from anyone.
        entry: the bytes that were logged.
        key: the log's public key.
        origin: the log that is expected; None accepts any log of this key.
        canonical: accept only what the ledger emits, so that no character can change unnoticed.

    Returns:
        The checkpoint under which the entry is proven.

    Raises:
        InvalidError: the receipt is malformed, its checkpoint is not this key's, or the entry is not in the tree.
    """
    receipt = parse(text)
    if canonical and (receipt.extra is not None or render(receipt) != text):
        raise InvalidError("the receipt carries more than the proof")
    checkpoint = open_checkpoint(receipt.checkpoint, key, origin=origin, canonical=canonical)
    verify_inclusion(leaf_hash(entry), receipt.index, checkpoint.size, receipt.hashes, checkpoint.root)
    return checkpoint
