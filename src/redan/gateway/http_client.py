"""A small client of HTTP/1.1 for one server: kept connections, bounds on everything that comes back, one time limit.

A general client costs several times the processor time of a whole guarded request; see bench/gateway/bench_upstream.py.

Source: RFC 9112; RFC 9110 section 9.2.2 (a question may be asked again when none of it was answered).
"""

import asyncio
import ssl
from collections import deque
from typing import Any, NamedTuple

import httptools

from redan.gateway.address import Url

_HEAD_BYTES = 64 << 10


class Reply(NamedTuple):
    """What came back.

    Args:
        status: of HTTP.
        headers: names in lower case.
        body: all of it.
    """

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class UnansweredError(Exception):
    """The server did not answer: it was not reached, broke off, took too long, or said too much.

    Args:
        fresh: whether the connection had been used before and nothing had come back yet.
    """

    def __init__(self, what: str, *, fresh: bool = False) -> None:
        super().__init__(what)
        self.fresh = fresh


class _Wire(asyncio.Protocol):
    """One connection; one question at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.transport: asyncio.Transport | None = None
        self.used = False
        self._parser: Any = None
        self._waiting: asyncio.Future[Reply] | None = None
        self._clear()

    def _clear(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._parts: list[bytes] = []
        self._size = 0
        self._seen = 0
        self._whole = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    @property
    def open(self) -> bool:
        """Whether it can be asked."""
        return self.transport is not None and not self.transport.is_closing()

    def ask(self, data: bytes) -> "asyncio.Future[Reply]":
        """Sends a question."""
        self._clear()
        self._parser = httptools.HttpResponseParser(self)
        self._waiting = asyncio.get_running_loop().create_future()
        if self.transport is None:
            raise UnansweredError("is not connected")
        self.transport.write(data)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.close()  # nobody asked
            return
        self._seen += len(data)
        if self._seen > self._most + _HEAD_BYTES:
            self._fail("says too much")
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("does not speak HTTP")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        self._parts.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if 100 <= status < 200:  # noqa: PLR2004 -- an interim answer
            self._clear()
            return
        if self._waiting is None or self._waiting.done():
            return
        self.used = True
        keep = self._parser.should_keep_alive()
        self._waiting.set_result(Reply(status, self._headers, b"".join(self._parts)))
        if not keep:
            self.close()

    def eof_received(self) -> None:
        self._fail("broke off")

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._fail("broke off")

    def _fail(self, what: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(UnansweredError(what, fresh=self.used and not self._seen))
        self.close()

    def close(self) -> None:
        """Ends it."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()


class Client:
    """Asks one server.

    Args:
        url: of the server.
        timeout_s: seconds for a whole question, the wait for a connection included.
        connections: at once.
        most: bytes of an answer.
        context: of TLS; the system's authorities when None.
    """

    def __init__(
        self,
        url: Url,
        *,
        timeout_s: float = 10.0,
        connections: int = 64,
        most: int = 16 << 20,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._most = most
        self._context = (context or ssl.create_default_context()) if url.secure else None
        self._idle: deque[_Wire] = deque()
        self._free = asyncio.Semaphore(connections)
        host = f"[{url.host}]" if ":" in url.host else url.host
        self._host = f"host: {host}:{url.port}\r\naccept-encoding: identity\r\n".encode()

    async def ask(self, method: bytes, path: str, body: bytes = b"") -> Reply:
        """One question and its answer.

        Raises:
            UnansweredError: there was none.
        """
        head = b"%s %s HTTP/1.1\r\n%s" % (method, (self._url.prefix + path).encode(), self._host)
        if body:
            head += b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
        data = head + b"\r\n" + body
        try:
            async with asyncio.timeout(self._timeout_s), self._free:
                try:
                    return await self._once(data)
                except UnansweredError as error:
                    if not error.fresh:
                        raise
                    return await self._once(data)
        except TimeoutError as error:
            raise UnansweredError("took too long") from error
        except OSError as error:
            raise UnansweredError("is not reached") from error

    async def _once(self, data: bytes) -> Reply:
        wire = await self._wire()
        answered = False
        try:
            reply = await wire.ask(data)
            answered = True
        finally:
            if not answered:  # nobody may read later what comes yet
                wire.close()
        if wire.open:
            self._idle.append(wire)
        return reply

    async def _wire(self) -> _Wire:
        while self._idle:
            wire = self._idle.pop()
            if wire.open:
                return wire
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(
            lambda: _Wire(self._most), self._url.host, self._url.port, ssl=self._context
        )
        return wire

    def close(self) -> None:
        """Ends every kept connection."""
        while self._idle:
            self._idle.pop().close()
