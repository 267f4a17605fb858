"""Signed notes: text with signature lines, as transparency logs publish them.

Source: C2SP signed-note (2026-07). Ed25519 keys sign as type 0x01; P-256 keys as type 0x02, whose key id is the
truncated SHA-256 of the DER public key and whose signature is ASN.1 over SHA-256, as transparency-dev's tools read it.
"""

import hashlib
from typing import NamedTuple

from redan.errors import InvalidError, UsageError
from redan.seal.encoding import decode, encode
from redan.seal.keys import PublicKey, Signer

NOTE_LIMIT_BYTES = 256 << 10  # room for 16 post-quantum signatures, which verifiers must accept
SIGNATURES_LIMIT = 64
_DASH = "\u2014 "
_HASH_BYTES = 4


class NoteSignature(NamedTuple):
    """One signature line: the key's name, the 4 bytes of its id, and the signature."""

    name: str
    key_hash: bytes
    signature: bytes


class Note(NamedTuple):
    """A parsed note, none of whose signatures is verified; the text ends in a newline."""

    text: str
    signatures: tuple[NoteSignature, ...]


def key_hash(name: str, key: PublicKey) -> bytes:
    """The 4-byte key id by which a signature line names its key; not a cryptographically strong hash."""
    if _is_p256(key):
        return hashlib.sha256(key.der).digest()[:_HASH_BYTES]
    return hashlib.sha256(name.encode() + b"\n\x01" + _ed25519_raw(key)).digest()[:_HASH_BYTES]


def vkey(name: str, key: PublicKey) -> str:
    """The verifier key, one line by which C2SP tools know a public key."""
    material = b"\x02" + key.der if _is_p256(key) else b"\x01" + _ed25519_raw(key)
    return f"{_checked_name(name)}+{key_hash(name, key).hex()}+{encode(material)}"


def sign_note(text: str, name: str, signer: Signer) -> str:
    """The note of `text` with one signature.

    Args:
        text: ends in a newline and holds no other control character.
        name: the key's name, without space or plus.
        signer: the key.

    Raises:
        UsageError: the text or the name is not one that a note can carry.
    """
    if not text.endswith("\n") or _has_control(text):
        raise UsageError("a note's text ends in a newline and holds no other control character")
    line = encode(key_hash(_checked_name(name), signer.public) + signer.sign(text.encode()))
    return f"{text}\n{_DASH}{name} {line}\n"


def open_note(note: str, name: str, key: PublicKey, *, canonical: bool = False) -> str:
    """The text of a note that `key` signed under `name`.

    Args:
        note: the note, from anyone.
        name: the key's name that is expected.
        key: the one trusted key; signature lines of other keys are ignored.
        canonical: refuse other signature lines too, so that no character can change unnoticed.

    Raises:
        InvalidError: the note is malformed, not signed by this key, or its signature is invalid.
    """
    parsed = parse_note(note)
    if canonical and len(parsed.signatures) != 1:
        raise InvalidError("the note has more than one signature line")
    wanted = (name, key_hash(name, key))
    ours = [s for s in parsed.signatures if (s.name, s.key_hash) == wanted]
    if not ours:
        found = ", ".join(f"{s.name[:80]}+{s.key_hash.hex()}" for s in parsed.signatures[:3])
        raise InvalidError(
            f"the note is signed by {found}, not by {name}+{wanted[1].hex()}", remedy="give the signer's public key"
        )
    for signature in ours:
        key.verify(signature.signature, parsed.text.encode())
    return parsed.text


def parse_note(note: str) -> Note:
    """A note's text and signature lines, nothing verified.

    Raises:
        InvalidError: the note is too large or malformed.
    """
    if len(note) > NOTE_LIMIT_BYTES or _has_control(note):
        raise InvalidError("the note is too large or holds control characters")
    body, blank, lines = note.rpartition("\n\n")
    if not blank or not body or not lines.endswith("\n"):
        raise InvalidError("the note has no signature lines after an empty line")
    rows = lines[:-1].split("\n")
    if len(rows) > SIGNATURES_LIMIT:
        raise InvalidError(f"the note has more than {SIGNATURES_LIMIT} signature lines")
    return Note(f"{body}\n", tuple(_signature(row) for row in rows))


def _signature(line: str) -> NoteSignature:
    name, space, text = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _is_name(name):
        raise InvalidError("the note has a malformed signature line")
    data = decode(text, "a signature line of the note")
    if len(data) <= _HASH_BYTES:
        raise InvalidError("the note has a signature line without a signature")
    return NoteSignature(name, data[:_HASH_BYTES], data[_HASH_BYTES:])


def _checked_name(name: str) -> str:
    if not _is_name(name):
        raise UsageError(
            f"{name[:80]!r} cannot name a key", remedy="use a name such as example.com/log, without + or space"
        )
    return name


def _is_name(name: str) -> bool:
    return bool(name) and not any(c == "+" or c.isspace() for c in name) and not _has_control(name) and _is_text(name)


def _has_control(text: str) -> bool:
    return any(c < " " and c != "\n" for c in text) or not _is_text(text)


def _is_text(text: str) -> bool:
    """Whether UTF-8 can carry the text; lone surrogates cannot be signed."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_p256(key: PublicKey) -> bool:
    """Whether the key is ECDSA rather than Ed25519; the format has no signature type for other curves.

    Raises:
        UsageError: the key is on another curve.
    """
    if key.kind not in {"ed25519", "p256"}:
        raise UsageError(f"a ledger cannot be signed by a {key.kind} key", remedy="use an Ed25519 or a P-256 key")
    return key.kind == "p256"


def _ed25519_raw(key: PublicKey) -> bytes:
    return key.der[-32:]  # RFC 8410 section 4: the SPKI ends in the 32 bytes of the key
