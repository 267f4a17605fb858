"""One gate before every route of the operators' plane, and what tells an operator's browser from another page in it.

Tools show the token as a bearer. A browser asks for it by itself (Basic: any name, the token as the password), and
keeps it for this host and port alone, which a cookie would not: other services of this machine would be sent it. As a
browser sends it with whatever page asks, what changes something also needs the word that the form held.

Source: R3, R4; RFC 7617; Fetch Metadata Request Headers (W3C), sections 2.1 to 2.4; RFC 6454 section 7 (Origin).
"""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_HOSTS: Final = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_ASKS: Final = ('Basic realm="redan operators", charset="UTF-8"', "Bearer")  # a line each: Chromium reads one of a line
_MOST: Final = 4096  # bytes of an Authorization header
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = MappingProxyType(
    {
        "content-security-policy": POLICY,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
)


@dataclass(frozen=True, slots=True)
class Door:
    """Lets requests in.

    Args:
        inside: the application.
        token: that has to be shown; None where the socket's permission is enough.
    """

    inside: Callable[[Scope, Receive, Send], Awaitable[None]]
    token: bytes | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request in, or refuses it without a word about what is inside."""
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        if not self._known(headers):
            refused = JSONResponse({"error": "The request does not show who sends it."}, 401)
            for scheme in _ASKS:
                refused.headers.append("www-authenticate", scheme)
            await refused(scope, receive, guarded)
        elif not _wanted(scope["method"], headers):
            await JSONResponse({"error": "Another page asks in its operator's name."}, 403)(scope, receive, guarded)
        else:
            await self.inside(scope, receive, guarded)

    def _known(self, headers: Mapping[bytes, bytes]) -> bool:
        name = _name(headers)
        if self.token is None:
            return name in _HOSTS or b"." not in name  # a name of the network leads another page here
        return name in _HOSTS and hmac.compare_digest(_token(headers), self.token)


def _name(headers: Mapping[bytes, bytes]) -> bytes:
    host = headers.get(b"host", b"").rpartition(b":")
    return (host[0] if host[1] and host[2].isdigit() else host[2]).lower()


def _token(headers: Mapping[bytes, bytes]) -> bytes:
    """What is shown: a bearer, or the password of a browser; the empty string for anything else."""
    scheme, _, given = headers.get(b"authorization", b"")[:_MOST].partition(b" ")
    if scheme == b"Bearer":
        return given
    if scheme != b"Basic":
        return b""
    try:
        return base64.b64decode(given.strip(), validate=True).partition(b":")[2]
    except binascii.Error:
        return b""


def _wanted(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether no other page is behind the request; other pages may lead here by a link, and no more."""
    site = headers.get(b"sec-fetch-site", b"none")
    origin = headers.get(b"origin")
    if origin is not None and origin.partition(b"://")[2] != headers.get(b"host", b""):
        return False
    if site in {b"same-origin", b"none"}:
        return True
    return method in _SAFE and headers.get(b"sec-fetch-mode") == b"navigate"


def browsed(headers: Mapping[str, str]) -> bool:
    """Whether a browser sent a request by itself, so that what it changes needs the word of a form.

    Args:
        headers: of the request, by lower-case names.
    """
    if headers.get("authorization", "").startswith("Bearer "):
        return False
    return headers.get("authorization") is not None or any(
        name in headers for name in ("origin", "sec-fetch-site", "content-type", "cookie", "referer")
    )


@dataclass(frozen=True, slots=True)
class Words:
    """Words that forms hold, each for one deed on what stood there when the form was made.

    Args:
        key: of this process.
    """

    key: bytes = field(repr=False)

    def word(self, *about: str) -> str:
        """The word of a deed.

        Args:
            about: the deed and what it changes.
        """
        return hmac.digest(self.key, "\0".join(about).encode(), sha256).hex()

    def fits(self, given: str, *about: str) -> bool:
        """Whether a word is that of a deed."""
        return hmac.compare_digest(given.encode(), self.word(*about).encode())
