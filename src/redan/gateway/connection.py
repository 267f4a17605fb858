"""One connection of HTTP/1.1 under bounds: heads, bodies, pieces, pipelines and time.

What can be answered at once is: no task, no second trip through the event loop. Instead of a timer for each request,
one sweep a second looks at when each connection began what it is doing.

Source: RFC 9112, section 7.1.1 on chunk extensions; RFC 6585 section 5; CVE-2025-23310 (tiny chunks); R12.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import httptools

from redan.exchange.message import Request, Response
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.gateway.asgi import DataPlane
from redan.gateway.routes import POSTED, Route

_HEAD, _BODY, _ANSWER, _IDLE = range(4)
_GUARD: Final = "limits"
_LINES: Final = MappingProxyType({int(s): f"HTTP/1.1 {int(s)} {s.phrase}\r\n".encode() for s in HTTPStatus})
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_SLICE: Final = 8 << 10  # what the parser is given at once it says nothing while it reads an extension
_CHUNK: Final = 20  # bytes around the data of one chunk: 16 digits and two ends of lines


@dataclass(slots=True)
class Room:
    """Bounds that all connections share, and the connections themselves.

    Args:
        connections: at once; beyond it the one that has been idle longest gives way.
        head: bytes of a request line with its headers.
        headers: fields of one request.
        pieces: parts that one body may arrive in.
        framing: bytes of chunk extensions and trailers that one body may have around it.
        pipelined: requests that may wait behind the one being answered.
        head_s: seconds for a head.
        body_s: seconds for a body.
        idle_s: seconds without a request.
        stalled_s: seconds in which a client has to take its answer.
        idle: waiting for a request, longest first.
        every: all of them.
    """

    connections: int = 20_000
    head: int = 32 << 10
    headers: int = 64
    pieces: int = 8192
    framing: int = 8 << 10
    pipelined: int = 16
    head_s: float = 5.0
    body_s: float = 10.0
    idle_s: float = 30.0
    stalled_s: float = 30.0
    idle: "dict[Connection, None]" = field(default_factory=dict)
    every: "dict[Connection, None]" = field(default_factory=dict)

    def sweep(self, now: float) -> int:
        """Ends connections that take too long; to be called about once a second.

        Args:
            now: of the event loop.

        Returns:
            How many were ended.
        """
        late = [one for one in self.every if one.late(now)]
        for one in late:
            one.end()
        return len(late)

    async def watch(self, every_s: float = 1.0) -> None:
        """Sweeps until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(every_s)
            self.sweep(loop.time())

    def protocol(self, plane: DataPlane) -> Callable[..., "Connection"]:
        """Makes connections of this room to a data plane, as uvicorn's servers ask for them."""

        def made(**given: Any) -> Connection:  # noqa: ANN401 -- uvicorn's own arguments
            return Connection(self, plane, given["server_state"])

        return made


class _Asked(NamedTuple):
    """A request that waits for its turn: one to be answered, or the refusal of one."""

    to: Route | None
    request: Request | None
    response: Response | None
    keep: bool
    bodyless: bool


class Connection(asyncio.Protocol):
    """One connection of a room.

    Args:
        room: its bounds.
        plane: that answers.
        state: of uvicorn's server, which counts connections and tasks for an orderly end.
    """

    def __init__(self, room: Room, plane: DataPlane, state: Any) -> None:  # noqa: ANN401 -- uvicorn's
        self._room = room
        self._plane = plane
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._parser: Any = None
        self._transport: Any = None
        self._peer = ""
        self._stage = _IDLE
        self._since = 0.0
        self._seen = 0  # bytes of a head that is not whole
        self._long = False  # whether what came could hold a head that is too large
        self._waiting: deque[_Asked] = deque()
        self._answering = False  # by a task
        self._full = False  # the client does not read
        self._last = False  # nothing more is read or answered after what waits
        self._clear()

    def _clear(self) -> None:
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._size = 0
        self._pieces = 0
        self._framing = 0  # bytes around the chunks of a body
        self._told = 0  # bytes of what the parser was last given that are accounted for: data and chunk heads
        self._chunked = self._fresh = False
        self._headed = False
        self._to: Route | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes its place; the one that has been idle longest goes when there is none."""
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) else ""
        self._stage, self._since = _HEAD, self._loop.time()
        room = self._room
        if len(room.every) >= room.connections and room.idle:
            next(iter(room.idle)).end()
        room.every[self] = room.idle[self] = None
        self._state.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives its place back; what is being answered is finished for the ledger, and goes nowhere."""
        del exc
        self._room.every.pop(self, None)
        self._room.idle.pop(self, None)
        self._state.connections.discard(self)
        self._plane.load.held -= self._size
        self._last, self._size = True, 0
        self._waiting.clear()
        self._parser = None

    def data_received(self, data: bytes) -> None:
        """Bytes of the client; a head that does not end is cut off."""
        if self._last:
            return
        if self._stage == _IDLE:
            self._stage, self._since = _HEAD, self._loop.time()
        self._room.idle.pop(self, None)
        self._pieces += 1
        self._long = self._seen + len(data) > self._room.head
        try:
            if len(data) <= _SLICE:
                self._feed(data)
            else:
                for start in range(0, len(data), _SLICE):
                    self._feed(data[start : start + _SLICE])
        except httptools.HttpParserUpgrade:
            self._last = True  # no other protocol is spoken; what was asked before is answered
        except httptools.HttpParserError:
            self._refuse(Problem.MALFORMED)
        if not self._headed and not self._last:
            self._seen += len(data)
            if self._seen > self._room.head:
                self._refuse(Problem.HEAD)
        self._go_on()

    def _feed(self, data: bytes) -> None:
        """Gives bytes to the parser; what was no data, no chunk's head and no field is counted while a body comes."""
        if self._last:
            return
        self._told, self._fresh = 0, False
        self._parser.feed_data(data)
        if self._chunked and self._headed and not self._fresh and not self._last:
            self._framing += max(0, len(data) - self._told)
            if self._framing > self._room.framing:
                self._refuse(Problem.TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._clear()
        if self._stage == _ANSWER:  # behind one that is being answered
            self._stage, self._since = _HEAD, self._loop.time()

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field; those that come behind a chunked body are dropped, as they would join what was checked."""
        if self._headed:
            self._told += len(name) + len(value)
            self._framing += len(name) + len(value)
            if self._framing > self._room.framing:
                self._refuse(Problem.TOO_LARGE)
            return
        if len(self._headers) >= self._room.headers:
            raise ValueError("too many fields")  # the parser's caller refuses the request
        name = name.lower()
        if name == b"transfer-encoding":
            self._chunked = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """A head is whole: whether its body may come is said now."""
        if len(self._waiting) >= self._room.pipelined or self._last:
            raise ValueError("too many requests at once")
        self._headed = self._fresh = True
        self._seen = self._pieces = 0
        self._stage, self._since = _BODY, self._loop.time()
        path, _, _ = self._url.partition(b"?")
        headers = tuple(self._headers)
        if self._long and len(self._url) + sum(len(n) + len(v) for n, v in headers) > self._room.head:
            self._refuse(Problem.HEAD)  # it came in one piece, with its end
            return
        try:
            self._to = self._plane.opened(self._parser.get_method().decode("ascii"), path, headers)
        except RefusedError as error:
            self._put(self._plane.refused(error.refusal, path))
            return
        if self._to.kind in POSTED and (b"expect", b"100-continue") in headers and not self._waiting:
            self._transport.write(_CONTINUE)

    def on_chunk_header(self) -> None:
        """A chunk begins; its extensions are not told."""
        self._told += _CHUNK
        self._pieces += 1

    def on_body(self, body: bytes) -> None:
        """A piece of a body; a body in too many of them, or too large, is cut off."""
        if self._last:
            return
        self._size += len(body)
        self._told += len(body)
        load = self._plane.load
        load.held += len(body)
        if self._size > self._plane.body or self._pieces > self._room.pieces:
            self._refuse(Problem.TOO_LARGE)
        elif load.held > self._plane.held:
            self._refuse(Problem.UNREADY)
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._chunked = False
        if self._last or self._to is None:
            return
        self._plane.load.held -= self._size
        self._size = 0
        self._stage = _ANSWER
        parts = self._parts
        path, _, query = self._url.partition(b"?")
        method = self._parser.get_method().decode("ascii")
        request = Request(
            method,
            path,
            query,
            tuple(self._headers),
            parts[0] if len(parts) == 1 else b"".join(parts),
            self._peer,
            self._plane.clock(),
        )
        self._waiting.append(_Asked(self._to, request, None, self._parser.should_keep_alive(), bodyless=False))

    def _go_on(self) -> None:
        """Answers what waits, in its order, until something has to be waited for."""
        while self._waiting and not self._answering and not self._full:
            asked = self._waiting.popleft()
            if asked.to is None or asked.request is None:
                if asked.response is not None:
                    self._write(asked.response, asked)
                continue
            found = self._plane.begun(asked.to, asked.request)
            if type(found) is Response:
                self._write(found, asked)
            else:
                self._answering = True
                task = self._loop.create_task(self._later(found, asked))  # type: ignore[arg-type]
                self._state.tasks.add(task)
                task.add_done_callback(self._state.tasks.discard)
        if self._last and not self._waiting and not self._answering and not self._transport.is_closing():
            self._transport.close()

    async def _later(self, found: Coroutine[Any, Any, Response], asked: _Asked) -> None:
        answer = await found
        self._answering = False
        self._write(answer, asked)
        self._go_on()

    def _write(self, answer: Response, asked: _Asked) -> None:
        if self._transport.is_closing():
            return
        parts = [_LINES[answer.status]]
        for name, value in self._state.default_headers:
            parts += (name, b": ", value, b"\r\n")
        keep = asked.keep and not self._last
        for name, value in answer.headers:
            parts += (name, b": ", value, b"\r\n")
            keep = keep and name != b"connection"
        parts.append(b"content-length: %d\r\n\r\n" % len(answer.body))
        if not keep and (b"connection", b"close") not in answer.headers:
            parts.insert(1, b"connection: close\r\n")
        if not asked.bodyless:
            parts.append(answer.body)
        self._transport.write(b"".join(parts))
        self._state.total_requests += 1
        if not keep and not self._waiting:
            self._last = True
            self._transport.close()
        elif self._stage == _ANSWER and not self._waiting:
            self._stage, self._since = _IDLE, self._loop.time()
            self._headed = False
            self._room.idle[self] = None
        else:
            self._since = self._loop.time()

    def _refuse(self, problem: Problem) -> None:
        """A refusal in its turn; nothing more is read."""
        if not self._last:
            self._put(self._plane.refused(Refusal(problem, _GUARD, retry_after=None), b""))

    def _put(self, response: Response) -> None:
        self._last = True
        head = self._headed and self._parser is not None and self._parser.get_method() == b"HEAD"
        self._waiting.append(_Asked(None, None, response, keep=False, bodyless=head))

    def late(self, now: float) -> bool:
        """Whether it takes longer than agreed for what it is doing."""
        stage, past, room = self._stage, now - self._since, self._room
        if stage == _IDLE:
            return past > room.idle_s
        if not self._answering and not self._waiting and not self._last:
            if stage == _HEAD:
                return past > room.head_s
            if stage == _BODY:
                return past > room.body_s
        return past > room.stalled_s and not self._answering

    def end(self) -> None:
        """Ends it, with a word where a request was begun."""
        self._room.every.pop(self, None)
        self._room.idle.pop(self, None)
        begun = self._stage == _BODY or (self._stage == _HEAD and self._seen > 0)
        if begun and not self._last and not self._waiting:
            self._refuse(Problem.SLOW)
            self._go_on()
        elif not self._transport.is_closing() or self._transport.get_write_buffer_size():
            self._transport.abort()

    def shutdown(self) -> None:
        """An orderly end: what was begun is answered, and nothing after it."""
        if self._stage in {_IDLE, _HEAD} and not self._answering and not self._waiting:
            self._transport.close()
        else:
            self._last = self._last or self._stage == _ANSWER

    def pause_writing(self) -> None:
        """The client does not read: nothing more is answered or read until it does."""
        self._full = True
        self._since = self._loop.time()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        self._full = False
        if not self._transport.is_closing():
            self._transport.resume_reading()
        self._go_on()

    def eof_received(self) -> bool:
        """Who closed its half is answered what it asked, and nothing more is read."""
        if not self._answering and not self._waiting:
            return False
        self._last = True
        return True
