"""Clients known by a JSON Web Token of an issuer that is trusted, such as an OpenID Connect provider.

The key chooses the algorithm, never the token; `crit`, embedded keys, encryption and compression are refused; tokens
that were verified are remembered by the SHA-256 of all of their bytes (research: R21, R24).

Source: RFC 7519 section 7.2; RFC 8725 sections 3.1 to 3.12; RFC 8705 section 3.1.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from redan.errors import ConfigError
from redan.exchange.flow import Identity
from redan.guards.known import Known

ALGORITHMS: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "ES384": "EC", "Ed25519": "OKP", "EdDSA": "OKP"}
_TYPES = frozenset({"", "jwt", "at+jwt"})
_RSA_BITS = 2048
_PARTS = 2


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    alg: str
    kid: str = ""
    typ: str = ""
    cty: str = ""
    x5t: str = ""
    x5t_s256: str = msgspec.field(default="", name="x5t#S256")


class _Bound(msgspec.Struct, forbid_unknown_fields=True):
    x5t_s256: str = msgspec.field(name="x5t#S256")


class _Claims(msgspec.Struct):
    iss: str
    sub: str
    aud: str | list[str]
    exp: int | float
    nbf: int | float = 0
    iat: int | float = 0
    cnf: _Bound | None = None


class TokenKey(NamedTuple):
    """A key of an issuer.

    Args:
        alg: the one algorithm that it is used with.
        key: as joserfc holds it.
    """

    alg: str
    key: Any


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who is believed about who its users are.

    Args:
        issuer: the claim `iss`, exactly.
        audience: that a token must be made for.
        keys: by their `kid`.
        identity: of a subject; None for one that is not known here.
        leeway: seconds by which clocks may differ.
    """

    issuer: str
    audience: str
    keys: "dict[str, TokenKey]"
    identity: Callable[[str], Identity | None]
    leeway: float = 5.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """Verifies tokens.

    Args:
        issuers: that are trusted; each has names of keys of its own.
        longest: bytes of a token.
    """

    issuers: tuple[Issuer, ...]
    longest: int = 4096
    _keys: "dict[str, tuple[TokenKey, Issuer]]" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """A name of a key leads to one issuer, or a token of the one could be told for one of the other."""
        found = {kid: (key, issuer) for issuer in self.issuers for kid, key in issuer.keys.items()}
        if len(found) != sum(len(issuer.keys) for issuer in self.issuers):
            raise ConfigError("two issuers have a key of the same name")
        object.__setattr__(self, "_keys", found)

    def known(self, token: bytes, now: float) -> Known | None:
        """Whose a token is.

        Args:
            token: as it was sent.
            now: seconds since the epoch.

        Returns:
            None when it does not verify, does not hold now, or is of nobody known here.
        """
        if len(token) > self.longest or token.count(b".") != _PARTS:
            return None
        kid = _kid(token)
        found = None if kid is None else self._keys.get(kid)
        if found is None:
            return None
        key, issuer = found
        payload = _verified(token, key)
        return None if payload is None else _claimed(payload, issuer, now)


def _kid(token: bytes) -> str | None:
    """The name of the key, of a header that has nothing in it that would have to be understood."""
    try:
        header = msgspec.json.decode(_decoded(token.partition(b".")[0]), type=_Header)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return header.kid if header.typ.lower() in _TYPES and header.cty == "" else None


def _verified(token: bytes, key: TokenKey) -> bytes | None:
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the name EdDSA, which issuers still use
            found = jws.deserialize_compact(token, key.key, algorithms=[key.alg])
    except (JoseError, ValueError, TypeError, RecursionError):
        return None
    payload: bytes | None = found.payload
    return payload


def _claimed(payload: bytes, issuer: Issuer, now: float) -> Known | None:
    try:
        claims = msgspec.json.decode(payload, type=_Claims)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if claims.iss != issuer.issuer or issuer.audience not in audiences:
        return None
    if not (now < claims.exp + issuer.leeway and max(claims.nbf, claims.iat) <= now + issuer.leeway):
        return None
    identity = issuer.identity(claims.sub)
    if identity is None:
        return None
    return Known(identity, claims.exp + issuer.leeway, "" if claims.cnf is None else claims.cnf.x5t_s256)


def token_keys(jwks: bytes, default: str | None = None) -> dict[str, TokenKey]:
    """The keys of a JSON Web Key Set, each with its algorithm.

    Args:
        jwks: RFC 7517 section 5.
        default: algorithm of keys that name none.

    Raises:
        ConfigError: it is no such set, or a key has no name, no algorithm, one that is not taken, or is too weak.
    """
    try:
        found = msgspec.json.decode(jwks, type=dict[str, Any])["keys"]
        keys = [dict(one) for one in found]
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ConfigError("is no JSON Web Key Set") from error
    made: dict[str, TokenKey] = {}
    for one in keys:
        if one.get("use", "sig") != "sig":
            continue
        kid, alg = one.get("kid"), one.get("alg", default)
        if not isinstance(kid, str) or not kid or kid in made:
            raise ConfigError("a key of the set has no name of its own", remedy="give each key a 'kid'")
        made[kid] = _token_key(one, alg)
    if not made:
        raise ConfigError("the set has no key that signs")
    return made


def _token_key(one: dict[str, Any], alg: object) -> TokenKey:
    from joserfc import jwk
    from joserfc.errors import JoseError

    if not isinstance(alg, str) or alg not in ALGORITHMS or one.get("kty") != ALGORITHMS[alg]:
        raise ConfigError(
            "a key of the set names no algorithm that is taken and fits its type",
            remedy=f"give it an 'alg', one of {', '.join(ALGORITHMS)}",
        )
    public = {name: value for name, value in one.items() if name not in {"d", "p", "q", "dp", "dq", "qi", "oth"}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a weak key, which is refused below
            key = jwk.import_key(public)
        raw: Any = key.raw_value
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ConfigError("a key of the set cannot be read") from error
    if one["kty"] == "RSA" and raw.key_size < _RSA_BITS:
        raise ConfigError(f"an RSA key of the set has less than {_RSA_BITS} bits")
    return TokenKey(alg, key)


def _decoded(part: bytes) -> bytes:
    import base64

    return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
