"""`clients.toml`: who may ask which models, by which credentials, and how much. No secret stands in it.

Source: A-MLSG-004-D003, A-MLSG-004-D006.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from redan.errors import ConfigError, InputError
from redan.files import TEXT_LIMIT_BYTES, read_bounded
from redan.system.lines import KeyPath
from redan.system.problems import Problem, of_validation, refusal
from redan.system.toml_quiet import values_and_lines

_Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,79}$")]
_Model: TypeAlias = Annotated[str, Field(pattern=r"^(?:[A-Za-z0-9_.-]{1,80}|\*)$")]
_Hash: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Certificate: TypeAlias = Annotated[str, Field(pattern=r"^(?:[0-9a-f]{64}|dns:[a-z0-9.*-]{1,253}|uri:[!-~]{1,500})$")]
_Secret: TypeAlias = Annotated[str, Field(pattern=r"^(?:env:[A-Z][A-Z0-9_]{0,99}|file:[^\x00-\x1f\x7f]{1,500})$")]
_File: TypeAlias = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,500}$")]
_Text: TypeAlias = Annotated[str, Field(pattern=r"^[!-~]{1,500}$")]
_Amount: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Whole: TypeAlias = Annotated[float, Field(ge=1, allow_inf_nan=False)]
_HELP = {  # of patterns, whose text helps nobody
    "principal": "is a letter or digit and up to 79 more of letters, digits, '.', '_', '@' and '-'",
    "models": "names models, or '*' for all",
    "keys": "holds the SHA-256 of each API key as 64 hex digits, never the key",
    "certificates": "holds 'dns:name', 'uri:name' or the SHA-256 of a certificate as 64 hex digits",
    "secret": "is 'file:NAME' or 'env:NAME'; the secret itself never stands here",
}


class _Record(BaseModel):
    """Frozen; unknown keys are errors; a number in quotes is no number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SigningKey(_Record):
    """`[[client.signing]]`: a key that the client signs its requests with.

    Args:
        id: its name in the signature.
        alg: the one algorithm that it is used with.
        secret: where the shared secret is, of HMAC: `file:NAME` beside this file or `env:NAME`; base64 of 32 bytes or
            more.
        public: file of the public key in PEM, of the others.
    """

    id: _Name
    alg: Literal["hmac-sha256", "ed25519", "ecdsa-p256-sha256"] = "hmac-sha256"
    secret: _Secret | None = None
    public: _File | None = None


class Subject(_Record):
    """`[[client.token]]`: the client as an issuer of tokens names it.

    Args:
        issuer: name of an `[[issuer]]`.
        subject: the claim `sub`.
    """

    issuer: _Name
    subject: _Text


class Client(_Record):
    """`[[client]]`: one client.

    Args:
        principal: its name, which limits and events follow.
        models: that it may ask.
        tier: name of a `[[tier]]`.
        keys: SHA-256 of its API keys; two while one takes over from the other.
        certificates: names or digests of its certificates, as the proxy tells them.
        signing: keys that it signs with; who has one signs always.
        token: as issuers name it.
    """

    principal: _Name
    models: Annotated[tuple[_Model, ...], Field(strict=False, min_length=1)]
    tier: _Name = "default"
    keys: Annotated[tuple[_Hash, ...], Field(strict=False)] = ()
    certificates: Annotated[tuple[_Certificate, ...], Field(strict=False)] = ()
    signing: Annotated[tuple[SigningKey, ...], Field(strict=False)] = ()
    token: Annotated[tuple[Subject, ...], Field(strict=False)] = ()


class Issuer(_Record):
    """`[[issuer]]`: whose tokens are believed.

    Args:
        name: in this file.
        issuer: the claim `iss`, exactly.
        audience: that tokens must be made for.
        jwks: file of its keys.
        alg: of keys that name none.
        models: that subjects may ask who are no `[[client]]`; none, and they are refused.
        tier: of those.
    """

    name: _Name
    issuer: _Text
    audience: _Text
    jwks: _File
    alg: Literal["RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA"] | None = None
    models: Annotated[tuple[_Model, ...], Field(strict=False)] = ()
    tier: _Name = "default"


class Proxy(_Record):
    """`[proxy]`: who tells the certificates of clients.

    Args:
        header: in which.
        addresses: that its connections come from; left out where it comes over a Unix socket.
        secret: where the secret is that it sends in `X-Redan-Proxy`.
    """

    header: Literal["client-cert", "x-forwarded-client-cert"] = "client-cert"
    addresses: Annotated[tuple[_Text, ...], Field(strict=False)] = ()
    secret: _Secret | None = None


class Tier(_Record):
    """`[[tier]]`: how much a kind of client may ask of one model.

    Args:
        name: in this file.
        rate: requests a second, in the long run.
        burst: requests at once.
        rows: rows a day.
        leak: part of the model's unknowns that answers may tell in all; no limit when left out.
    """

    name: _Name
    rate: _Amount = 50.0
    burst: _Whole = 100.0
    rows: _Whole = 100_000.0
    leak: _Amount | None = None


class Clients(_Record):
    """All of `clients.toml`."""

    client: Annotated[tuple[Client, ...], Field(strict=False)] = ()
    issuer: Annotated[tuple[Issuer, ...], Field(strict=False)] = ()
    tier: Annotated[tuple[Tier, ...], Field(strict=False)] = ()
    proxy: Proxy | None = None


def read_clients(path: Path) -> Clients:
    """The clients of a file.

    Args:
        path: a TOML file.

    Raises:
        ConfigError: it is absent or wrong; names the line.
    """
    try:
        data = read_bounded(path, TEXT_LIMIT_BYTES)
    except InputError as error:
        raise ConfigError(error.what, where=str(path), remedy=error.remedy) from error
    return parse_clients(data, file=path.name)


def parse_clients(data: bytes, *, file: str = "clients.toml") -> Clients:
    """The clients that the content of a file declares.

    Args:
        data: TOML.
        file: its name, for messages.

    Raises:
        ConfigError: it is no TOML, has an unknown key or a value that cannot be, or contradicts itself; names the line,
            and never shows a digest or a reference.
    """
    values, lines = values_and_lines(data, file)
    try:
        found = Clients.model_validate(values)
    except ValidationError as error:
        raise refusal([_helped(problem) for problem in of_validation(error)], lines, file) from error
    problems = list(_faults(found))
    if problems:
        raise refusal(problems, lines, file)
    return found


_RECORDS: dict[str, type[_Record]] = {
    "client": Client,
    "issuer": Issuer,
    "tier": Tier,
    "proxy": Proxy,
    "signing": SigningKey,
    "token": Subject,
}


def _helped(problem: Problem) -> Problem:
    words = [str(part) for part in problem.path if isinstance(part, str)]
    if problem.what.startswith("unknown"):
        record = _RECORDS.get(words[-2], Clients) if len(words) > 1 else Clients
        return problem._replace(known=tuple(record.model_fields))
    if words == ["proxy"] and problem.what.startswith("must be written"):
        return problem._replace(what="must be written as [proxy]")
    if "pattern" in problem.what and words:
        return problem._replace(what=_HELP.get(words[-1], "holds a character that it may not, is empty or too long"))
    return problem


def _faults(found: Clients) -> Iterator[Problem]:
    tiers = {tier.name for tier in found.tier} | {"default"}
    issuers = {issuer.name for issuer in found.issuer}
    for place, client in enumerate(found.client):
        path: KeyPath = ("client", place)
        yield from _of_client(client, path, issuers)
        if client.tier not in tiers:
            yield Problem((*path, "tier"), "there is no such [[tier]]", client.tier, sorted(tiers))
    for place, issuer in enumerate(found.issuer):
        if issuer.tier not in tiers:
            yield Problem(("issuer", place, "tier"), "there is no such [[tier]]", issuer.tier, sorted(tiers))
    yield from _twice(found)
    if found.proxy is not None and bool(found.proxy.addresses) != (found.proxy.secret is not None):
        yield Problem(("proxy",), "needs addresses and a secret, or neither where it comes over a Unix socket")
    if found.proxy is None and any(client.certificates for client in found.client):
        yield Problem(("client",), "certificates need a [proxy] that tells them")


def _of_client(client: Client, path: KeyPath, issuers: set[str]) -> Iterator[Problem]:
    if not (client.keys or client.certificates or client.token):
        yield Problem(path, "has no keys, certificates or token to be known by")
    for place, key in enumerate(client.signing):
        shared = key.alg == "hmac-sha256"
        if (key.secret is not None, key.public is not None) != (shared, not shared):
            yield Problem((*path, "signing", place), "needs a secret for hmac-sha256, and a public key for the others")
    for place, subject in enumerate(client.token):
        if subject.issuer not in issuers:
            at = (*path, "token", place, "issuer")
            yield Problem(at, "there is no such [[issuer]]", subject.issuer, sorted(issuers))


def _twice(found: Clients) -> Iterator[Problem]:
    """What leads to one client must not lead to another."""
    clients = list(enumerate(found.client))
    named: list[tuple[KeyPath, tuple[str, str]]] = [
        *((("tier", place, "name"), ("tier", tier.name)) for place, tier in enumerate(found.tier)),
        *((("issuer", place, "name"), ("issuer", one.name)) for place, one in enumerate(found.issuer)),
        *((("issuer", place, "issuer"), ("iss", one.issuer)) for place, one in enumerate(found.issuer)),
        *((("client", place, "principal"), ("principal", one.principal)) for place, one in clients),
        *((("client", place, "keys"), ("key", key)) for place, one in clients for key in one.keys),
        *((("client", place, "certificates"), ("cert", key)) for place, one in clients for key in one.certificates),
        *((("client", place, "signing"), ("signing", key.id)) for place, one in clients for key in one.signing),
        *((("client", place, "token"), (f"sub {t.issuer}", t.subject)) for place, one in clients for t in one.token),
    ]
    counted = Counter(what for _, what in named)
    for path, what in named:
        if counted[what] > 1:
            yield Problem(path, "is there twice")
