"""Dead Simple Signing Envelope: a payload and its type signed together, verified before anything is parsed.

Source: DSSE 1.0.2, protocol.md and envelope.md.
"""

from redan.canon import Json
from redan.errors import InvalidError
from redan.seal.encoding import decode, encode
from redan.seal.keys import PublicKey, Signer

PAYLOAD_LIMIT_BYTES = 64 << 20
SIGNATURES_LIMIT = 16
_SIGNATURE_LIMIT_CHARS = 1 << 10  # Ed25519 takes 88, P-256 at most 96
_TYPE_LIMIT_CHARS = 1 << 10
_FIELDS = {"payload", "payloadType", "signatures"}


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed (protocol.md, "Signature Definition").

    Raises:
        InvalidError: the type is not Unicode text.
    """
    try:
        kind = payload_type.encode()
    except UnicodeEncodeError as error:
        raise InvalidError("the envelope's payloadType is not Unicode text") from error
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, payload_type: str, signer: Signer) -> dict[str, Json]:
    """A canonical envelope with one signature.

    Args:
        payload: the bytes to seal, at most `PAYLOAD_LIMIT_BYTES`.
        payload_type: media type or URI that says how to read the payload.
        signer: its public key's id becomes `keyid`, a hint that no verifier trusts.

    Raises:
        InvalidError: the payload is too large to be opened again.
    """
    if len(payload) > PAYLOAD_LIMIT_BYTES:
        raise InvalidError(f"the payload is larger than {PAYLOAD_LIMIT_BYTES:,} bytes", remedy="seal a digest instead")
    signature = encode(signer.sign(pae(payload_type, payload)))
    return {
        "payload": encode(payload),
        "payloadType": payload_type,
        "signatures": [{"keyid": signer.public.key_id, "sig": signature}],
    }


def open_sealed(envelope: Json, key: PublicKey, payload_type: str, *, canonical: bool = False) -> bytes:
    """The payload of an envelope that `key` signed as `payload_type`.

    Args:
        envelope: the parsed JSON envelope, from anyone.
        key: the one trusted key; `keyid` is never used to choose one.
        payload_type: the only type that is accepted.
        canonical: accept only what `seal` emits: these fields and no other, one signature with this key's id,
            canonical base64. Then no character can change unnoticed.

    Returns:
        The very bytes that were verified; parse these, never the envelope again.

    Raises:
        InvalidError: names what is malformed, or says that no signature is valid, or that the type is another.
    """
    payload_text, kind, signatures = _fields(envelope, canonical=canonical)
    payload = decode(payload_text, "the envelope's payload", canonical=canonical)
    signed = pae(kind, payload)
    problems = [_problem(item, key, signed, canonical=canonical) for item in signatures]
    if all(problems):
        raise InvalidError(problems[0] or "", remedy=f"check that the signer's key id is {key.key_id[:16]}")
    if kind != payload_type:
        raise InvalidError(f"the envelope holds {kind[:80]!r}, not {payload_type!r}", remedy="give the right file")
    return payload


def _fields(envelope: Json, *, canonical: bool) -> tuple[str, str, list[Json]]:
    if not isinstance(envelope, dict):
        raise InvalidError("the envelope is not a JSON object")
    payload, kind, signatures = (envelope.get(n) for n in ("payload", "payloadType", "signatures"))
    if not isinstance(payload, str) or len(payload) > PAYLOAD_LIMIT_BYTES * 4 // 3 + 4:
        raise InvalidError("the envelope's payload is missing, not text, or too large")
    if not isinstance(kind, str) or len(kind) > _TYPE_LIMIT_CHARS:
        raise InvalidError("the envelope's payloadType is missing, not text, or too long")
    if not isinstance(signatures, list) or not 0 < len(signatures) <= SIGNATURES_LIMIT:
        raise InvalidError(f"the envelope's signatures are not a list of 1 to {SIGNATURES_LIMIT}")
    if canonical and envelope.keys() != _FIELDS:
        raise InvalidError("the envelope has fields that are not part of it")
    if canonical and len(signatures) != 1:
        raise InvalidError("the envelope has more than one signature")
    return payload, kind, signatures


def _problem(item: Json, key: PublicKey, signed: bytes, *, canonical: bool) -> str | None:
    """What is wrong with one signature; None when it is valid."""
    if not isinstance(item, dict) or not isinstance(text := item.get("sig"), str) or len(text) > _SIGNATURE_LIMIT_CHARS:
        return "the envelope's signature has no text `sig`"
    try:
        key.verify(decode(text, "the envelope's signature", canonical=canonical), signed)
    except InvalidError as error:
        return error.what
    if canonical and item != {"keyid": key.key_id, "sig": text}:
        return "the envelope's keyid is not that of the key which signed it"
    return None
