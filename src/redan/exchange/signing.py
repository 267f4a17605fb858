"""What a client adds to a request so that it is known, intact and sent once; and what it checks of the answer.

Source: RFC 9421 sections 3.1 and 3.2; A-MLSG-004-D003.
"""

import secrets
from collections.abc import Mapping
from typing import NamedTuple

from redan.exchange import message_signature as wire
from redan.exchange.signature_keys import Signing, Verifying

AGE = 60
_NONCE_BYTES = 18  # 144 bits
_ANSWER_PARAMS = b";created="


class Sent(NamedTuple):
    """The signature of a request that went out; its answer is checked against it.

    Args:
        value: in base64.
        created: seconds since the epoch.
    """

    value: bytes
    created: int


class Target(NamedTuple):
    """Where a request goes.

    Args:
        method: in upper case.
        authority: host, with the port where it is not the scheme's own.
        path: percent-encoded.
        query: without the question mark.
    """

    method: bytes
    authority: bytes
    path: bytes
    query: bytes


def sign(
    target: Target,
    fields: Mapping[bytes, bytes],
    body: bytes,
    *,
    keyid: str,
    key: Signing,
    now: float,
    nonce: bytes | None = None,
    age: int = AGE,
) -> tuple[dict[bytes, bytes], Sent]:
    """Headers that sign a request.

    Args:
        target: of the request.
        fields: its headers by their names in lower case; those that the profile covers are signed.
        body: all of it.
        keyid: name of the key.
        key: signs.
        now: seconds since the epoch.
        nonce: 16 to 64 characters, never used before; drawn when None.
        age: seconds that the signature holds.

    Returns:
        `content-digest`, `signature-input` and `signature`; and what the answer is checked against.

    Raises:
        FormError: a part is not one line of plain characters.
    """
    digest = wire.content_digest(body)
    parts = {**fields, b"content-digest": digest}
    parts |= {b"@method": target.method, b"@authority": target.authority.lower()}
    parts |= {b"@path": target.path or b"/", b"@query": b"?" + target.query}
    covered = wire.listed(wire.covered_by(fields))
    created, once = int(now), nonce or secrets.token_urlsafe(_NONCE_BYTES).encode()
    raw = b'%b;created=%d;expires=%d;nonce="%b";keyid="%b";alg="%b";tag="%b"' % (
        covered,
        created,
        created + age,
        once,
        keyid.encode(),
        key.alg,
        wire.TAG,
    )
    value = key.sign(wire.signed_bytes(wire.base(covered), parts, raw))
    headers = {
        b"content-digest": digest,
        b"signature-input": b"%b=%b" % (wire.LABEL, raw),
        b"signature": b"%b=:%b:" % (wire.LABEL, value),
    }
    return headers, Sent(value, created)


def answered(
    status: int, fields: Mapping[bytes, bytes], body: bytes, sent: Sent, *, keyid: str, key: Verifying, age: float = AGE
) -> None:
    """Accepts an answer that was signed for this request, or raises.

    Args:
        status: of HTTP.
        fields: headers of the answer by their names in lower case.
        body: all of it.
        sent: the request's signature.
        keyid: name of the key that answers are signed with.
        key: that key.
        age: seconds by which the answer's time may differ from the request's.

    Raises:
        FormError: it is not signed, not for this request, or was altered.
    """
    try:
        said, value = fields[b"signature-input"], wire.signature(fields[b"signature"], wire.LABEL)
        covered = wire.answer_covered(fields, wire.LABEL)
        raw = said.removeprefix(wire.LABEL + b"=")
        created = _created(raw, covered, keyid, key.alg)
        data = wire.answer_bytes(status, fields, wire.LABEL, sent.value, raw)
        digest = fields[b"content-digest"]
    except KeyError as error:
        raise wire.FormError("the answer is not signed") from error
    if abs(created - sent.created) > age:
        raise wire.FormError("the answer was signed at another time")
    if not wire.digest_fits(digest, body):
        raise wire.FormError("the answer's digest does not fit its body")
    if not key.fits(value, data):
        raise wire.FormError("the answer's signature does not fit it and its request")


def _created(raw: bytes, covered: bytes, keyid: str, alg: bytes) -> int:
    head = covered + _ANSWER_PARAMS
    number, _, rest = raw.removeprefix(head).partition(b";")
    wanted = b'keyid="%b";alg="%b";tag="%b"' % (keyid.encode(), alg, wire.ANSWER_TAG)
    if not raw.startswith(head) or not number.isdigit() or len(number) > 15 or rest != wanted:  # noqa: PLR2004 -- RFC 9651
        raise wire.FormError("the answer's signature is not of the agreed form")
    return int(number)
