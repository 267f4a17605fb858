"""A model behind the Open Inference Protocol over HTTP, asked as a stranger would: patiently, and never past a refusal.

Source: Open Inference Protocol, version 2, REST: model metadata and inference.
"""

import http.client
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote, urlsplit

import numpy as np
from numpy.typing import NDArray

from redan.attacks.protocol import Named, request, response, signature
from redan.errors import IncompleteError, InputError

Array: TypeAlias = NDArray[Any]
_CHUNK = 32
_MAX_ANSWER = 64 * 2**20
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_UNAUTHENTICATED, _FORBIDDEN = 401, 403
_OK = 200
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an endpoint is waited for.

    Args:
        timeout: of one request, in seconds.
        tries: of one request.
        wait: before the second try, in seconds; doubled for each further one, unless the endpoint says how long.
        most: longest wait; an endpoint that asks for more has refused.
    """

    timeout: float = 30.0
    tries: int = 5
    wait: float = 0.5
    most: float = 60.0


class RefusedError(IncompleteError):
    """A question was refused for what it is; another one may be answered."""


class _Answer(NamedTuple):
    status: int
    after: str
    body: bytes


class Endpoint:
    """A source for `Queries`; answers are those of one output of the model."""

    def __init__(
        self,
        url: str,
        model: str,
        *,
        version: str | None = None,
        output: str | None = None,
        classes: Array | None = None,
        headers: Mapping[str, str] = _NONE,
        chunk: int = _CHUNK,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Asks nothing yet.

        Args:
            url: as `https://host:port`, with the path before `/v2` if there is one.
            model: its name there.
            version: of it; the endpoint's choice when None.
            output: name of the output; when None the first that is named like scores, else the first.
            classes: the label of each index; None where labels are indices.
            headers: of each request, such as `Authorization`; they are in no message.
            chunk: samples of a request at most.
            patience: how long it is waited for.
            sleep: waits so many seconds.
            tls: for a private authority or a client certificate; the system's authorities when None.

        Raises:
            InputError: the address is none of HTTP.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
            raise InputError(
                "the address of the endpoint is none of HTTP",
                remedy="give https://host:port, and what is secret in headers",
            )
        self.url = f"{parts.scheme}://{parts.netloc}"
        self.sent = 0
        self._parts = parts
        self._output = output
        self._classes = classes
        self._headers = {"Content-Type": "application/json", **headers}
        self._chunk = chunk
        self._patience = patience or Patience()
        self._sleep = sleep
        self._tls = tls
        self._path = f"{parts.path.rstrip('/')}/v2/models/{quote(model, safe='')}"
        self._path += f"/versions/{quote(version, safe='')}" if version else ""
        self._named: Named | None = None

    @property
    def classes(self) -> Array | None:
        """The label of each index."""
        return self._classes

    @property
    def forward(self) -> int:
        """Nothing is computed here."""
        return 0

    def ask(self, x: Array) -> Array:
        """Scores or labels of a batch, in as many requests as its samples need.

        Raises:
            IncompleteError: it refused, asked to wait too long, or did not answer in what the protocol has.
        """
        if self._named is None:
            self._named = signature(self._sent("GET", self._path, None), self._output, self.url)
        told: list[Array] = []
        for start in range(0, len(x), self._chunk):
            part = x[start : start + self._chunk]
            body = request(part, self._named)
            found = response(self._sent("POST", f"{self._path}/infer", body, len(part)), self._named, self.url)
            if found.ndim < 1 or len(found) != len(part) or found.shape[1:] != (told[0] if told else found).shape[1:]:
                raise IncompleteError(
                    f"the endpoint answers {len(part)} samples in shape {found.shape}"
                    + (f", and {len(told[0])} before in shape {told[0].shape}" if told else ""),
                    where=self.url,
                    remedy="it gives one row for each sample, of one width",
                )
            told.append(found)
        return np.concatenate(told)

    def _sent(self, verb: str, path: str, body: bytes | None, samples: int = 0) -> bytes:
        wait, reason = self._patience.wait, ""
        for turn in range(self._patience.tries):
            if turn:
                self._sleep(wait)
                wait = min(2 * wait, self._patience.most)
            self.sent += samples
            try:
                answer = self._once(verb, path, body)
            except (OSError, http.client.HTTPException) as error:
                reason = "no answer in time" if isinstance(error, TimeoutError) else "no connection"
                continue
            if answer.status == _OK:
                return answer.body
            reason = f"HTTP {answer.status}"
            if answer.status not in _AGAIN:
                kind = IncompleteError if answer.status == _UNAUTHENTICATED else RefusedError
                raise kind(f"the endpoint refused: {reason}", where=self.url, remedy=_advice(answer.status))
            if answer.after.isdecimal():
                wait = float(answer.after[:9])
                if wait > self._patience.most:
                    raise IncompleteError(
                        f"the endpoint asks to wait {wait:.0f} s: {reason}", where=self.url, remedy="go on later"
                    )
        raise IncompleteError(
            f"the endpoint did not answer in {self._patience.tries} tries: {reason}",
            where=self.url,
            remedy="go on later, or with more patience",
        )

    def _once(self, verb: str, path: str, body: bytes | None) -> _Answer:
        connection = self._connection()
        try:
            connection.request(verb, path, body, self._headers)
            found = connection.getresponse()
            content = found.read(_MAX_ANSWER + 1)
        finally:
            connection.close()
        if len(content) > _MAX_ANSWER:
            raise IncompleteError("the endpoint's answer is longer than 64 MB", where=self.url, remedy="name an output")
        return _Answer(found.status, found.headers.get("Retry-After", ""), content)

    def _connection(self) -> http.client.HTTPConnection:
        host, port, timeout = str(self._parts.hostname), self._parts.port, self._patience.timeout
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=timeout)
        return http.client.HTTPSConnection(
            host, port, timeout=timeout, context=self._tls or ssl.create_default_context()
        )


def _advice(status: int) -> str:
    if status == _UNAUTHENTICATED:
        return "give what the client holds with --creds; questions are not signed, so let it be one that need not sign"
    if status == _FORBIDDEN:
        return "give what the client holds with --creds; or it has noticed the attack"
    return "look at the name of the model and the size of a request"
