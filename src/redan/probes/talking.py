"""Many questions over one connection, which is opened again where the server ends it."""

import socket
from contextlib import suppress
from types import TracebackType
from typing import Self

from redan.probes.contract import Came
from redan.probes.message import Message
from redan.probes.reply import replies_of
from redan.probes.wire import Line

_PIECE = 1 << 16
_MOST = 8 << 20
_LATE = 408


class Talk:
    """One connection at a time.

    Args:
        line: to the server.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._sock: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    def ask(self, made: Message) -> Came:
        """What comes back to one request; a connection that was ended since is opened again, once."""
        raw = made.with_field(b"connection", b"keep-alive").raw()
        fresh = self._sock is None
        came = self._once(raw, made.method)
        late = came.status in {0, _LATE}  # it was ended, or is told to have taken too long between two questions
        return self._once(raw, made.method) if late and not fresh else came

    def _once(self, raw: bytes, method: bytes) -> Came:
        try:
            sock = self._sock or self._line.connected()
        except OSError:
            return Came(reached=False)
        self._sock = sock
        self._line.count(1, len(raw))
        data = b""
        with suppress(OSError):
            sock.sendall(raw)
            while len(data) < _MOST and (piece := sock.recv(_PIECE)):
                data += piece
                read = replies_of(data, (method,), ended=False)
                if read.rest and b"HTTP/1." not in read.rest[:7]:
                    break
                if read.replies and read.replies[0].whole:
                    if read.replies[0].ends:
                        self._drop()
                    return Came(read.replies[:1])
        self._drop()
        return Came(replies_of(data, (method,), ended=True).replies[:1], ended=True)

    def _drop(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None
