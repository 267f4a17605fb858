"""Receipts: the text format, and that no character of one can change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import InvalidError
from redan.ledger.checkpoint import Checkpoint, sign
from redan.ledger.proof import HEADER, Receipt, parse, render, verify
from redan.ledger.tree import leaf_hash, node_hash
from redan.seal.keys import generate, parse_public

SIGNERS = {kind: generate(kind) for kind in ("ed25519", "p256")}
ENTRIES = [b"a", b"b", b"c"]
A, B, C = (leaf_hash(entry) for entry in ENTRIES)
PATHS = ((B, C), (A, C), (node_hash(A, B),))  # of a tree of three, by hand


def _text(kind="ed25519", index=1, extra=None, origin="log"):
    note = sign(Checkpoint(origin, 3, node_hash(node_hash(A, B), C)), SIGNERS[kind])
    return render(Receipt(index=index, hashes=PATHS[index], checkpoint=note, extra=extra))


@pytest.mark.parametrize("kind", sorted(SIGNERS))
@pytest.mark.parametrize("index", range(3))
def test_a_receipt_proves_its_entry(kind, index):
    """The entry, the text and the public key's PEM are enough."""
    key = parse_public(SIGNERS[kind].public.pem.encode())
    head = verify(_text(kind, index), ENTRIES[index], key, origin="log", canonical=True)
    assert (head.origin, head.size) == ("log", 3)


def test_the_text_is_the_specifications():
    """First line, index, hashes from the leaf upwards, empty line, checkpoint."""
    lines = _text().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 1"]
    assert len(lines[2]) == len(lines[3]) == 44
    assert lines[4:7] == ["", "log", "3"]


def test_anything_else_is_refused():
    """Another entry, another key and another log do not verify."""
    key = SIGNERS["ed25519"].public
    with pytest.raises(InvalidError, match="does not lead to the root"):
        verify(_text(), b"other", key)
    with pytest.raises(InvalidError, match="signed by"):
        verify(_text(), b"b", SIGNERS["p256"].public)
    with pytest.raises(InvalidError, match="of the log"):
        verify(_text(), b"b", key, origin="example.com/other")


@pytest.mark.parametrize("kind", sorted(SIGNERS))
def test_any_changed_character_is_noticed(kind):
    """In canonical mode no character of a receipt can change, go or come."""
    text, key = _text(kind), SIGNERS[kind].public
    for at, character in enumerate(text):
        for other in (chr(ord(character) ^ 1), "A", "\n", "", character + "A"):
            changed = text[:at] + other + text[at + 1 :]
            if changed != text:
                with pytest.raises(InvalidError):
                    verify(changed, b"b", key, canonical=True)


def test_extra_data_is_carried_but_not_canonical():
    """Opaque extra data survives a round trip; nothing authenticates it, so the canonical mode refuses it."""
    text = _text(extra=b"name")
    assert parse(text).extra == b"name"
    assert render(parse(text)) == text
    assert parse(_text(extra=b"")).extra == b""
    verify(text, b"b", SIGNERS["ed25519"].public)
    with pytest.raises(InvalidError, match="more than the proof"):
        verify(text, b"b", SIGNERS["ed25519"].public, canonical=True)


HASH = "A" * 43 + "="


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER,
        f"{HEADER}\n\n",
        f"{HEADER}\nindex\n\n",
        f"{HEADER}\nindex 01\n\n",
        f"{HEADER}\nindex -1\n\n",
        f"{HEADER}\nindex {2**63}\n\n",
        f"{HEADER}\nindex 1\nextra AAAA\n\n",
        f"{HEADER}\nextra ***\nindex 1\n\n",
        f"{HEADER}\nindex 1\nAAAA\n\n",
        f"{HEADER}\nindex 1\nnonsense\n\n",
        f"{HEADER}\nindex 1\n{HASH}\n" * 2 + "\n",
        f"{HEADER}\nindex 1\n" + f"{HASH}\n" * 65 + "\n",
        "c2sp.org/tlog-proof@v2\nindex 1\n\n",
        f" {HEADER}\nindex 1\n\n",
        f"{HEADER}\nindex 1\n" + "A" * (1 << 20) + "\n\n",
    ],
    ids=range(16),
)
def test_malformed_texts_are_invalid(text):
    """Each line has one spelling and everything is bounded."""
    with pytest.raises(InvalidError):
        parse(text)


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=64), st.binary(max_size=20))
def test_round_trip(index, hashes, extra):
    """Whatever a receipt holds, its text reads back the same."""
    receipt = Receipt(index=index, hashes=tuple(hashes), checkpoint="any\n", extra=extra or None)
    assert parse(render(receipt)) == receipt
