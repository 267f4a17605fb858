"""The rim: sockets to the one host that was given, and what comes back over them. No redirection is followed.

Source: RFC 9112; bytes that no client library would send are the point, so none is used.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from redan.probes.contract import Came, Shot
from redan.probes.reply import Reply, replies_of
from redan.probes.target import Bounds, Place
from redan.probes.tried import Cost

_PIECE = 1 << 16
_MOST = 8 << 20  # bytes of one answer that are read


@dataclass(slots=True)
class Line:
    """Connections to one endpoint.

    Args:
        place: where it is.
        bounds: how long is waited.
        tls: of the client; None where nothing is encrypted.
        bare: the same without the client's certificate.
        cost: what went over it so far.
        heard: every answer that came, bodies cut, for what they tell together.
    """

    place: Place
    bounds: Bounds
    tls: ssl.SSLContext | None = None
    bare: ssl.SSLContext | None = None
    cost: Cost = field(default_factory=Cost)
    heard: list[Reply] = field(default_factory=list)

    def send(self, shot: Shot) -> Came:
        """Sends over a connection of its own, and waits for as many answers as there are requests."""
        try:
            with self.open(known=shot.known) as sock:
                return self._spoken(sock, shot)
        except OSError:
            return Came(reached=False)

    @contextmanager
    def open(self, *, known: bool = True, timeout: float | None = None) -> Iterator[socket.socket]:
        """A connection.

        Args:
            known: whether the client's certificate is shown.
            timeout: seconds to wait on it; those of the bounds when None.

        Raises:
            OSError: there is none, or its certificate is not trusted.
        """
        sock = self.connected(known=known, timeout=timeout)
        try:
            yield sock
        finally:
            sock.close()

    def connected(self, *, known: bool = True, timeout: float | None = None) -> socket.socket:
        """The same, to be closed by the caller."""
        wait = self.bounds.timeout if timeout is None else timeout
        sock = socket.create_connection((self.place.host, self.place.port), timeout=wait)
        self.cost = self.cost._replace(connections=self.cost.connections + 1)
        context = self.tls if known else self.bare
        if context is None:
            return sock
        try:
            return context.wrap_socket(sock, server_hostname=self.place.host)
        except OSError:
            sock.close()
            raise

    def count(self, requests: int, sent: int) -> None:
        """Adds to what it cost."""
        self.cost = self.cost._replace(requests=self.cost.requests + requests, sent=self.cost.sent + sent)

    def hear(self, replies: tuple[Reply, ...]) -> None:
        """Remembers the head of each answer and the beginning of its body."""
        self.heard.extend(reply._replace(body=reply.body[:_PIECE]) for reply in replies)

    def _spoken(self, sock: socket.socket, shot: Shot) -> Came:
        self.count(len(shot.methods), sum(len(part) for part in shot.parts if isinstance(part, bytes)))
        with suppress(OSError):  # a server may refuse before it has read all
            for part in shot.parts:
                if isinstance(part, bytes):
                    sock.sendall(part)
                else:
                    time.sleep(part)
            if shot.half and not isinstance(sock, ssl.SSLSocket):
                sock.shutdown(socket.SHUT_WR)
        begun = time.monotonic()
        came = self._heard(sock, shot, begun)
        self.hear(came.replies)
        return came

    def _heard(self, sock: socket.socket, shot: Shot, begun: float) -> Came:
        data, took, ended = b"", 0.0, False
        until = begun + self.bounds.timeout
        while len(data) < _MOST:
            left = until - time.monotonic()
            if left <= 0:
                break
            sock.settimeout(left)
            try:
                piece = sock.recv(_PIECE)
            except TimeoutError:
                break
            except OSError:
                ended = True
                break
            took = took or time.monotonic() - begun
            if not piece:
                ended = True
                break
            data += piece
            read = replies_of(data, shot.methods, ended=False)
            if len(read.replies) >= len(shot.methods) and read.replies[-1].whole:
                if not shot.linger:
                    break
                until = min(until, time.monotonic() + shot.linger)
        read = replies_of(data, shot.methods, ended=ended)
        return Came(read.replies, ended, reached=True, rest=bool(read.rest), took=took)
