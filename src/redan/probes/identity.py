"""Who asks: tokens that are absent, made up, cut, confused, expired or for somebody else, and models of others.

Source: research notes, R21 (a cache keyed by a prefix), R22 (a key check that built SQL), R24 (algorithms, `crit`).
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, Final

from redan.probes import checks
from redan.probes.contract import Came, Shot, Verdict
from redan.probes.craft import Craft, whole
from redan.probes.judge import (
    DENIED,
    FORGED,
    MALFORMED,
    alike,
    answered,
    beside,
    broken,
    holds,
    refused,
    unclear,
    worst,
)
from redan.probes.message import Message
from redan.probes.rig import Probe, Rig, static
from redan.terms import Outcome

_DENIED = refused(DENIED, cut=True)
_PARTS: Final = 3
_PREFIX: Final = 20
_TAIL: Final = 6  # the last letter of base64 may say nothing
_LONG: Final = 20_000
_WHO: Final = "Ask every request for credentials, and compare the whole of them."
_TOKENS: Final = (
    "Pin one algorithm to each key, refuse unknown critical headers, encrypted tokens and whatever does not verify."
)
_MODELS: Final = "Authorise each client for each model, and answer for a forbidden model as for one that is not there."


def nobody(craft: Craft) -> tuple[Shot, ...]:
    """The question without credentials, and over a connection without a certificate."""
    return whole(craft.plain(), known=False)


def made_up(craft: Craft) -> tuple[Shot, ...]:
    """Credentials of other kinds, and of odd forms."""
    basic = base64.b64encode(b"admin:admin").decode()
    said = (
        "Bearer",
        "Bearer ",
        "Bearer null",
        "Bearer undefined",
        f"Basic {basic}",
        "Negotiate AAAA",
        "Bearer admin",
        'Digest username="admin"',
        f"Bearer {craft.name()}",
        "Bearer \x01\x02",
        "Bearer a, Bearer b",
    )
    return _with(craft, said)


def injected(craft: Craft) -> tuple[Shot, ...]:
    """What a query to a database, a directory, a template or a shell would run."""
    said = (
        "' OR '1'='1",
        "x' UNION SELECT 1--",
        '" OR ""="',
        "*)(uid=*",
        "{{7*7}}",
        "${jndi:x}",
        "$(id)",
        "%00",
        "' AND 1/0--",
    )
    return _with(craft, tuple(f"Bearer {value}" for value in said))


def long_token(craft: Craft) -> tuple[Shot, ...]:
    """Tokens that cost to look at."""
    return _with(craft, ("Bearer " + "A" * _LONG, "Bearer " + "." * _LONG))


def twin_token(rig: Rig) -> Verdict:
    """A token that begins as the client's, right after the client was known: caches must not take one for the other."""
    token = rig.craft.mine.token
    if token is None:
        return _open(rig)
    if len(token) <= _TAIL:
        return beside("the client's token is too short to have a twin")
    first = rig.line.send(whole(rig.craft.ask())[0])
    if not answered(first):
        return unclear("the client itself was not answered before")
    twins = {
        token[:-_TAIL] + _another(token[-_TAIL]) + token[len(token) - _TAIL + 1 :],
        token + "A",
        token[:_PREFIX] + _flipped(token[_PREFIX:]),
        token[:-1],
    }
    made = [_signed(rig.craft, rig.craft.plain(token=one)) for one in sorted(twins - {token})]
    return _DENIED(tuple(rig.line.send(shot) for shot in whole(*made)))


def confused_token(craft: Craft) -> tuple[Shot, ...]:
    """Tokens without an algorithm, of another one, with unknown demands, and in five parts."""
    claims = claims_of(craft.mine.token) or {"sub": "admin", "iss": "redan", "aud": "redan", "exp": 4_102_444_800}
    made = [
        *(_token({"alg": alg}, claims) for alg in ("none", "None", "NONE", "nOnE", "")),
        _token({"alg": "HS256"}, claims, b""),
        _token({"alg": "HS256"}, claims, b"secret"),
        _token({"alg": "HS256", "kid": "../../../../dev/null"}, claims, b""),
        _token({"alg": "HS256", "crit": ["redan"], "redan": True}, claims, b"secret"),
        _token({"alg": "RS256", "jwk": {"kty": "oct", "k": ""}}, claims, b""),
        ".".join([_encoded({"alg": "dir", "enc": "A128GCM"}), "", "AAAA", "AAAA", "AAAA"]),
    ]
    return _with(craft, tuple(f"Bearer {one}" for one in made))


def altered_token(rig: Rig) -> Verdict:
    """The client's own JSON Web Token with another claim, and its signature."""
    token = rig.craft.mine.token
    claims = claims_of(token)
    if token is None:
        return _open(rig)
    if claims is None:
        return beside("the client's token is no JSON Web Token")
    head, _, signature = token.split(".")
    changed = ({**claims, "sub": "admin"}, {**claims, "exp": 4_102_444_800}, {**claims, "scope": "admin"})
    tokens = tuple(f"Bearer {head}.{_encoded(one)}.{signature}" for one in changed)
    return _DENIED(tuple(rig.line.send(shot) for shot in _with(rig.craft, tokens)))


def spent_token(kind: str) -> Callable[[Rig], Verdict]:
    """A token that was good once, or is good elsewhere; only an issuer can make it, so the client has to give it.

    Args:
        kind: `expired` or `misdirected`.
    """

    def act(rig: Rig) -> Verdict:
        token = getattr(rig.craft.mine, kind)
        if token is None and claims_of(rig.craft.mine.token) is None:
            return beside("the client's token is no JSON Web Token")
        if token is None:
            return unclear(f"the file of credentials has no '{kind}' token; only the issuer can make one")
        return _DENIED(tuple(rig.line.send(shot) for shot in _with(rig.craft, (f"Bearer {token}",))))

    return act


def twice_known(craft: Craft) -> tuple[Shot, ...]:
    """Two credentials, of which a proxy and a server may each see another."""
    made = craft.plain().also(b"authorization", b"Bearer " + craft.name().encode())
    own = (craft.mine.token or craft.name()).encode()
    return whole(_signed(craft, made).also(b"authorization", b"Bearer " + own))


def unknown_model(craft: Craft) -> tuple[Shot, ...]:
    """Models that are not there."""
    names = (craft.name(), f"{craft.target.model}-{craft.name()}", craft.target.model.swapcase() + "-x")
    return whole(*(craft.ask(path=craft.place.infer(name)) for name in names))


def barred_model(rig: Rig) -> Verdict:
    """A model that is there and that the client may not ask: answered for as for one that is not there."""
    barred, craft = rig.craft.target.declared.barred, rig.craft
    if barred is None:
        return unclear("it is not told which model there is that the client may not ask")
    pairs = []
    for make in (craft.place.infer, craft.place.of):
        sent = [
            craft.ask(path=make(n)) if make == craft.place.infer else craft.get(make(n)) for n in (barred, craft.name())
        ]
        pairs.append(tuple(rig.line.send(shot) for shot in whole(*sent)))
    return worst([_as_unknown(*pair) for pair in pairs])


def _as_unknown(found: Came, unknown: Came) -> Verdict:
    first = refused(FORGED | {404})((found,))
    if first.outcome is not Outcome.HOLDS:
        return first
    if unknown.replies and found.replies and alike(found.replies[0], unknown.replies[0]):
        return holds("refused as one that is not there")
    return broken("it was refused otherwise than one that is not there, so its name is told")


def claims_of(token: str | None) -> dict[str, Any] | None:
    """Claims of a JSON Web Token, unverified; None where it is none."""
    parts = (token or "").split(".")
    if len(parts) != _PARTS:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _open(rig: Rig) -> Verdict:
    """Without credentials to compare with: whoever needs none was answered."""
    return _DENIED(tuple(rig.line.send(shot) for shot in _with(rig.craft, (f"Bearer {rig.craft.name()}",))))


def _with(craft: Craft, authorizations: tuple[str, ...]) -> tuple[Shot, ...]:
    fields = (((b"authorization", said.encode("latin-1")),) for said in authorizations)
    return whole(*(_signed(craft, craft.plain(fields=one)) for one in fields), known=False)


def _signed(craft: Craft, made: Message) -> Message:
    """Signed where the client signs, so that nothing but the token is wrong; not where it cannot be."""
    if craft.mine.key is None or not made.field(b"authorization").isascii() or b"\x01" in made.field(b"authorization"):
        return made
    return craft.sign(made)


def _token(head: dict[str, Any], claims: dict[str, Any], key: bytes | None = None) -> str:
    said = f"{_encoded(head)}.{_encoded(claims)}"
    if key is None:
        return said + "."
    return f"{said}.{_text(hmac.digest(key, said.encode(), hashlib.sha256))}"


def _encoded(value: dict[str, Any]) -> str:
    return _text(json.dumps(value).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _another(letter: str) -> str:
    return "B" if letter == "A" else "A"


def _flipped(text: str) -> str:
    return "".join(_another(letter) for letter in text) or "A"


_BOTH: Final = (checks.PER_MODEL, checks.AUTHENTICATED)
PROBES: Final = (
    Probe("no-credentials", "R4", _BOTH, "a question without credentials", _WHO, static(nobody, _DENIED)),
    Probe(
        "made-up-credentials",
        "R22",
        _BOTH,
        "a question with credentials that are made up",
        _WHO,
        static(made_up, _DENIED),
    ),
    Probe(
        "injected-credentials",
        "R22",
        _BOTH,
        "a question with credentials that a database or a shell would run",
        _WHO,
        static(injected, _DENIED),
    ),
    Probe(
        "long-token", "R24", _BOTH, "a question with a token of 20,000 characters", _TOKENS, static(long_token, _DENIED)
    ),
    Probe(
        "twin-token",
        "R21",
        _BOTH,
        "a token that begins as the client's, right after the client was known",
        _WHO,
        twin_token,
    ),
    Probe(
        "confused-token",
        "R24",
        _BOTH,
        "tokens without an algorithm, of a weak one or with unknown demands",
        _TOKENS,
        static(confused_token, _DENIED),
    ),
    Probe(
        "altered-token",
        "R24",
        _BOTH,
        "the client's token with another claim and the same signature",
        _TOKENS,
        altered_token,
    ),
    Probe("expired-token", "R24", _BOTH, "a token that has expired", _TOKENS, spent_token("expired")),
    Probe(
        "other-audience", "R24", _BOTH, "a token that was made for another service", _TOKENS, spent_token("misdirected")
    ),
    Probe(
        "two-credentials",
        "R4",
        _BOTH,
        "a question with two credentials",
        _WHO,
        static(twice_known, refused(DENIED | MALFORMED, cut=True)),
    ),
    Probe(
        "unknown-model",
        "R3",
        (checks.PER_MODEL,),
        "a question to models that are not there",
        _MODELS,
        static(unknown_model, refused(FORGED | {404})),
    ),
    Probe(
        "barred-model",
        "R3",
        (checks.PER_MODEL,),
        "a question to a model that the client may not ask",
        _MODELS,
        barred_model,
    ),
)
