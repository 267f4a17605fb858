"""Clients known by the certificate of their connection, as a proxy in front tells it.

A header proves nothing by itself: it is believed only of the proxy that was named, by the address of the connection and
a secret that the proxy sends, or by a Unix socket that nobody else can reach (research: complaint 8, R26).

Source: RFC 9440 section 2; Envoy, x-forwarded-client-cert.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from redan.errors import ConfigError
from redan.exchange.flow import Identity
from redan.exchange.message import Request
from redan.guards.known import Known

CLIENT_CERT: Final = b"client-cert"
XFCC: Final = b"x-forwarded-client-cert"
SECRET: Final = b"x-redan-proxy"
_SECRET_CHARS = 32
_LONGEST = 16 << 10
_OTHER = rb'(?!(?i:hash)=)[A-Za-z]+=(?:"(?:[^"\\]|\\.)*+"|[^;,"]*+)'
_HASH = re.compile(rb"(?:" + _OTHER + rb";)*+Hash=([0-9a-fA-F]{64})(?:;" + _OTHER + rb")*+")  # one hop, one hash
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Identities by the certificate that a proxy saw.

    Args:
        identities: by the SHA-256 of the certificate, or by `dns:name` or `uri:name` of its alternative names.
        proxies: addresses that the proxy's connections come from; empty for a Unix socket.
        secret: SHA-256 of what the proxy sends in `X-Redan-Proxy`; None for a Unix socket alone.
        header: `client-cert` (RFC 9440) or `x-forwarded-client-cert` (Envoy, its Hash).
    """

    identities: Mapping[bytes | str, Identity]
    proxies: frozenset[str] = frozenset()
    secret: bytes | None = None
    header: bytes = CLIENT_CERT

    def __post_init__(self) -> None:
        """Refuses settings that would believe a header of anybody."""
        if self.header not in {CLIENT_CERT, XFCC}:
            raise ConfigError("certificates come in Client-Cert or X-Forwarded-Client-Cert")
        if bool(self.proxies) != (self.secret is not None) or "" in self.proxies:
            raise ConfigError(
                "a certificate told by a header needs the proxy's address and a secret, or a Unix socket",
                remedy="name both the proxy's addresses and its secret, or neither where a Unix socket is listened on",
            )

    def trusted(self, request: Request, fields: Mapping[bytes, bytes]) -> bool:
        """Whether the connection is the proxy's."""
        if self.secret is None:
            return request.peer == ""
        sent = hashlib.sha256(fields.get(SECRET, b"")).digest()
        return hmac.compare_digest(sent, self.secret) and request.peer in self.proxies

    def known(self, value: bytes) -> Known | None:
        """Whose a certificate is.

        Args:
            value: of the header.

        Returns:
            None when it cannot be read or is of nobody known here; `Known.bound` is its SHA-256 in base64url.
        """
        if len(value) > _LONGEST:
            return None
        if self.header == XFCC:
            told = _HASH.fullmatch(value)
            digest = None if told is None else bytes.fromhex(told[1].decode())
            identity = None if digest is None else self.identities.get(digest)
            return None if identity is None or digest is None else Known(identity, _FOREVER, _thumbprint(digest))
        return self._of_certificate(value)

    def _of_certificate(self, value: bytes) -> Known | None:
        if len(value) < 2 or value[:1] != b":" or value[-1:] != b":":  # noqa: PLR2004 -- the two colons
            return None
        try:
            der = binascii.a2b_base64(value[1:-1], strict_mode=True)
        except binascii.Error:
            return None
        digest = hashlib.sha256(der).digest()
        named = _named(der)
        if named is None:
            return None
        names, start, end = named
        keys: list[bytes | str] = [digest, *names]
        found = [self.identities[name] for name in keys if name in self.identities]
        if not found or any(one != found[0] for one in found):
            return None
        return Known(found[0], end, _thumbprint(digest), start)


def secret_digest(secret: bytes) -> bytes:
    """What is kept of the secret that a proxy sends.

    Raises:
        ConfigError: it has less than 32 characters.
    """
    if len(secret) < _SECRET_CHARS:
        raise ConfigError(f"a proxy's secret needs {_SECRET_CHARS} characters or more")
    return hashlib.sha256(secret).digest()


def _named(der: bytes) -> tuple[list[str], float, float] | None:
    """Alternative names of a certificate, and from when to when it holds."""
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [f"dns:{name.lower()}" for name in found.get_values_for_type(x509.DNSName)]
        names += [f"uri:{name}" for name in found.get_values_for_type(x509.UniformResourceIdentifier)]
    except x509.ExtensionNotFound:
        names = []
    except (ValueError, TypeError, x509.DuplicateExtension):
        return None
    return names, _seconds(start), _seconds(end)


def _seconds(when: dt.datetime) -> float:
    return when.timestamp()


def _thumbprint(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
