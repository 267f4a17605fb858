"""A client of an endpoint that signs its questions: a source of answers for attacks, and for what is asked by hand."""

import http.client
import ssl
import time
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from redan.attacks.protocol import Named, request, response, signature
from redan.controls.live.reached import Client, Reached
from redan.errors import IncompleteError
from redan.exchange.signing import Target, sign

Array: TypeAlias = NDArray[Any]
_CHUNK: Final = 32
_MOST: Final = 64 << 20
_OK: Final = 200
_LIMITED: Final = 429
_TIMEOUT_S: Final = 10.0
_WAIT_S: Final = 2.0  # a refill that takes longer has stopped an attack


class Said(NamedTuple):
    """What came back.

    Args:
        status: of HTTP.
        body: of it.
        after: seconds until asking again makes sense; None where nothing is said.
    """

    status: int
    body: bytes
    after: float | None = None


class RefusedError(IncompleteError):
    """The endpoint does not answer this client any more.

    Args:
        status: of HTTP.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"the endpoint refused with {status}")
        self.status = status


class Asker:
    """One client, over one connection that is opened anew when it breaks."""

    classes: Array | None = None
    forward = 0

    def __init__(
        self, there: Reached, client: Client, *, output: str | None = None,
        seconds: float = 60.0,
    ) -> None:  # fmt: skip
        """Asks nothing yet.

        Args:
            there: the endpoint.
            client: who asks.
            output: that is looked at; the scores when None.
            seconds: for which limits that refill at once are waited for, in all.
        """
        self._there = there
        self._client = client
        self._parts = urlsplit(there.url)
        self._tls = there.tls
        self._output = output
        self._until = time.monotonic() + seconds
        self._named: Named | None = None
        self._line: http.client.HTTPConnection | None = None
        self.rows = 0
        self.refused = 0

    @property
    def named(self) -> Named:
        """What the model is asked by.

        Raises:
            RefusedError: its metadata is not told.
        """
        if self._named is None:
            said = self.send("GET", f"/v2/models/{self._there.model}")
            if said.status != _OK:
                raise RefusedError(said.status)
            self._named = signature(said.body, self._output, self._there.url)
        return self._named

    def ask(self, x: Array) -> Array:
        """Scores or labels of a batch.

        Raises:
            RefusedError: it was refused, and waiting a little does not help.
            IncompleteError: the answer is none of the protocol.
        """
        told = []
        for start in range(0, len(x), _CHUNK):
            part = x[start : start + _CHUNK]
            told.append(response(self._answered(request(part, self.named)), self.named, self._there.url))
            self.rows += len(part)
        return np.concatenate(told)

    def _answered(self, body: bytes) -> bytes:
        while True:
            said = self.send("POST", f"/v2/models/{self._there.model}/infer", body)
            if said.status == _OK:
                return said.body
            self.refused += 1
            brief = said.status == _LIMITED and said.after is not None and said.after <= _WAIT_S
            if not brief or time.monotonic() > self._until:
                raise RefusedError(said.status)
            time.sleep(min(said.after or 0.0, _WAIT_S) / 4)

    def send(self, method: str, path: str, body: bytes = b"") -> Said:
        """One request, signed where the client has a key.

        Raises:
            IncompleteError: there is no connection.
        """
        path = f"{self._parts.path.rstrip('/')}{path}"
        for turn in range(2):
            try:
                return self._once(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if turn:
                    raise IncompleteError("the endpoint does not answer", where=self._there.url) from error
        raise IncompleteError("the endpoint does not answer", where=self._there.url)

    def _once(self, method: str, path: str, body: bytes) -> Said:
        line = self._line = self._line or self._open()
        line.request(method, path, body or None, self._headers(method, path, body))
        found = line.getresponse()
        after = found.headers.get("Retry-After", "")
        return Said(found.status, found.read(_MOST), float(after[:9]) if after.isdecimal() else None)

    def _headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        authority = self._parts.netloc
        headers = {"Host": authority}
        if body:
            headers["Content-Type"] = "application/json"
        if self._client.token:
            headers["Authorization"] = f"Bearer {self._client.token}"
        if self._client.key is None:
            return headers
        fields = {name.lower().encode(): value.encode() for name, value in headers.items()}
        to = Target(method.encode(), authority.encode(), path.encode(), b"")
        made, _ = sign(to, fields, body, keyid=self._client.keyid, key=self._client.key, now=time.time())
        return headers | {name.decode(): value.decode() for name, value in made.items()}

    def _open(self) -> http.client.HTTPConnection:
        host, port = str(self._parts.hostname), self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
        context = self._tls or ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=context)

    def close(self) -> None:
        """Ends the connection."""
        if self._line is not None:
            self._line.close()
            self._line = None
