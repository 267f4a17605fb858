"""Signatures: what is altered, replayed, stale, of somebody else, or signed in part must be refused.

Source: RFC 9421 sections 3.2 and 7; RFC 9530; research notes, R25 (nonces that others can burn).
"""

import base64
import json
import secrets
from collections.abc import Callable
from typing import Final

from redan.exchange import message_signature as wire
from redan.probes import checks
from redan.probes.contract import Came, Shot, Verdict
from redan.probes.craft import Craft, Part, invented, whole
from redan.probes.judge import FORGED, answered, broken, holds, refused, unclear
from redan.probes.message import Message
from redan.probes.rig import Probe, Rig, static
from redan.terms import Outcome

_REFUSED = refused(FORGED)
_STRANGER = refused({*FORGED, 404})
_OLD: Final = 600
_DAY: Final = 86_400
_SIGN: Final = "Verify a signature over method, host, path, query, type, credentials and the digest of the body."
_FRESH: Final = "Take a signature for a minute at most, and each nonce once, remembered for longer than it is good."
_OWN: Final = "Bind each signing key to one client and one algorithm, and refuse all others."
_SIGNATURE: Final = (b"signature", b"signature-input")


def altered_body(craft: Craft) -> tuple[Shot, ...]:
    """One number differs from what was signed."""
    made = craft.signed()
    return whole(made._replace(body=_other(craft)))


def altered_digest(craft: Craft) -> tuple[Shot, ...]:
    """Body and digest fit each other and not the signature."""
    body = _other(craft)
    made = craft.signed()._replace(body=body)
    return whole(made.with_field(b"content-digest", wire.content_digest(body)))


def missing_digest(craft: Craft) -> tuple[Shot, ...]:
    """The body may be any."""
    return whole(craft.signed()._replace(body=_other(craft)).without(b"content-digest"))


def altered_header(craft: Craft) -> tuple[Shot, ...]:
    """A header that is covered says something else than was signed, and what is usual."""
    fields = ((b"content-type", b"application/json; charset=utf-8"),)
    made = craft.sign(craft.plain(token=craft.mine.token, fields=fields))
    return whole(made.with_field(b"content-type", b"application/json"))


def altered_query(craft: Craft) -> tuple[Shot, ...]:
    """A query that was not signed."""
    made = craft.signed()
    return whole(made._replace(target=made.target + b"?raw=1"))


def other_authority(craft: Craft) -> tuple[Shot, ...]:
    """Signed for another service, and sent here with the host of it."""
    made = craft.plain(token=craft.mine.token, authority="redan-none.invalid")
    signed = craft.sign(made)
    return whole(signed.with_field(b"host", craft.place.authority.encode()))


def other_signature(craft: Craft) -> tuple[Shot, ...]:
    """The signature of another request."""
    made, other = craft.signed(), craft.signed(craft.question(parameters={"redan": 1}))
    return whole(made.with_field(b"signature", other.field(b"signature")))


def unsigned(craft: Craft) -> tuple[Shot, ...]:
    """The question alone, and with half of a signature."""
    made = craft.signed()
    return whole(made.without(*_SIGNATURE, b"content-digest"), made.without(b"signature"), made.without(_SIGNATURE[1]))


def weak_cover(craft: Craft) -> tuple[Shot, ...]:
    """Rightly signed by the client's own key, with a part left out each time."""
    made = craft.plain(token=craft.mine.token)
    full = wire.covered_by(dict(made.fields))
    return whole(*(craft.sign(made, Part(covered=tuple(n for n in full if n != left))) for left in full))


def confused(craft: Craft) -> tuple[Shot, ...]:
    """The client's key under the name of another algorithm, none, or a tag of something else."""
    return whole(
        *(craft.signed(part=Part(alg=alg)) for alg in (b"ed25519", b"rsa-v1_5-sha256", b"none", b"")),
        craft.signed(part=Part(tag=b"redan-answer")),
    )


def foreign_key(craft: Craft) -> tuple[Shot, ...]:
    """The client's name for a key, and another key."""
    return whole(craft.signed(part=Part(key=invented())))


def other_keyid(craft: Craft) -> tuple[Shot, ...]:
    """A name of a key that nobody has, and odd ones."""
    named = (craft.name(), "../../keys/client", "' OR '1'='1", "*")
    return whole(*(craft.signed(part=Part(keyid=name)) for name in named))


def no_signature(craft: Craft) -> tuple[Shot, ...]:
    """Fields that are there and hold nothing that could be verified."""
    made = craft.signed()
    empty = base64.b64encode(bytes(32))
    said = (b"redan=::", b"redan=:%b:" % empty, b"redan=:AA==:", b"x", b"redan=:" + b"A" * 20_000 + b":")
    return whole(*(made.with_field(b"signature", value) for value in said))


def stale(craft: Craft) -> tuple[Shot, ...]:
    """Signed ten minutes ago, by its own words past or still good, and good for a day."""
    now = int(craft.clock())
    parts = (Part(created=now - _OLD), Part(created=now - _OLD, expires=now + _OLD), Part(expires=now + _DAY))
    return whole(*(craft.signed(part=part) for part in parts))


def future(craft: Craft) -> tuple[Shot, ...]:
    """Signed ten minutes from now."""
    now = int(craft.clock())
    return whole(craft.signed(part=Part(created=now + _OLD)), craft.signed(part=Part(created=now + _DAY)))


def without_nonce(craft: Craft) -> tuple[Shot, ...]:
    """Without a nonce, and with one of a single character."""
    return whole(craft.signed(part=Part(nonce=b"")), craft.signed(part=Part(nonce=b"a")))


def _other(craft: Craft) -> bytes:
    """The question with something else in it, as long as it was."""
    body = craft.body
    at = next((i for i in range(len(body) - 1, -1, -1) if body[i : i + 1].isdigit()), -1)
    if at < 0:
        return craft.question(parameters={"redan": 1})
    digit = b"2" if body[at : at + 1] == b"1" else b"1"
    return body[:at] + digit + body[at + 1 :]


def replayed(make: Callable[[Message], tuple[Shot, ...]]) -> Callable[[Rig], Verdict]:
    """A request that is answered, and is sent again, byte by byte.

    Args:
        make: connections over which it goes; together they carry it more than once.
    """

    def act(rig: Rig) -> Verdict:
        came = tuple(rig.line.send(shot) for shot in make(rig.craft.signed()))
        return once(came)

    return act


def once(came: tuple[Came, ...]) -> Verdict:
    """Judges a request that was sent more than once: the first is answered, and no other is.

    Args:
        came: over each connection, in order.
    """
    replies = [reply for one in came for reply in one.replies]
    good = [reply for reply in replies if answered(Came((reply,)))]
    if len(good) > 1:
        return broken(f"it was answered {len(good)} times")
    if not replies or not answered(Came(tuple(replies[:1]))):
        return unclear("the first of them was not answered, so a second tells nothing")
    rest = tuple(Came((reply,)) for reply in replies[1:])
    if not rest:
        return holds("the connection was ended after the first") if came[-1].ended else unclear("no second answer came")
    return _REFUSED(rest)


def _same_line(made: Message) -> tuple[Shot, ...]:
    kept = made.with_field(b"connection", b"keep-alive").raw()
    return (Shot((kept, 0.05, kept), (b"POST", b"POST")),)


def _other_line(made: Message) -> tuple[Shot, ...]:
    return whole(made, made, made)


def same_nonce(rig: Rig) -> Verdict:
    """Another question, freshly signed, with a nonce that was used."""
    nonce = secrets.token_urlsafe(18).encode()
    first = rig.craft.signed(part=Part(nonce=nonce))
    second = rig.craft.signed(rig.craft.question(parameters={"redan": 1}), part=Part(nonce=nonce))
    return once(tuple(rig.line.send(shot) for shot in whole(first, second)))


def burnt_nonce(rig: Rig) -> Verdict:
    """A forgery with a nonce, then the client's own request with it: the nonce must still be the client's."""
    nonce = secrets.token_urlsafe(18).encode()
    forged = rig.line.send(whole(rig.craft.signed(part=Part(nonce=nonce, key=invented())))[0])
    own = rig.line.send(whole(rig.craft.signed(part=Part(nonce=nonce)))[0])
    first = _REFUSED((forged,))
    if first.outcome is not Outcome.HOLDS:
        return unclear("the forgery was not refused, so nothing is told about its nonce")
    if answered(own):
        return holds("the client's own request with that nonce was answered")
    return broken(f"the client's own request with that nonce was refused with {own.status}")


def other_client(rig: Rig) -> Verdict:
    """The client's request, signed by a second client, and the other way round.

    A second client that may not ask about the model is refused for that, before anybody looks at the signature.
    """
    craft, other = rig.craft, rig.craft.target.other
    if other is None or other.key is None or other.keyid is None:
        return unclear("the file of credentials has no second client with a key")
    crossed = [craft.signed(part=Part(key=other.key, keyid=other.keyid))]
    if other.token is not None:
        crossed.append(craft.sign(craft.plain(token=other.token)))
    return _STRANGER(tuple(rig.line.send(shot) for shot in whole(*crossed)))


def json_alike(craft: Craft) -> tuple[Shot, ...]:
    """The same question in other bytes: what is signed is bytes."""
    again = json.dumps(json.loads(craft.body), indent=1).encode()
    return whole(craft.signed()._replace(body=again + b"\n"))


def _probe(  # noqa: PLR0917 -- a row of a table
    name: str, incident: str, check: str, tries: str, remedy: str, act: Callable[[Rig], Verdict]
) -> Probe:
    return Probe(name, incident, (check,), tries, remedy, act, signed=True)


def _sent(make: Callable[[Craft], tuple[Shot, ...]]) -> Callable[[Rig], Verdict]:
    return static(make, _REFUSED)


PROBES: Final = (
    _probe(
        "altered-body",
        "R25",
        checks.ALTERED,
        "a question of which one number was altered after it was signed",
        _SIGN,
        _sent(altered_body),
    ),
    _probe(
        "altered-bytes",
        "R25",
        checks.ALTERED,
        "the same question written in other bytes than were signed",
        _SIGN,
        _sent(json_alike),
    ),
    _probe(
        "altered-digest",
        "R25",
        checks.ALTERED,
        "an altered question with a digest that fits it",
        _SIGN,
        _sent(altered_digest),
    ),
    _probe(
        "missing-digest", "R25", checks.ALTERED, "an altered question without its digest", _SIGN, _sent(missing_digest)
    ),
    _probe(
        "altered-header",
        "R25",
        checks.ALTERED,
        "a question of which a signed header was altered",
        _SIGN,
        _sent(altered_header),
    ),
    _probe(
        "altered-query",
        "R25",
        checks.ALTERED,
        "a question with a query that was not signed",
        _SIGN,
        _sent(altered_query),
    ),
    _probe(
        "other-authority",
        "R25",
        checks.ALTERED,
        "a question that was signed for another service",
        _SIGN,
        _sent(other_authority),
    ),
    _probe(
        "other-signature",
        "R25",
        checks.ALTERED,
        "a question with the signature of another one",
        _SIGN,
        _sent(other_signature),
    ),
    _probe(
        "weak-cover",
        "R25",
        checks.ALTERED,
        "a question whose signature leaves out one part of it",
        _SIGN,
        _sent(weak_cover),
    ),
    _probe(
        "stale",
        "R25",
        checks.REPLAYED,
        "a question that was signed ten minutes ago, or for a day",
        _FRESH,
        _sent(stale),
    ),
    _probe("future", "R25", checks.REPLAYED, "a question that says it was signed in the future", _FRESH, _sent(future)),
    _probe(
        "replayed",
        "R25",
        checks.REPLAYED,
        "a question that was answered, again over the same connection",
        _FRESH,
        replayed(_same_line),
    ),
    _probe(
        "replayed-elsewhere",
        "R25",
        checks.REPLAYED,
        "a question that was answered, again over other connections",
        _FRESH,
        replayed(_other_line),
    ),
    _probe("same-nonce", "R25", checks.REPLAYED, "another question with a nonce that was used", _FRESH, same_nonce),
    _probe(
        "without-nonce",
        "R25",
        checks.REPLAYED,
        "a question without a nonce, or with a short one",
        _FRESH,
        _sent(without_nonce),
    ),
    _probe(
        "burnt-nonce",
        "R25",
        checks.REPLAYED,
        "a forgery with a nonce that the client uses after it",
        "Remember a nonce only after the signature was verified.",
        burnt_nonce,
    ),
    _probe(
        "unsigned", "R20", checks.FOREIGN, "a question without a signature, or with half of one", _SIGN, _sent(unsigned)
    ),
    _probe(
        "empty-signature",
        "R24",
        checks.FOREIGN,
        "a question with a signature that is empty, zero or enormous",
        _SIGN,
        _sent(no_signature),
    ),
    _probe(
        "foreign-key",
        "R24",
        checks.FOREIGN,
        "a question signed by a key that nobody knows, under the client's name",
        _OWN,
        _sent(foreign_key),
    ),
    _probe(
        "other-keyid",
        "R22",
        checks.FOREIGN,
        "a question signed under the name of a key that does not exist",
        _OWN,
        _sent(other_keyid),
    ),
    _probe(
        "confused-algorithm",
        "R24",
        checks.FOREIGN,
        "a signature that names another algorithm, none, or another purpose",
        _OWN,
        _sent(confused),
    ),
)
OTHERS: Final = (
    _probe(
        "other-client", "R24", checks.FOREIGN, "a question signed with the key of another client", _OWN, other_client
    ),
)
