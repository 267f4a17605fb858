"""A small inference server with chosen flaws, for vectors: what must be refused, and what an honest one refuses.

Its guards are those of the gateway, put together in thirty lines; a flaw leaves one of them out. It runs in threads on
loopback, over a model of four columns and three classes.
"""

import base64
import json
import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from redan.controls.planted import known_signer
from redan.exchange.message import Request
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.files import write_atomic
from redan.ledger.store import Ledger

if TYPE_CHECKING:
    from redan.exchange.flow import Flow, Identity

WIDTH, CLASSES = 4, 3
MODEL: Final = "churn"
TOKENS: Final = tuple(f"redan_{letter * 43}" for letter in "abcdefghijkl")
SECRETS: Final = tuple(bytes([97 + place]) * 32 for place in range(len(TOKENS)))
BODY: Final = 1 << 20
SERVED: Final = b"""[system]
name = "churn"
stage = "operation"

[[model]]
name = "churn"

[[endpoint]]
name = "api"
model = "churn"
url = "@URL@"
probe = @PROBES@
rate = 50
burst = 40
queries = 600
decimals = 2
""".replace(b"@PROBES@", str([f"probe-{place}.toml" for place in range(len(TOKENS))]).encode())
_IDLE_S = 1.0
_HEAD: Final = 16_384
_FIRST = re.compile(rb"([A-Z]{3,12}) (/[!->@-~]{0,2000})(?:\?([!-~]{0,2000}))? HTTP/1\.1\r\n")
_FIELD = re.compile(rb"([A-Za-z0-9-]{1,80}):([ -~]{0,10000})\r\n")
_PATH = re.compile(rb"/v2(?:/models/[A-Za-z0-9_.-]{1,80}(?:/versions/[0-9]{1,9})?(?:/infer|/ready)?)?")
_TYPES: Final = frozenset({b"application/json", b"application/octet-stream"})
PROBES: Final = {f"probe-{place}.toml": b"" for place in range(len(TOKENS))}
Around = Callable[[Path], Any]


def weights(seed: int = 0) -> "np.ndarray[Any, Any]":
    """Of the model, shape (columns, classes)."""
    return np.random.default_rng(seed).normal(size=(WIDTH, CLASSES)).astype(np.float32)


def planted(*flaws: str, seed: int = 0, queries: int | None = 600, decimals: int | None = 2) -> Around:
    """What a vector runs in: a server with flaws, whose address replaces `@URL@` in the description.

    Args:
        flaws: `unsigned`, `altered`, `replay`, `foreign`, `malformed`, `per-model`, `address`, `unlimited`, `metrics`,
            `open`, `scores`, `giant`, `patient`, `repository`, `unlogged` or `personal`.
        seed: of the model that it serves.
        queries: rows that one client may ask for.
        decimals: of its scores.
    """

    @contextmanager
    def around(folder: Path) -> Iterator[None]:
        served = _Served(frozenset(flaws), weights(seed), queries, decimals, folder)
        with _listening(served) as port:
            _credentials(folder)
            path = folder / "redan.toml"
            path.write_text(path.read_text().replace("@URL@", f"http://127.0.0.1:{port}"))
            served.authority = f"127.0.0.1:{port}"
            try:
                yield
            finally:
                served.close()

    return around


def _credentials(folder: Path) -> None:
    """The files of `redan probe`, one for each client; secrets lie beside them."""
    for place, token in enumerate(TOKENS):
        held = {f"token-{place}": token.encode(), f"secret-{place}": base64.b64encode(SECRETS[place])}
        for name, data in held.items():
            write_atomic(folder / name, data, mode=0o600)
        signing = f'[client.signing]\nid = "key-{place}"\nsecret = "file:secret-{place}"\n'
        (folder / f"probe-{place}.toml").write_text(f'[client]\ntoken = "file:token-{place}"\n{signing}')


@dataclass(slots=True)
class _Served:
    """What the threads share."""

    flaws: frozenset[str]
    weights: "np.ndarray[Any, Any]"
    queries: int | None
    decimals: int | None
    folder: Path
    authority: str = "127.0.0.1"
    lock: threading.Lock = field(default_factory=threading.Lock)
    store: Any = None
    ledger: Ledger | None = None

    def __post_init__(self) -> None:
        from redan.guards.store import MemoryStore

        self.store = MemoryStore()
        signer = known_signer("log")
        place = self.folder / ".redan" / "gateway"
        self.ledger = Ledger.open(place / "ledger", signer)
        (place / "key.pub").write_text(signer.public.pem)

    def close(self) -> None:
        """Lets go of the log."""
        with self.lock:
            if self.ledger is not None:
                self.ledger.close()
                self.ledger = None

    def answer(self, request: Request) -> tuple[int, bytes, float | None]:
        """Status, body, and seconds until asking again makes sense."""
        refused = None
        try:
            flow = self._guarded(request)
            status, body = 200, self._told(request, flow)
        except RefusedError as error:
            refused = error.refusal
            status, body = refused.problem.status, json.dumps({"error": refused.problem.title}).encode()
        self._noted(request, refused, status)
        return status, body, None if refused is None else refused.retry_after

    def _guarded(self, request: Request) -> "Flow":
        from redan.exchange.flow import Flow

        parts = [*request.path.decode("latin-1").split("/"), "", "", "", ""]
        flow = Flow(request, parts[3], parts[5] if parts[4] == "versions" else "")
        for guard in self._guards(flow):
            refused = guard.inbound(flow)
            if refused is not None:
                raise RefusedError(refused)
        if "replay" in self.flaws:
            flow.claims = [claim for claim in flow.claims if claim.kind != "nonce"]
        if "address" in self.flaws:
            who = flow.fields.get(b"x-forwarded-for", request.peer.encode()).decode("latin-1")
            flow.claims = [claim._replace(key=f"{claim.kind}/{who}") if claim.kind != "nonce" else claim
                           for claim in flow.claims]  # fmt: skip
        if "unlimited" in self.flaws:
            flow.claims = [claim for claim in flow.claims if claim.kind == "nonce"]
        with self.lock:
            spent = self.store.spend(flow.claims, request.now)
        if spent.denied is not None:
            kind = Problem.REPLAYED if spent.denied.kind == "nonce" else Problem.THROTTLED
            raise RefusedError(Refusal(kind, spent.denied.kind, retry_after=min(spent.retry_after, 3600.0)))
        return flow

    def _guards(self, flow: "Flow") -> Iterator[Any]:
        from redan.exchange.flow import Identity
        from redan.exchange.limits import Limits
        from redan.exchange.signature_keys import HmacKey
        from redan.exchange.tensors import Port
        from redan.guards.allowance import Allowance, Allowed
        from redan.guards.authorisation import Authorise
        from redan.guards.identity import Identify
        from redan.guards.limits import Rate, Tier
        from redan.guards.schema import Schema
        from redan.guards.signature import Signature, SigningKey

        if "open" in self.flaws:
            flow.identity = Identity("anybody", frozenset("*"))
        else:
            yield Identify(_identities())
        signing = {
            f"key-{n}".encode(): SigningKey(f"key-{n}", f"client-{n}", HmacKey(s)) for n, s in enumerate(SECRETS)
        }
        asks = flow.request.path.endswith(b"/infer")
        if asks and not self._lax(flow):
            yield Signature(signing, (self.authority,), required="unsigned" not in self.flaws)
        yield Rate({"default": Tier(50.0, 40.0)})
        if "per-model" in self.flaws:
            flow.model = MODEL
        if asks or flow.model:
            yield Authorise(lambda name, version: name == MODEL and version in {"", "1"})
        if asks and "malformed" not in self.flaws:
            ports = (Port("x", "FP32", (-1, WIDTH)),), (Port("probabilities", "FP32", (-1, CLASSES)),)
            yield Schema(lambda _: ports, Limits(body=BODY if "giant" not in self.flaws else 1 << 30))
        if asks and self.queries is not None:
            yield Allowance({MODEL: Allowed(queries=float(self.queries))}, lambda _: None)

    def _lax(self, flow: "Flow") -> bool:
        """Whether a flaw lets this request pass without a look at its signature."""
        signed = b"signature" in flow.fields
        return (
            "altered" in self.flaws or ("foreign" in self.flaws and signed) or ("unsigned" in self.flaws and not signed)
        )

    def _told(self, request: Request, flow: "Flow") -> bytes:
        if request.path.endswith(b"/infer") and request.method == "POST":
            return json.dumps({"model_name": MODEL, "model_version": "1", "outputs": [self._output(flow)]}).encode()
        if request.method != "GET":
            raise RefusedError(Refusal(Problem.METHOD, "routes"))
        if request.path == f"/v2/models/{MODEL}".encode():
            ports = (
                [{"name": "x", "datatype": "FP32", "shape": [-1, WIDTH]}],
                [{"name": "probabilities", "datatype": "FP32", "shape": [-1, CLASSES]}],
            )
            found = {"name": MODEL, "versions": ["1"], "platform": "onnx", "inputs": ports[0], "outputs": ports[1]}
            return json.dumps(found).encode()
        if request.path == b"/v2":
            return b'{"name": "planted", "version": "2", "extensions": []}'
        raise RefusedError(Refusal(Problem.UNKNOWN, "routes"))

    def _output(self, flow: "Flow") -> dict[str, Any]:
        x = np.zeros((1, WIDTH)) if flow.inference is None else np.asarray(flow.inference.inputs[0].values, np.float64)
        scores = np.exp(x @ self.weights - (x @ self.weights).max(axis=1, keepdims=True))
        scores /= scores.sum(axis=1, keepdims=True)
        if "scores" not in self.flaws and self.decimals is not None:
            scores = np.round(scores, self.decimals)
        return {
            "name": "probabilities", "datatype": "FP32", "shape": [len(x), CLASSES], "data": scores.ravel().tolist()
        }  # fmt: skip

    def _noted(self, request: Request, refused: Refusal | None, status: int) -> None:
        if refused is not None and "unlogged" in self.flaws:
            return
        event = {"guard": "" if refused is None else refused.guard, "status": status, "type": "redan/gateway/v1"}
        if "personal" in self.flaws:
            event["token"] = request.fields().get(b"authorization", b"").decode("latin-1")
        with self.lock, suppress(OSError):
            if self.ledger is not None:
                self.ledger.append([json.dumps(event).encode()])


def _identities() -> "dict[bytes, Identity]":
    from redan.exchange.flow import Identity

    return {
        sha256(token.encode()).digest(): Identity(f"client-{n}", frozenset({MODEL})) for n, token in enumerate(TOKENS)
    }


class _Handler(socketserver.StreamRequestHandler):
    """One connection; a request has to be whole within a second."""

    served: _Served
    late: threading.Timer | None = None
    ended = False

    def handle(self) -> None:
        """Request after request."""
        going = True
        with suppress(OSError):
            while going:
                going = self._within() if "patient" not in self.served.flaws else self._one()

    def _within(self) -> bool:
        self.late = threading.Timer(_IDLE_S, self._end)
        self.late.daemon = True
        self.late.start()
        try:
            return self._one()
        finally:
            self.late.cancel()

    def _end(self) -> None:
        self.ended = True
        _shut(self.connection)

    def _one(self) -> bool:
        first = self.rfile.readline(_HEAD)
        if not first:
            return False
        lines, size = [], len(first)
        while (line := self.rfile.readline(_HEAD)) not in {b"\r\n", b""} and size < _HEAD:
            lines.append(line)
            size += len(line)
        found, fields = _FIRST.fullmatch(first), [_FIELD.fullmatch(one) for one in lines]
        if found is None or size >= _HEAD or line == b"":
            return self._say(400)
        headers = tuple((one[1].lower(), one[2].strip()) for one in fields if one is not None)
        if len(headers) != len(fields) or len({name for name, _ in headers}) != len(headers):
            return self._say(400)
        return self._routed(found[1].decode(), found[2], found[3] or b"", headers)

    def _routed(self, method: str, path: bytes, query: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> bool:
        told, flaws = dict(headers), self.served.flaws
        if "metrics" in flaws and path == b"/metrics":
            return self._say(200, b"requests_total 1\n")
        if "repository" in flaws and path.startswith(b"/v2/repository"):
            return self._say(200, b"[]", last=True)
        status, body = self._read(told)
        if status:
            return self._say(status, last=True)
        if self.late is not None:
            self.late.cancel()  # answering takes as long as it takes: who asks again would pay twice
        if self.ended:
            return False
        if _PATH.fullmatch(path) is None:
            return self._say(404)
        peer = str(self.client_address[0])
        status, said, after = self.served.answer(Request(method, path, query, headers, body, peer, time.time()))
        return self._say(status, said, after=after, last=told.get(b"connection") == b"close", bare=method == "HEAD")

    def _read(self, told: dict[bytes, bytes]) -> tuple[int, bytes]:
        """The body, or the status that it is refused with."""
        length = told.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 12 or b"transfer-encoding" in told or b"host" not in told:  # noqa: PLR2004
            return 400, b""
        if int(length) > (1 << 30 if "giant" in self.served.flaws else BODY):
            return 413, b""
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            return 400, b""
        kind = told.get(b"content-type", b"application/json").partition(b";")[0].strip()
        if told.get(b"content-encoding", b"identity") != b"identity" or kind not in _TYPES:
            return 415, b""
        return 0, body

    def _say(
        self,
        status: int,
        body: bytes = b"{}",
        *,
        last: bool | None = None,
        bare: bool = False,
        after: float | None = None,
    ) -> bool:
        ends = status not in {200, 401, 429} if last is None else last
        head = f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        head += "connection: close\r\n" if ends else ""
        head += "" if after is None else f"retry-after: {max(1, round(after))}\r\n"
        self.wfile.write(head.encode() + b"\r\n" + (b"" if bare else body))
        return not ends


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Quiet(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of clients that went away."""


@contextmanager
def _listening(served: _Served) -> Iterator[int]:
    handler = type("Handler", (_Handler,), {"served": served})
    server = _Quiet(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
