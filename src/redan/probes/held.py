"""The file of what a probing client holds: credentials, what is promised, whom it trusts. No secret stands in it.

Source: A-MLSG-004-D004.
"""

import binascii
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from redan.errors import ConfigError
from redan.exchange.signature_keys import HmacKey, Signing, private_key
from redan.files.beside import Beside
from redan.probes.target import Credentials, Declared
from redan.system.problems import of_validation, refusal
from redan.system.toml_quiet import values_and_lines

_Secret: TypeAlias = Annotated[str, Field(pattern=r"^(?:env:[A-Z][A-Z0-9_]{0,99}|file:[^\x00-\x1f\x7f]{1,500})$")]
_File: TypeAlias = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,500}$")]
_Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,79}$")]
_Amount: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Record(BaseModel):
    """Frozen; unknown keys are errors; a number in quotes is no number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Signer(_Record):
    """`[client.signing]`: the key that the client signs with.

    Args:
        id: its name in the signature.
        secret: of HMAC: `file:NAME` beside this file or `env:NAME`; base64 of 32 bytes or more.
        private: file of a private key in PEM, Ed25519 or P-256.
    """

    id: _Name
    secret: _Secret | None = None
    private: _File | None = None


class Holder(_Record):
    """`[client]` or `[other]`: what one client holds.

    Args:
        token: API key or JSON Web Token: `file:NAME` or `env:NAME`.
        expired: a token of it that was good once.
        misdirected: a token of it that was made for another service.
        signing: the key that it signs with.
    """

    token: _Secret | None = None
    expired: _Secret | None = None
    misdirected: _Secret | None = None
    signing: Signer | None = None


class Trust(_Record):
    """`[tls]`: whom the client trusts, and how it is known.

    Args:
        authorities: file of certificates in PEM; the system's own when left out.
        certificate: file of the client's certificate chain in PEM.
        key: file of its private key.
    """

    authorities: _File | None = None
    certificate: _File | None = None
    key: _File | None = None


class Promised(_Record):
    """`[declared]`: what the service promises about this client.

    Args:
        rate: requests a second.
        burst: requests at once.
        rows: rows in a day or in all; they are spent where they are named.
        body: bytes of a request at most.
        decimals: places of scores; 0 where only labels are given.
        barred: a model that is there and that the client may not ask.
    """

    rate: _Amount | None = None
    burst: _Amount | None = None
    rows: Annotated[int, Field(ge=1)] | None = None
    body: Annotated[int, Field(ge=1)] | None = None
    decimals: Annotated[int, Field(ge=0, le=15)] | None = None
    barred: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,80}$")] | None = None


class File(_Record):
    """All of the file."""

    client: Holder = Holder()
    other: Holder | None = None
    tls: Trust = Trust()
    declared: Promised = Promised()


class Held(NamedTuple):
    """What the file leads to.

    Args:
        mine: of the client that asks.
        other: of a second one; None where there is none.
        declared: what the service promises.
        tls: None for the system's authorities and no certificate.
    """

    mine: Credentials
    other: Credentials | None
    declared: Declared
    tls: ssl.SSLContext | None


def parse_held(data: bytes, *, file: str = "probe.toml") -> File:
    """What the content of a file says.

    Args:
        data: TOML.
        file: its name, for messages.

    Raises:
        ConfigError: it is no TOML, or has an unknown key or a value that cannot be; names the line and no value.
    """
    values, lines = values_and_lines(data, file)
    try:
        return File.model_validate(values)
    except ValidationError as error:
        problems = [
            one._replace(what="must be 'file:NAME', 'env:NAME', a name or a path, as its key asks")
            if "pattern" in one.what
            else one._replace(known=_known(one.path))
            if one.what.startswith("unknown")
            else one
            for one in of_validation(error)
        ]
        raise refusal(problems, lines, file) from error


def held(path: Path, environ: Mapping[str, str]) -> Held:
    """The credentials that a file leads to.

    Args:
        path: a TOML file; what it names lies beside it.
        environ: for what it takes from the environment.

    Raises:
        ConfigError: it, or what it names, is absent, wrong, or may be read by others.
    """
    here = Beside(path.parent, environ)
    found = parse_held(here.file(path.name), file=path.name)
    mine = _credentials(found.client, here)
    other = None if found.other is None else _credentials(found.other, here)
    return Held(mine, other, Declared(**found.declared.model_dump()), _tls(found.tls, here))


def _known(path: tuple[str | int, ...]) -> tuple[str, ...]:
    words = [part for part in path if isinstance(part, str)]
    records: dict[str, type[_Record]] = {
        "client": Holder,
        "other": Holder,
        "tls": Trust,
        "declared": Promised,
        "signing": Signer,
    }
    return tuple((records.get(words[-2], File) if len(words) > 1 else File).model_fields)


def _credentials(one: Holder, here: Beside) -> Credentials:
    tokens = [None if said is None else _text(said, here) for said in (one.token, one.expired, one.misdirected)]
    if one.signing is None:
        return Credentials(tokens[0], None, None, tokens[1], tokens[2])
    return Credentials(tokens[0], one.signing.id, _key(one.signing, here), tokens[1], tokens[2])


def _key(one: Signer, here: Beside) -> Signing:
    if (one.secret is None) == (one.private is None):
        raise ConfigError("needs a secret (HMAC) or a private key, and not both", where=f"signing '{one.id}'")
    if one.private is not None:
        return private_key(here.file(one.private, private=True))
    try:
        secret = binascii.a2b_base64(_text(str(one.secret), here).encode(), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ConfigError("is no base64", where=str(one.secret)) from error
    return HmacKey(secret)


def _tls(one: Trust, here: Beside) -> ssl.SSLContext | None:
    if one == Trust():
        return None
    if (one.certificate is None) != (one.key is None):
        raise ConfigError("a certificate needs its key, and a key its certificate", where="tls")
    try:
        context = ssl.create_default_context()
        if one.authorities is not None:
            context = ssl.create_default_context(cadata=here.file(one.authorities).decode("ascii"))
        if one.certificate is not None and one.key is not None:
            here.file(one.key, private=True)
            context.load_cert_chain(here.path(one.certificate), here.path(one.key), password=lambda: "")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ConfigError("certificates or the key are not in PEM, or do not fit", where="tls") from error
    return context


def _text(reference: str, here: Beside) -> str:
    """One word; no message holds any of it."""
    try:
        found = here.secret(reference).decode("ascii")
    except UnicodeDecodeError as error:
        raise ConfigError("is not plain text", where=reference) from error
    if not found or not found.isprintable() or " " in found:
        raise ConfigError("is empty, or is not one word", where=reference)
    return found
