"""Makes requests as the client would, and as somebody who is not quite the client would.

Source: RFC 9421 section 2.5; Open Inference Protocol, version 2, REST.
"""

import json
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from redan.exchange import message_signature as wire
from redan.exchange.signature_keys import HmacKey, Signing
from redan.exchange.signing import AGE, sign
from redan.exchange.signing import Target as To
from redan.probes.contract import Shot
from redan.probes.message import Message
from redan.probes.target import Credentials, Place, Target

_NONCE = 18
_SECRET = 32
_MOST: Final = 1 << 20
_KEYID: Final = "redan-none"


class Port(NamedTuple):
    """One tensor that the model takes.

    Args:
        name: of it.
        datatype: of the protocol.
        shape: with a length for each axis.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Numbers of it."""
        return math.prod(self.shape)

    def values(self) -> list[Any]:
        """Values that any model of that datatype takes."""
        value: Any = {"BOOL": True, "BYTES": "a"}.get(self.datatype, 1 if "INT" in self.datatype else 1.0)
        return [value] * self.size


class Part(NamedTuple):
    """How a signature differs from that of the client; what is None is as the client's.

    Args:
        key: signs.
        keyid: name that the signature tells.
        alg: algorithm that it tells.
        covered: parts that it covers.
        created: seconds since the epoch.
        expires: seconds since the epoch.
        nonce: of it; the empty one leaves the parameter out.
        tag: of it.
    """

    key: Signing | None = None
    keyid: str | None = None
    alg: bytes | None = None
    covered: tuple[bytes, ...] | None = None
    created: int | None = None
    expires: int | None = None
    nonce: bytes | None = None
    tag: bytes = wire.TAG


@dataclass(frozen=True, slots=True)
class Craft:
    """Makes requests to one endpoint.

    Args:
        target: the endpoint.
        place: where it is.
        rng: draws what is made up.
        clock: seconds since the epoch.
        ports: what the model takes.
        body: a question that it answers.
        invented: a key that nobody knows.
    """

    target: Target
    place: Place
    rng: np.random.Generator
    clock: Callable[[], float]
    ports: tuple[Port, ...]
    body: bytes
    invented: Signing

    @property
    def mine(self) -> Credentials:
        """Of the client."""
        return self.target.mine

    @property
    def path(self) -> str:
        """Of questions to the model."""
        return self.place.infer(self.target.model)

    def name(self) -> str:
        """A name that nothing there has."""
        return f"redan-none-{int(self.rng.integers(1 << 40)):x}"

    def plain(
        self,
        method: str = "POST",
        path: str | None = None,
        body: bytes | None = None,
        *,
        token: str | None = None,
        fields: tuple[tuple[bytes, bytes], ...] = (),
        authority: str | None = None,
    ) -> Message:
        """A request that is not signed, by whoever holds the token.

        Args:
            method: in upper case.
            path: as it is sent; that of questions when None.
            body: the question when None and the method is POST.
            token: None for nobody's.
            fields: further ones.
            authority: of the header Host.
        """
        sent = (self.body if method == "POST" else b"") if body is None else body
        given = [(b"host", (authority or self.place.authority).encode()), (b"connection", b"close")]
        if token is not None:
            given.append((b"authorization", b"Bearer " + token.encode("latin-1", "replace")))
        if sent and not any(name == b"content-type" for name, _ in fields):
            given.append((b"content-type", b"application/json"))
        target = (self.path if path is None else path).encode("latin-1", "replace")
        return Message(method.encode(), target, (*given, *fields), sent)

    def ask(self, body: bytes | None = None, path: str | None = None, **more: Any) -> Message:  # noqa: ANN401 -- of `plain`
        """A question as the client asks it: signed if it has a key."""
        made = self.plain("POST", path, body, token=self.mine.token, **more)
        return made if self.mine.key is None else self.sign(made)

    def get(self, path: str, method: str = "GET") -> Message:
        """A request without a body, as the client makes it."""
        return self.plain(method, path, b"", token=self.mine.token)

    def signed(self, body: bytes | None = None, path: str | None = None, part: Part | None = None) -> Message:
        """A signed question, by an invented key where the client has none.

        Args:
            body: of it.
            path: of it.
            part: how the signature differs.
        """
        return self.sign(self.plain("POST", path, body, token=self.mine.token), part)

    def sign(self, made: Message, part: Part | None = None) -> Message:
        """A request with a signature over it as it is.

        Args:
            made: the request; its fields come once.
            part: how the signature differs from what is agreed; None for not at all.
        """
        fields = dict(made.fields)
        path, _, query = made.target.partition(b"?")
        to = To(made.method, fields[b"host"], path, query)
        key, keyid = self.mine.key or self.invented, self.mine.keyid or _KEYID
        if part is None:
            headers, _ = sign(to, fields, made.body, keyid=keyid, key=key, now=self.clock(), nonce=_nonce())
        else:
            headers = _odd(
                to, fields, made.body, part, by=(part.key or key, part.keyid or keyid), now=int(self.clock())
            )
        return made._replace(fields=(*made.fields, *headers.items()))

    def question(self, *, parameters: dict[str, Any] | None = None, **changed: Any) -> bytes:  # noqa: ANN401 -- JSON
        """A question of which the first input, or the whole, differs.

        Args:
            parameters: of the question.
            changed: keys of the first input; None takes one out.
        """
        asked = json.loads(self.body)
        first = asked["inputs"][0]
        for key, value in changed.items():
            first[key] = value
            if value is None:
                del first[key]
        if parameters is not None:
            asked["parameters"] = parameters
        return json.dumps(asked).encode()

    @property
    def first(self) -> Port:
        """The first input of the question."""
        return self.ports[0]


def whole(*made: Message, **more: Any) -> tuple[Shot, ...]:  # noqa: ANN401 -- of `Shot`
    """Each request over a connection of its own."""
    return tuple(Shot((one.raw(),), (one.method,), **more) for one in made)


def invented() -> Signing:
    """A key that nobody knows."""
    return HmacKey(secrets.token_bytes(_SECRET))


def ports_of(body: bytes) -> tuple[Port, ...]:
    """What a model takes, of its metadata or of a question; lengths that are free become one.

    Args:
        body: JSON of a stranger.

    Returns:
        Empty where it says nothing of the kind, or more numbers than a question is made of here.
    """
    try:
        said = json.loads(body)
        found = tuple(
            Port(str(one["name"]), str(one["datatype"]), tuple(n if n > 0 else 1 for n in map(int, one["shape"])))
            for one in said["inputs"]
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return ()
    return found if sum(one.size for one in found) <= _MOST else ()


def question_for(ports: tuple[Port, ...]) -> bytes:
    """A question of what a model takes."""
    inputs = [{"name": p.name, "shape": [*p.shape], "datatype": p.datatype, "data": p.values()} for p in ports]
    return json.dumps({"inputs": inputs}).encode()


def _nonce() -> bytes:
    """Never drawn from the seed: the same one twice, within a minute, would be a replay."""
    return secrets.token_urlsafe(_NONCE).encode()


def _odd(
    to: To, fields: dict[bytes, bytes], body: bytes, part: Part, *, by: tuple[Signing, str], now: int
) -> dict[bytes, bytes]:
    """Fields of a signature that is not of the profile, and is made rightly of what it says."""
    key, keyid = by
    digest = wire.content_digest(body)
    parts = {**fields, b"content-digest": digest, b"@method": to.method, b"@authority": to.authority.lower()}
    parts |= {b"@path": to.path or b"/", b"@query": b"?" + to.query}
    covered = wire.listed(wire.covered_by(fields) if part.covered is None else part.covered)
    created = now if part.created is None else part.created
    expires = created + AGE if part.expires is None else part.expires
    once = _nonce() if part.nonce is None else part.nonce
    said = b';nonce="%b"' % once if once else b""
    raw = b'%b;created=%d;expires=%d%b;keyid="%b";alg="%b";tag="%b"' % (
        covered,
        created,
        expires,
        said,
        keyid.encode(),
        key.alg if part.alg is None else part.alg,
        part.tag,
    )
    value = key.sign(wire.signed_bytes(wire.base(covered), parts, raw))
    return {
        b"content-digest": digest,
        b"signature-input": b"%b=%b" % (wire.LABEL, raw),
        b"signature": b"%b=:%b:" % (wire.LABEL, value),
    }
