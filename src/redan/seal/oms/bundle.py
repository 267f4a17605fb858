"""The Sigstore bundle around a seal: built minimal, read with every member accounted for.

Source: OMS v1.0 sections 4 and 8.1; Sigstore bundle v0.3; DSSE 1.0.2.
"""

from dataclasses import dataclass

from redan.canon import Json, canonical, parse_strict
from redan.errors import InvalidError
from redan.seal.dsse import PAYLOAD_LIMIT_BYTES
from redan.seal.encoding import decode_either, encode
from redan.seal.in_toto import PAYLOAD_TYPE
from redan.seal.oms.records import BUNDLE_TYPE, Method

BUNDLE_LIMIT_BYTES = 96 << 20  # a payload of the limit in base64, and the certificates and log entries around it
CERTIFICATES_LIMIT = 16
_DEPTH = 16
_SIGNATURE_LIMIT_CHARS = 1 << 10
_MATERIALS: dict[str, Method] = {
    "publicKey": "key",
    "x509CertificateChain": "certificate",
    "certificate": "sigstore",
}
_BESIDE = {"tlogEntries", "timestampVerificationData"}
_AGAIN = "fetch the seal again, or ask the signer for another"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle that was read, nothing of it verified.

    Args:
        method: how the signer is named.
        payload: the statement's bytes, as they were signed.
        signature: the one signature.
        hint: the signer's key id, as the bundle claims; None where it has none.
        key: the signer's public key as old bundles carry it, unverified; None where it has none.
        certificates: DER, leaf first; empty for a key.
    """

    method: Method
    payload: bytes
    signature: bytes
    hint: str | None = None
    key: bytes | None = None
    certificates: tuple[bytes, ...] = ()


def build(payload: bytes, signature: bytes, material: dict[str, Json]) -> dict[str, Json]:
    """The bundle of a statement and its signature.

    Args:
        payload: the statement.
        signature: DER of (r, s).
        material: `publicKey` or `x509CertificateChain`.
    """
    return {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {**material, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": encode(payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": encode(signature), "keyid": ""}],
        },
    }


def render(bundle: dict[str, Json]) -> bytes:
    """The bytes of a bundle as they are written to disk."""
    return canonical(bundle) + b"\n"


def parse(data: bytes) -> Bundle:
    """A bundle of anyone.

    Raises:
        InvalidError: it is too large, too deep, no JSON, or a member is missing, malformed or not part of it.
    """
    try:
        value = parse_strict(data, limit_bytes=BUNDLE_LIMIT_BYTES, depth=_DEPTH)
    except ValueError as error:
        raise InvalidError(f"the seal is {error}", remedy=_AGAIN) from error
    whole = _table(value, "the seal", {"mediaType", "verificationMaterial", "dsseEnvelope"}, set())
    material = whole["verificationMaterial"]
    found = [name for name in _MATERIALS if isinstance(material, dict) and name in material]
    if not isinstance(material, dict) or len(found) != 1:
        raise InvalidError("the seal does not name its signer by exactly one method", remedy=_AGAIN)
    method = _MATERIALS[found[0]]
    _table(material, "the seal's verificationMaterial", {found[0]}, _BESIDE)
    if whole["mediaType"] != BUNDLE_TYPE:
        raise InvalidError(f"the seal's media type is not {BUNDLE_TYPE}", remedy=_AGAIN)
    entries = material.get("tlogEntries", [])
    if not isinstance(entries, list) or bool(entries) != (method == "sigstore"):
        expected = "needs" if method == "sigstore" else "cannot have"
        raise InvalidError(f"a seal of method {method} {expected} log entries", remedy=_AGAIN)
    if method != "sigstore" and "timestampVerificationData" in material and material["timestampVerificationData"]:
        raise InvalidError(f"a seal of method {method} cannot have timestamps that nobody verifies", remedy=_AGAIN)
    payload, signature = _envelope(whole["dsseEnvelope"])
    if method == "key":
        hint, key = _public_key(material["publicKey"])
        return Bundle(method=method, payload=payload, signature=signature, hint=hint, key=key)
    chain = _chain(material["x509CertificateChain"]) if method == "certificate" else [material["certificate"]]
    certificates = tuple(_certificate(item) for item in chain)
    return Bundle(method=method, payload=payload, signature=signature, certificates=certificates)


def _envelope(value: Json) -> tuple[bytes, bytes]:
    envelope = _table(value, "the seal's envelope", {"payload", "payloadType", "signatures"}, set())
    payload, kind, signatures = envelope["payload"], envelope["payloadType"], envelope["signatures"]
    if kind != PAYLOAD_TYPE:
        raise InvalidError(f"the seal's payload type is not {PAYLOAD_TYPE}", remedy=_AGAIN)
    if not isinstance(payload, str) or not payload or len(payload) > PAYLOAD_LIMIT_BYTES * 4 // 3 + 4:
        raise InvalidError("the seal's payload is missing, not text, or too large", remedy=_AGAIN)
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise InvalidError("the seal has not exactly one signature", remedy=_AGAIN)
    signature = _table(signatures[0], "the seal's signature", {"sig"}, {"keyid"})
    text, hint = signature["sig"], signature.get("keyid")
    if not isinstance(text, str) or not 0 < len(text) <= _SIGNATURE_LIMIT_CHARS:
        raise InvalidError("the seal's signature is missing, not text, or too long", remedy=_AGAIN)
    if hint is not None and hint != "":
        raise InvalidError("the seal's signature has a keyid, which OMS does not use", remedy=_AGAIN)
    return _decoded(payload, "the seal's payload"), _decoded(text, "the seal's signature")


def _public_key(value: Json) -> tuple[str | None, bytes | None]:
    """The hint, or the key itself as bundles before v1.1.0 carry it."""
    table = _table(value, "the seal's publicKey", set(), {"hint", "rawBytes", "keyDetails"})
    hint, raw = table.get("hint"), table.get("rawBytes")
    if isinstance(hint, str) and hint and raw is None:
        return hint, None
    if isinstance(raw, str) and hint is None:
        return None, _decoded(raw, "the seal's public key")
    raise InvalidError("the seal's publicKey has not exactly one of hint and rawBytes", remedy=_AGAIN)


def _chain(value: Json) -> list[Json]:
    certificates = _table(value, "the seal's certificate chain", {"certificates"}, set())["certificates"]
    if not isinstance(certificates, list) or not 0 < len(certificates) <= CERTIFICATES_LIMIT:
        raise InvalidError(f"the seal has not 1 to {CERTIFICATES_LIMIT} certificates", remedy=_AGAIN)
    return certificates


def _certificate(value: Json) -> bytes:
    text = _table(value, "a certificate of the seal", {"rawBytes"}, set())["rawBytes"]
    if not isinstance(text, str):
        raise InvalidError("a certificate of the seal is not text", remedy=_AGAIN)
    return _decoded(text, "a certificate of the seal")


def _decoded(text: str, what: str) -> bytes:
    try:
        return decode_either(text, what)
    except InvalidError as error:
        raise InvalidError(error.what, remedy=_AGAIN) from error


def _table(value: Json, what: str, required: set[str], optional: set[str]) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise InvalidError(f"{what} is no JSON object", remedy=_AGAIN)
    missing, extra = sorted(required - value.keys()), sorted(value.keys() - required - optional)
    if missing:
        raise InvalidError(f"{what} lacks {missing[0]!r}", remedy=_AGAIN)
    if extra:
        raise InvalidError(f"{what} has a member that is not part of it: {extra[0][:80]!r}", remedy=_AGAIN)
    return value
