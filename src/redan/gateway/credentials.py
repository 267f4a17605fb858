"""From `clients.toml` to the guards: secrets are read, keys and certificates are laid out for looking up.

Source: A-MLSG-004-D003, A-MLSG-004-D006.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from redan.errors import ConfigError
from redan.exchange.flow import Identity
from redan.exchange.signature_keys import HmacKey, public_key
from redan.files.beside import Beside
from redan.gateway import clients as file
from redan.guards.api_keys import by_digest
from redan.guards.certificates import Certificates, secret_digest
from redan.guards.identity import Identify
from redan.guards.limits import Tier
from redan.guards.signature import SigningKey
from redan.guards.tokens import Issuer, Tokens, token_keys


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the guards need to know of clients.

    Args:
        identify: finds out who asks.
        signing: keys that requests are signed with, by their names.
        shared: those of them that the service signs answers with, too.
        tiers: by name.
    """

    identify: Identify
    signing: Mapping[bytes, SigningKey]
    shared: Mapping[str, HmacKey]
    tiers: Mapping[str, Tier]


def credentials(clients: file.Clients, folder: Path, environ: Mapping[str, str]) -> Credentials:
    """Reads what `clients.toml` refers to.

    Args:
        clients: of the file.
        folder: where the file is; its references stay below it.
        environ: variables of the process.

    Raises:
        ConfigError: a reference leads nowhere, a secret is too short or may be read by others, or a key is not what it
            should be.
    """
    here = Beside(folder, environ)
    identities = {
        one.principal: Identity(one.principal, frozenset(one.models), None, one.tier) for one in clients.client
    }
    keys = {key: identities[one.principal] for one in clients.client for key in one.keys}
    tiers = {"default": Tier()} | {
        tier.name: Tier(tier.rate, tier.burst, tier.rows, tier.leak or float("inf")).checked() for tier in clients.tier
    }
    issuers = tuple(_issuer(one, clients, identities, here) for one in clients.issuer)
    proxy = None if clients.proxy is None else _proxy(clients.proxy, clients, identities, here)
    identify = Identify(by_digest(keys), Tokens(issuers) if issuers else None, proxy)
    signing, shared = _signing(clients, here)
    return Credentials(identify, signing, shared, tiers)


def _signing(clients: file.Clients, here: Beside) -> tuple[dict[bytes, SigningKey], dict[str, HmacKey]]:
    signing: dict[bytes, SigningKey] = {}
    shared: dict[str, HmacKey] = {}
    for one in clients.client:
        for key in one.signing:
            if key.secret is not None:
                shared[key.id] = HmacKey(_secret(key.secret, here))
                signing[key.id.encode()] = SigningKey(key.id, one.principal, shared[key.id])
            elif key.public is not None:
                public = public_key(here.file(key.public))
                if public.alg != key.alg.encode():
                    raise ConfigError(f"the signing key {key.id} is no key of {key.alg}", where=key.public)
                signing[key.id.encode()] = SigningKey(key.id, one.principal, public)
    return signing, shared


def _issuer(one: file.Issuer, clients: file.Clients, identities: Mapping[str, Identity], here: Beside) -> Issuer:
    known = {
        subject.subject: identities[client.principal]
        for client in clients.client
        for subject in client.token
        if subject.issuer == one.name
    }
    return Issuer(one.issuer, one.audience, token_keys(here.file(one.jwks), one.alg), _subjects(one, known))


def _subjects(one: file.Issuer, known: Mapping[str, Identity]) -> Callable[[str], Identity | None]:
    """Subjects who are no client of the file are named after their issuer, so that no two are one."""
    models = frozenset(one.models)

    def identity(subject: str) -> Identity | None:
        found = known.get(subject)
        if found is not None or not models or not _plain(subject):
            return found
        return Identity(f"{one.name}:{subject}", models, None, one.tier)

    return identity


def _plain(subject: str) -> bool:
    return 0 < len(subject) <= 200 and subject.isascii() and subject.isprintable()  # noqa: PLR2004 -- as a name


def _proxy(one: file.Proxy, clients: file.Clients, identities: Mapping[str, Identity], here: Beside) -> Certificates:
    known: dict[bytes | str, Identity] = {
        name if ":" in name else bytes.fromhex(name): identities[client.principal]
        for client in clients.client
        for name in client.certificates
    }
    if one.header != "client-cert" and not all(isinstance(name, bytes) for name in known):
        raise ConfigError("x-forwarded-client-cert is read for its Hash", remedy="name certificates by their SHA-256")
    secret = None if one.secret is None else secret_digest(base64.b64encode(_secret(one.secret, here)))
    return Certificates(known, frozenset(one.addresses), secret, one.header.encode())


def _secret(reference: str, here: Beside) -> bytes:
    """The bytes of a secret; no message holds any of them."""
    try:
        found = binascii.a2b_base64(here.secret(reference), strict_mode=True)
    except binascii.Error:
        found = b""
    if len(found) < 32:  # noqa: PLR2004 -- bits of SHA-256
        raise ConfigError(
            "is no base64 of 32 bytes or more", where=reference, remedy="make one: openssl rand -base64 32"
        )
    return found
