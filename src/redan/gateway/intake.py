"""What is asked of a request before anything reads it: its size, its type, and that it arrives in time.

Source: RFC 9110 sections 8.3, 8.4 and 8.6; RFC 9112 section 6; CVE-2025-23310 (tiny chunks), R12, R13, R17.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from redan.exchange.problem import Problem, Refusal, RefusedError

Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
_GUARD: Final = "limits"
_PIECES: Final = 8192  # messages of one body; a client of 1-byte chunks ends here (CVE-2025-23310)
_LOOKED: Final = frozenset({b"content-length", b"transfer-encoding", b"content-encoding", b"content-type"})
_ONCE: Final = _LOOKED | {
    b"authorization",
    b"client-cert",
    b"content-digest",
    b"host",
    b"inference-header-content-length",
    b"x-forwarded-client-cert",
    b"x-redan-proxy",
}
_TYPES: Final = frozenset({b"application/json", b"application/octet-stream"})
_DIGITS: Final = 12


@dataclass(slots=True)
class Load:
    """What is under way at this moment.

    Args:
        requests: that were begun and are not answered.
        held: bytes of bodies that are not whole yet.
        untimed: questions until the next one whose guards are timed.
    """

    requests: int = 0
    held: int = 0
    untimed: int = 0


@dataclass(frozen=True, slots=True)
class Intake:
    """Bounds of what comes in.

    Args:
        body: bytes of one request at most.
        arrive_s: seconds that its body may take; None where the connection itself is watched.
        held: bytes of unfinished bodies of all requests together.
        load: what is under way.
    """

    body: int
    arrive_s: float | None
    held: int
    load: Load

    def look(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Accepts what a question says of its body, or raises.

        Raises:
            RefusedError: it is too large, of a type or encoding that is not taken, or says twice what counts once.
        """
        seen = set()
        for name, value in headers:
            if name in _ONCE:
                if name in seen:
                    raise RefusedError(Refusal(Problem.MALFORMED, _GUARD, "a header that counts once is there twice"))
                seen.add(name)
                if name in _LOOKED and value not in _TYPES:
                    self._look(name, value)

    def _look(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            if not (value.isdigit() and len(value) <= _DIGITS):
                raise RefusedError(Refusal(Problem.MALFORMED, _GUARD))
            if int(value) > self.body:
                raise RefusedError(Refusal(Problem.TOO_LARGE, _GUARD))
        elif name == b"content-type":
            if value.partition(b";")[0].strip().lower() not in _TYPES:
                raise RefusedError(Refusal(Problem.MEDIA, _GUARD, "JSON is taken, with or without tensors behind it"))
        elif name == b"content-encoding":
            if value.strip().lower() != b"identity":
                raise RefusedError(Refusal(Problem.MEDIA, _GUARD, "no encoding of the content is taken"))
        elif value.strip().lower() != b"chunked":
            raise RefusedError(Refusal(Problem.MALFORMED, _GUARD))

    async def whole(self, receive: Receive) -> bytes:
        """The body of a question, whole.

        Raises:
            RefusedError: it is too large, too slow, or comes in too many pieces.
        """
        if self.arrive_s is None:
            return await self._whole(receive)
        try:
            async with asyncio.timeout(self.arrive_s):
                return await self._whole(receive)
        except TimeoutError as error:
            raise RefusedError(Refusal(Problem.SLOW, _GUARD)) from error

    async def _whole(self, receive: Receive) -> bytes:
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            found: bytes = message.get("body", b"")
            if len(found) > self.body:
                raise RefusedError(Refusal(Problem.TOO_LARGE, _GUARD))
            return found
        return await self._collected(message, receive)

    async def _collected(self, message: Mapping[str, Any], receive: Receive) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            while True:
                if message["type"] != "http.request":
                    raise RefusedError(Refusal(Problem.MALFORMED, _GUARD))
                part = message.get("body", b"")
                size += len(part)
                self.load.held += len(part)
                parts.append(part)
                if size > self.body or len(parts) > _PIECES:
                    raise RefusedError(Refusal(Problem.TOO_LARGE, _GUARD))
                if self.load.held > self.held:
                    raise RefusedError(Refusal(Problem.UNREADY, _GUARD, retry_after=1.0))
                if not message.get("more_body", False):
                    return b"".join(parts)
                message = await receive()
        finally:
            self.load.held -= size


def bare(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Accepts a request that has no body, or raises: what is not read may not be sent.

    Raises:
        RefusedError: there is a body, or something is said twice that counts once.
    """
    seen = set()
    for name, value in headers:
        if name in _ONCE and name in seen:
            raise RefusedError(Refusal(Problem.MALFORMED, _GUARD))
        seen.add(name)
        if name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0")):
            raise RefusedError(Refusal(Problem.MALFORMED, _GUARD))
