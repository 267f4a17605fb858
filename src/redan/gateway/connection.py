"""One connection under bounds: heads, pieces, pipelines and time, which the HTTP server itself leaves open.

Instead of a timer for each request, one sweep a second looks at when each connection began what it is doing.

Source: RFC 9112; RFC 6585 section 5; CVE-2025-23310 (tiny chunks); R12.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD, _BODY, _ANSWER, _IDLE = range(4)
_REASONS: Final = {
    400: "Bad Request",
    408: "Request Timeout",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
}
_SLUGS: Final = {400: "malformed", 408: "timeout", 413: "too-large", 431: "too-large"}


@dataclass(slots=True)
class Room:
    """Bounds that all connections share, and the connections themselves.

    Args:
        connections: at once; beyond it the one that has been idle longest gives way.
        head: bytes of a request line with its headers.
        headers: fields of one request.
        pieces: parts that one body may arrive in.
        pipelined: requests that may wait behind the one being answered.
        head_s: seconds for a head.
        body_s: seconds for a body.
        idle_s: seconds without a request.
        stalled_s: seconds in which a client has to take its answer.
        idle: waiting for a request, longest first.
        every: all of them.
        refused: told the status of each refusal that never reached the application.
    """

    connections: int = 20_000
    head: int = 32 << 10
    headers: int = 64
    pieces: int = 8192
    pipelined: int = 16
    head_s: float = 5.0
    body_s: float = 10.0
    idle_s: float = 30.0
    stalled_s: float = 30.0
    idle: "dict[Connection, None]" = field(default_factory=dict)
    every: "dict[Connection, None]" = field(default_factory=dict)
    refused: Callable[[int], None] = lambda status: None  # noqa: ARG005

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

    def protocol(self, **given: Any) -> "Connection":  # noqa: ANN401 -- uvicorn's own arguments, passed on
        """A connection of this room, as uvicorn asks for one."""
        return Connection(self, **given)


class Connection(HttpToolsProtocol):
    """One connection of a room."""

    def __init__(self, room: Room, **given: Any) -> None:  # noqa: ANN401
        super().__init__(**given)
        self._room = room
        self._stage = _IDLE
        self._since = 0.0
        self._seen = 0
        self._pieces = 0
        self._headed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes its place; the one that has been idle longest goes when there is none."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._stage, self._since = _HEAD, self.loop.time()
        room = self._room
        if len(room.every) >= room.connections and room.idle:
            next(iter(room.idle)).end()
        room.every[self] = room.idle[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives its place back."""
        self._room.every.pop(self, None)
        self._room.idle.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of the client; a head that does not end is cut off."""
        room = self._room
        if self._stage == _IDLE:
            self._stage, self._since = _HEAD, self.loop.time()
        room.idle.pop(self, None)
        super().data_received(data)
        if not self._headed and self.parser is not None:
            self._seen += len(data)
            if self._seen > room.head:
                self._refuse(431)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._headed = False
        self._pieces = 0
        if self._stage == _ANSWER:  # behind one that is being answered
            self._stage, self._since = _HEAD, self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field; those that come behind a chunked body are dropped, as they would join what was checked."""
        if self._headed:
            return
        if len(self.headers) >= self._room.headers:
            raise ValueError("too many fields")  # the parser's caller refuses the request
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head is whole."""
        if len(self.pipeline) >= self._room.pipelined:
            raise ValueError("too many requests at once")
        self._headed = True
        self._seen = 0
        self._stage, self._since = _BODY, self.loop.time()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body; a body in too many of them is cut off."""
        self._pieces += 1
        if self._pieces > self._room.pieces:
            if self._pieces == self._room.pieces + 1:
                self._refuse(413)
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._stage = _ANSWER
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is out: the next request that waits, or idleness, which the sweep ends and no timer."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            self._since = self.loop.time()
        elif self._stage == _ANSWER:
            self._stage, self._since = _IDLE, self.loop.time()
            self._headed, self._seen = False, 0
            self._room.idle[self] = None

    def late(self, now: float) -> bool:
        """Whether it takes longer than agreed for what it is doing."""
        stage, past, room = self._stage, now - self._since, self._room
        if stage == _IDLE:
            return past > room.idle_s
        if stage == _HEAD and (self.cycle is None or self.cycle.response_complete):
            return past > room.head_s
        if stage == _BODY and not self.pipeline:
            return past > room.body_s
        return past > room.stalled_s and self.transport.get_write_buffer_size() > 0

    def end(self) -> None:
        """Ends it, with a word where a request was begun."""
        self._room.every.pop(self, None)
        self._room.idle.pop(self, None)
        answered = self.cycle is None or self.cycle.response_complete
        if (self._stage == _HEAD and self.scope is not None and answered) or (self._stage == _BODY and not answered):
            self._refuse(408)
        elif not self.transport.is_closing():
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is refused, and nothing is said about why."""
        del msg
        self._refuse(400)

    def _refuse(self, status: int) -> None:
        if self.transport.is_closing():
            return
        self._room.refused(status)
        text = _REASONS[status]
        body = msgspec.json.encode(
            {
                "type": f"tag:redan,2026:problem/{_SLUGS[status]}",
                "title": text,
                "status": status,
                "detail": text,
                "error": text,
            }
        )
        head = (
            f"HTTP/1.1 {status} {text}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
