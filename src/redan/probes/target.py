"""What is probed: where it is, who asks, what it promises, and how much a probe may cost."""

import ssl
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from redan.errors import InputError
from redan.exchange.signature_keys import Signing

_SCHEMES = {"http": 80, "https": 443}


class Credentials(NamedTuple):
    """What one client holds.

    Args:
        token: API key or JSON Web Token; None where the endpoint asks for none.
        keyid: name of the signing key; None where it asks for no signature.
        key: signs.
        expired: a token of this client that was good once; None where there is none.
        misdirected: a token of this client that was made for another service.
    """

    token: str | None = None
    keyid: str | None = None
    key: Signing | None = None
    expired: str | None = None
    misdirected: str | None = None


class Declared(NamedTuple):
    """What the service promises about itself; what is None is not asked for, or is searched for within the bounds.

    Args:
        rate: requests a second, in the long run, of one client.
        burst: requests at once.
        rows: rows that one client may ask for in a day or in all.
        body: bytes of a request at most.
        decimals: places that scores are rounded to; 0 where only labels are given.
        barred: a model that exists and that the client may not ask.
    """

    rate: float | None = None
    burst: float | None = None
    rows: int | None = None
    body: int | None = None
    decimals: int | None = None
    barred: str | None = None


class Bounds(NamedTuple):
    """What a probe may cost, and how long the service may take.

    Args:
        seconds: in all; what was not tried by then is not run.
        timeout: seconds until a request counts as not answered.
        patience: seconds after which a slow client has to be ended.
        agreed: seconds within which an honest request has to be answered beside slow ones.
        flood: requests at most of each search for a limit.
        rows: rows at most that may be spent to see a budget end.
        idle: connections that are held open and say nothing.
        giant: bytes of the largest body that is sent.
        pieces: chunks of one byte that a body is sent in.
    """

    seconds: float = 300.0
    timeout: float = 5.0
    patience: float = 20.0
    agreed: float = 2.0
    flood: int = 400
    rows: int = 200_000
    idle: int = 200
    giant: int = 33 << 20
    pieces: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An endpoint of the Open Inference Protocol, version 2, over HTTP.

    Args:
        url: `http://host:port/prefix` or `https://...`; nothing is ever sent elsewhere.
        model: that the client may ask.
        mine: credentials of the client that asks.
        other: of a second client, whose credentials must not serve the first; None where there is none.
        question: body of a request that has to be answered; made from the model's metadata when None.
        authority: name by which the service is called; host and port of the address when None.
        tls: for a private authority or a client's certificate; the system's authorities when None.
        declared: what it promises.
        bounds: what the probe may cost.
        ports: further ports of the same host that must be closed to clients, such as those of metrics and workers.
    """

    url: str
    model: str
    mine: Credentials = field(default_factory=Credentials)
    other: Credentials | None = None
    question: bytes | None = field(default=None, repr=False)
    authority: str | None = None
    tls: ssl.SSLContext | None = None
    declared: Declared = field(default_factory=Declared)
    bounds: Bounds = field(default_factory=Bounds)
    ports: tuple[int, ...] = ()

    @property
    def place(self) -> "Place":
        """Where that is.

        Raises:
            InputError: the address is none of HTTP.
        """
        return place_of(self.url, self.authority)


class Place(NamedTuple):
    """Where to connect, and how paths begin.

    Args:
        secure: whether through TLS.
        host: name or address.
        port: of TCP.
        prefix: of all paths, without a slash at its end.
        authority: of the header Host.
    """

    secure: bool
    host: str
    port: int
    prefix: str
    authority: str

    def infer(self, model: str) -> str:
        """Path of a question to a model."""
        return f"{self.of(model)}/infer"

    def of(self, model: str) -> str:
        """Path of a model."""
        return f"{self.prefix}/v2/models/{quote(model, safe='')}"


def place_of(url: str, authority: str | None = None) -> Place:
    """Where an address leads.

    Args:
        url: of HTTP.
        authority: name by which the service is called there; None for the address's own.

    Raises:
        InputError: it is none, or carries a name, a password, a query or a fragment.
    """
    remedy = "give https://host:port; credentials belong into their file"
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError as error:
        raise InputError("the address of the endpoint is none of HTTP", remedy=remedy) from error
    plain = url.isascii() and url.isprintable() and not {" ", '"', "\\"} & set(url)
    odd = found.username is not None or found.password is not None or found.query or found.fragment
    if found.scheme not in _SCHEMES or not found.hostname or odd or not plain:
        raise InputError("the address of the endpoint is none of HTTP", remedy=remedy)
    host, usual = found.hostname, _SCHEMES[found.scheme]
    name = f"[{host}]" if ":" in host else host
    own = name if port in {None, usual} else f"{name}:{port}"
    return Place(found.scheme == "https", host, port or usual, found.path.rstrip("/"), authority or own)
