"""A small server of the protocol whose guards can be left out one by one: each plant is one way to be open.

Without plants it refuses whatever it should. It is an independent reading of the rules: of the project's own code it
uses the reader of questions and the forms of signatures, and nothing of the gateway.
"""

import asyncio
import base64
import contextlib
import gzip
import json
import re
import secrets
import socket
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import urlopen

import numpy as np

from redan.exchange import message_signature as wire
from redan.exchange.decode import decode
from redan.exchange.limits import Limits
from redan.exchange.problem import RefusedError
from redan.exchange.signature_keys import HmacKey
from redan.probes import Bounds, Credentials, Declared, Target

TOKEN, OTHER_TOKEN = "probe-" + "k" * 40, "other-" + "k" * 40
SECRET, OTHER_SECRET = bytes(range(32)), bytes(range(1, 33))
METADATA = {
    "name": "m",
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}],
}
# What each plant is found by, and by nothing else. R10, R11 and R23 happen on a disk, where no client sees them.
PLANTS = {
    "R1 loads": {"model-repository"},
    "R1 fetches": {"fetched-address"},
    "R2 files": {"traversal"},
    "R3 spellings": {"other-spellings"},
    "R3 override": {"overriding-headers"},
    "R3 metrics": {"metrics"},
    "R4 documents": {"documentation"},
    "R4 admin": {"administration"},
    "R4 forgotten": {"documentation", "documented-routes"},
    "R4 anybody": {"no-credentials", "routes-without-credentials", "other-spellings", "overriding-headers"},
    "R5 delete": {"routes-without-credentials"},
    "R6 pickle": {"code-as-input"},
    "R7 zeromq": {"further-ports"},
    "R8 shell": {"shell-words"},
    "R9 lines": {"injected-lines"},
    "R12 pieces": {"tiny-chunks"},
    "R12 lengths": {"two-lengths"},
    "R12 slow": {"slow-clients"},
    "R12 fields": {"many-fields"},
    "R13 negative": {"negative-shape"},
    "R13 type": {"missing-type"},
    "R14 wraps": {"huge-shape"},
    "R14 giant": {"giant-body"},
    "R14 announced": {"announced-giant"},
    "R14 binary": {"binary-bodies", "binary-sizes", "binary-lengths", "binary-not-finite"},
    "R14 rows": {"many-rows", "giant-body"},
    "R15 verbose": {"verbose-errors"},
    "R15 memory": {"shared-memory"},
    "R15 version": {"versions-told"},
    "R16 integers": {"unbounded-integers"},
    "R17 forms": {"other-types"},
    "R18 paths": {"files-as-input"},
    "R19 infinite": {"not-finite"},
    "R19 digits": {"too-large-numbers", "long-integers"},
    "R19 deep": {"deep-nesting"},
    "R19 twice": {"duplicate-keys"},
    "R20 flags": {"switched-off"},
    "R20 unsigned": {"unsigned"},
    "R21 prefix": {"twin-token"},
    "R22 query": {"injected-credentials"},
    "R24 none": {"confused-token"},
    "R24 algorithm": {"confused-algorithm"},
    "R24 foreign": {"foreign-key", "altered-digest", "altered-header", "other-authority", "other-signature"},
    "R24 gzip": {"compressed-body"},
    "R25 altered": {"altered-body", "altered-bytes"},
    "R25 covered": {"weak-cover"},
    "R25 replay": {"replayed", "replayed-elsewhere", "same-nonce", "without-nonce"},
    "R25 stale": {"stale"},
    "R25 future": {"future"},
    "R25 burnt": {"burnt-nonce"},
    "R26 address": {"spoofed-origin"},
    "R26 unlimited": {"rate-limit"},
    "R26 together": {"strangers-spend"},
    "names": {"barred-model"},
    "pages": {"foreign-pages"},
    "precise": {"fine-scores"},
    "identifier": {"identified-refusals"},
    "budget": {"query-budget"},
    "unneeded": {"unneeded-input"},
}
_LINE = re.compile(rb"([A-Z]{1,16}) ([!-~]{1,8000}) HTTP/1\.1")
_FIELD = re.compile(rb"([a-z0-9!#$%&'*+.^_`|~-]{1,200}): ?([\x20-\x7e\x80-\xff]*)", re.IGNORECASE)
_BODY = 1 << 20


class DeniedError(Exception):
    """A status, and words for those who get to see them."""

    def __init__(self, status, words=""):
        super().__init__(status)
        self.status, self.words = status, words


@dataclass
class Request:
    """One request."""

    method: str
    path: str
    query: str
    fields: dict
    body: bytes = b""


@dataclass
class Server:
    """State of a server and what is left open."""

    open: frozenset = frozenset()
    burst: float = 900.0
    rate: float = 5.0
    rows: int = 100_000
    nonces: set = field(default_factory=set)
    buckets: dict = field(default_factory=dict)
    spent: int = 0
    known: dict = field(default_factory=dict)
    tasks: set = field(default_factory=set)

    def has(self, plant):
        return plant in self.open

    @property
    def large(self):
        return self.has("R14 giant") or self.has("R14 rows")

    # --- one connection
    async def connection(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        try:
            while await self.exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def exchange(self, reader, writer):
        """One request and its answer; whether there may be another one."""
        wait = None if self.has("R12 slow") else 0.4
        extra, keep = {}, False
        try:
            request = await self.head(reader, wait)
            keep = request.fields.get(b"connection") == b"keep-alive"
            if self.has("R12 lengths"):
                keep = True
            request.body = await self.body(request, reader, wait)
            status, body = self.answer(request, extra)
        except DeniedError as refused:
            status, body, keep = refused.status, self.problem(refused), keep and refused.status == 429
        lines = [f"HTTP/1.1 {status} X", "content-type: application/json", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in extra.items()]
        if self.has("R15 version"):
            lines.append("server: openserver/1.2.3")
        if self.has("pages"):
            lines.append("access-control-allow-origin: *")
        if status == 429:
            lines.append("retry-after: 1")
        lines.append("connection: " + ("keep-alive" if keep else "close"))
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
        await writer.drain()
        return keep

    def problem(self, refused):
        event = "same" if self.has("identifier") else secrets.token_hex(8)
        said = {"error": "refused", "instance": event}
        if self.has("R15 verbose"):
            said["error"] = 'Traceback (most recent call last):\n  File "/srv/app/model.py", line 3'
        if self.has("names") and refused.words:
            said["error"] = refused.words
        return json.dumps(said).encode()

    async def head(self, reader, wait):
        try:
            raw = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), wait)
        except TimeoutError as error:
            raise DeniedError(408) from error
        except asyncio.LimitOverrunError as error:
            raise DeniedError(431) from error
        line, *lines = raw[:-4].split(b"\r\n")
        first = _LINE.fullmatch(line)
        pairs = [_FIELD.fullmatch(one) for one in lines]
        if first is None or not all(pairs):
            raise DeniedError(400)
        if len(pairs) > 64 and not self.has("R12 fields"):
            raise DeniedError(431)
        names = [pair[1].lower() for pair in pairs]
        twice = {name for name in names if names.count(name) > 1}
        if twice and not (self.has("R12 lengths") and twice <= {b"content-length"}):
            raise DeniedError(400)
        fields = {pair[1].lower(): pair[2].strip() for pair in pairs}
        path, _, query = first[2].decode().partition("?")
        return Request(first[1].decode(), path, query, fields)

    async def body(self, request, reader, wait):
        fields = request.fields
        length, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
        if length is not None and coding is not None and not self.has("R12 lengths"):
            raise DeniedError(400)
        if length is not None and (coding is None or not self.has("R12 lengths")):
            if not length.isdigit() or len(length) > 15:
                raise DeniedError(400)
            if int(length) > _BODY and not (self.large and int(length) < 1 << 30):
                if self.has("R14 announced") and int(length) > 1 << 39:
                    await asyncio.sleep(30)
                raise DeniedError(413)
            try:
                return await asyncio.wait_for(reader.readexactly(int(length)), wait)
            except TimeoutError as error:
                raise DeniedError(408) from error
        if coding is None:
            return b""
        if coding != b"chunked":
            raise DeniedError(400)
        try:
            return await asyncio.wait_for(self.chunks(reader), None if wait is None else 1.0)
        except TimeoutError as error:
            raise DeniedError(408) from error

    async def chunks(self, reader):
        parts, size = [], 0
        while True:
            line = (await reader.readline())[:-2]
            if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", line):
                raise DeniedError(400)
            n = int(line, 16)
            size += n
            if size > _BODY and not self.large:
                raise DeniedError(413)
            if len(parts) > 2000 and not self.has("R12 pieces"):
                raise DeniedError(413)
            parts.append((await reader.readexactly(n + 2))[:-2])
            if n == 0:
                return b"".join(parts)

    # --- what is answered
    def answer(self, request, extra):
        planted = self.opened(request, extra)
        if planted is not None:
            return planted
        path, method = request.path, request.method
        if path == "/v2/health/live":
            if method not in {"GET", "HEAD"}:
                raise DeniedError(405)
            return 200, b'{"live":true}'
        if path not in {"/v2/models/m", "/v2/models/m/infer"} and not re.fullmatch(
            r"/v2/models/[\w.-]{1,99}(/infer)?", path
        ):
            raise DeniedError(404)
        if method != ("POST" if path.endswith("/infer") else "GET"):
            raise DeniedError(405)
        self.limited(request, before=True)
        who = self.identity(request)
        if not path.endswith("/infer"):
            if path != "/v2/models/m":
                raise DeniedError(404)
            return 200, json.dumps(METADATA).encode()
        self.typed(request)
        self.signed(request, who)
        self.limited(request, before=False)
        if path != "/v2/models/m/infer":
            raise DeniedError(404, "barred" if "/barred/" in path else "unknown")
        return 200, self.predicted(request, extra)

    def opened(self, request, extra):  # noqa: PLR0911 -- one line for each plant
        """What is open to anybody by a plant."""
        path, method = request.path, request.method
        page = (200, b"# HELP requests\nopen")
        for plant, where in (
            ("R3 metrics", {"/metrics"}),
            ("R4 documents", {"/openapi.json"}),
            ("R4 admin", {"/config", "/api/jobs/"}),
            ("R15 memory", {"/v2/systemsharedmemory/status"}),
            ("R1 loads", {"/v2/repository/index"}),
        ):
            if self.has(plant) and path in where:
                return page
        if self.has("R4 forgotten") and path == "/openapi.json":
            return 200, b'{"paths":{"/v2/models/{name}/retrain":{}, "/v2/health/live":{}}}'
        if self.has("R4 forgotten") and path == "/v2/models/m/retrain" and method == "PUT":
            return page
        if self.has("R5 delete") and method == "DELETE" and path == "/v2/models/m":
            return page
        if self.has("R2 files") and "etc%2f" in path:
            return 200, b"root:x:0:0"
        if self.has("R3 spellings") and "//v2" in path and path.endswith("infer"):
            return 200, b'{"outputs":[]}'
        if self.has("R3 override") and request.fields.get(b"x-original-url"):
            return 200, json.dumps(METADATA).encode()
        return None

    def identity(self, request):
        said = request.fields.get(b"authorization", b"")
        if self.has("R4 anybody") and not said:
            return "me"
        scheme, _, token = said.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise DeniedError(401)
        if self.has("R22 query") and "' OR '1'='1" in token:
            raise DeniedError(500)
        if self.has("R24 none") and token.count(".") == 2:
            with contextlib.suppress(ValueError):
                if json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "==")).get("alg") == "none":
                    return "me"
        known = self.known.get(token[:20]) if self.has("R21 prefix") else None
        found = known or {TOKEN: "me", OTHER_TOKEN: "other"}.get(token)
        if found is None:
            raise DeniedError(401)
        self.known[token[:20]] = found
        return found

    def typed(self, request):
        kind = request.fields.get(b"content-type", b"application/json")
        if self.has("R13 type") and b"content-type" not in request.fields and len(request.body) > 1:
            raise DeniedError(500)
        if self.has("R6 pickle") and kind == b"application/x-pickle" and b"payload-meta" not in request.fields:
            time.sleep(1.6)
            raise DeniedError(400)
        coding = request.fields.get(b"content-encoding")
        if self.has("R24 gzip") and coding == b"gzip" and len(request.body) < 1000:
            request.body = gzip.decompress(request.body)
            request.fields[b"content-digest"] = wire.content_digest(request.body)
            request.fields[b"x-plant"] = b"unsigned"
        elif coding is not None:
            raise DeniedError(415)
        if self.has("R17 forms") and kind.startswith(b"multipart"):
            request.fields[b"x-plant"] = b"unsigned"
            request.body = request.body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
        elif kind not in {b"application/json", b"application/octet-stream"}:
            raise DeniedError(415)

    def signed(self, request, who):
        fields = request.fields
        if b"x-plant" in fields or (self.has("R4 anybody") and b"authorization" not in fields):
            return
        said, signature = fields.get(b"signature-input"), fields.get(b"signature")
        if said is None or signature is None:
            if self.has("R20 unsigned") and said is None and signature is None and b"content-digest" not in fields:
                return
            raise DeniedError(401)
        try:
            self.verified(request, said, signature, who)
        except (wire.FormError, KeyError, ValueError) as error:
            raise DeniedError(401) from error

    def verified(self, request, said, signature, who):  # noqa: C901 -- one line for each plant
        if self.has("R25 replay") and b"nonce" not in said:
            return
        if self.has("R25 replay"):
            said = said.replace(b'nonce="a"', b'nonce="%b"' % (b"a" * 20))
            if b"a" * 20 in said:
                return
        params = wire.params(said, wire.TAG)
        keys = {(b"mine", "me"): HmacKey(SECRET), (b"theirs", "other"): HmacKey(OTHER_SECRET)}
        key = keys[params.keyid, who]
        if params.alg != key.alg and not self.has("R24 algorithm"):
            raise wire.FormError
        if self.has("R25 burnt"):
            self.once(params.nonce)
        base = wire.base(params.covered)
        if not wire.covers(base, request.fields) and not self.has("R25 covered"):
            raise wire.FormError
        if not wire.digest_fits(request.fields[b"content-digest"], request.body) and not self.has("R25 altered"):
            raise wire.FormError
        parts = {**request.fields, b"@method": request.method.encode(), b"@path": request.path.encode()}
        parts |= {b"@query": b"?" + request.query.encode(), b"@authority": request.fields[b"host"]}
        fits = key.fits(wire.signature(signature, params.label), wire.signed_bytes(base, parts, params.raw))
        forged = self.has("R24 foreign") and wire.digest_fits(request.fields[b"content-digest"], request.body)
        if not fits and not (forged and self.looks_foreign(request, signature)):
            raise wire.FormError
        now = time.time()
        old, early = params.created < now - 60 or params.expires < now, params.created > now + 10
        long = params.expires > params.created + 60
        if ((old or long) and not self.has("R25 stale")) or (early and not self.has("R25 future")):
            raise wire.FormError
        if not self.has("R25 burnt"):
            self.once(params.nonce)

    @staticmethod
    def looks_foreign(request, signature):
        """A whole signature of the usual form over an unaltered JSON question; which is all that this plant asks for."""
        plain = request.query == "" and request.fields.get(b"content-type") == b"application/json"
        said = request.fields[b"signature-input"]
        usual = said.count(b'"') == 22 and b'keyid="mine"' in said and b'tag="redan-infer"' in said
        return (
            plain
            and usual
            and len(base64.b64decode(signature[7:-1])) == 32
            and set(base64.b64decode(signature[7:-1])) != {0}
        )

    def once(self, nonce):
        if nonce in self.nonces and not self.has("R25 replay"):
            raise wire.FormError
        self.nonces.add(nonce)

    def limited(self, request, *, before):
        """Strangers cost nothing, unless by a plant."""
        if self.has("R26 unlimited") or before != self.has("R26 together"):
            return
        key = request.fields.get(b"x-forwarded-for", b"") if self.has("R26 address") else b""
        level, since = self.buckets.get(key, (0.0, time.monotonic()))
        now = time.monotonic()
        level = max(0.0, level - (now - since) * self.rate)
        self.buckets[key] = (level, now)
        if level >= self.burst:
            raise DeniedError(429)
        self.buckets[key] = (level + 1, now)

    def predicted(self, request, extra):
        body = request.body
        changed = self.read(body, extra)
        body = changed or body
        said = request.fields.get(b"inference-header-content-length")
        if said is not None and not (said.isdigit() and len(said) < 12):
            raise DeniedError(400)
        length = None if said is None else int(said)
        if self.has("R14 binary") and length is not None and b"binary_data_size" in body[:length]:
            return self.given(1, {})
        try:
            found = decode(body, length, Limits(body=1 << 30, elements=1 << 40 if self.has("R14 rows") else 1 << 14))
        except RefusedError as error:
            raise DeniedError(error.refusal.problem.status) from error
        if len(found.inputs) > 1 and not self.has("unneeded"):
            raise DeniedError(400)
        first = found.inputs[0]
        if first.name != "x" or first.datatype != "FP32" or first.values.ndim != 2 or first.values.shape[1] != 3:
            raise DeniedError(400)
        if any(one.name != "y" for one in found.outputs):
            raise DeniedError(400)
        rows = len(first.values)
        if self.spent + rows > self.rows and not (self.has("budget") or (self.has("R14 rows") and rows > self.rows)):
            raise DeniedError(429)
        self.spent += rows if rows <= self.rows else 0
        asked = json.loads(body[:length])
        return self.given(rows, asked)

    def read(self, body, extra):  # noqa: C901, PLR0911, PLR0912 -- one line for each plant
        """What plants make of a question; other bytes to be read instead, or None."""
        try:
            asked = json.loads(body)
        except RecursionError:
            if self.has("R19 deep"):
                raise DeniedError(500) from None
            return None
        except ValueError:
            return None
        if not isinstance(asked, dict):
            return None
        params = asked.get("parameters") or {}
        inputs = asked.get("inputs")
        first = inputs[0] if isinstance(inputs, list) and inputs and isinstance(inputs[0], dict) else {}
        shape, data, name = first.get("shape"), first.get("data"), asked.get("id")
        good = json.dumps({"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 1, 1]}]}).encode()
        if self.has("R9 lines") and isinstance(name, str) and name.isascii():
            extra["x-request-id"] = name
        if self.has("R1 fetches") and isinstance(data, list) and data and str(data[0]).startswith("http"):
            with contextlib.suppress(OSError, ValueError):
                assert urlsplit(data[0]).hostname == "127.0.0.1"
                urlopen(data[0], timeout=0.2)
        if self.has("R8 shell") and params.get("model_uri") == "$(sleep 1.5)":
            time.sleep(1.6)
        if self.has("R16 integers") and params.get("n") == 2**63:
            raise DeniedError(500)
        if self.has("R13 negative") and isinstance(shape, list) and -1 in shape:
            raise DeniedError(500)
        if self.has("R14 wraps") and shape == [2**33, 2**33]:
            return good
        if self.has("R18 paths") and isinstance(data, str) and data.startswith("file:"):
            return good
        if self.has("R20 flags") and params.get("skip_validation"):
            return good
        if self.has("R19 twice") and body.count(b'"inputs":') == 2:
            return good
        if (
            isinstance(data, list)
            and data
            and all(isinstance(one, int | float) for one in data)
            and not isinstance(data[0], bool)
        ):
            infinite = (
                not np.isfinite(np.array(data[:1], dtype=float)[0])
                if abs(data[0]) < 1e300 or isinstance(data[0], float)
                else False
            )
            if self.has("R19 infinite") and infinite:
                return good
            if self.has("R19 digits") and not infinite and abs(data[0]) > 1e38:
                return good
        return None

    def given(self, rows, asked):
        score = 0.123456789 if self.has("precise") else 0.12
        values = [score, 1.0] * rows
        answer = {"model_name": "m", "outputs": [{"name": "y", "shape": [rows, 2], "datatype": "FP32", "data": values}]}
        if isinstance(asked.get("id"), str):
            answer["id"] = asked["id"]
        return json.dumps(answer).encode()


@contextlib.contextmanager
def running(*plants, burst=900.0, rows=8_000):
    """A server with some plants, in a thread; gives the target of a probe."""
    unknown = set(plants) - set(PLANTS)
    assert not unknown, unknown
    server = Server(frozenset(plants), burst=burst, rows=rows)
    found, ready, stop = {}, threading.Event(), threading.Event()

    async def live():
        listening = await asyncio.start_server(
            server.connection, "127.0.0.1", 0, limit=1 << 22 if "R12 fields" in plants else 1 << 15
        )
        worker = await asyncio.start_server(greeting, "127.0.0.1", 0)
        found["port"] = listening.sockets[0].getsockname()[1]
        found["worker"] = worker.sockets[0].getsockname()[1]
        if "R7 zeromq" not in plants:
            worker.close()
        ready.set()
        await asyncio.to_thread(stop.wait)
        listening.close()
        worker.close()
        for task in server.tasks:
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    try:
        assert ready.wait(10)
        yield Target(
            url=f"http://127.0.0.1:{found['port']}",
            model="m",
            mine=Credentials(TOKEN, "mine", HmacKey(SECRET)),
            other=Credentials(OTHER_TOKEN, "theirs", HmacKey(OTHER_SECRET)),
            declared=Declared(rows=rows, decimals=2, barred="barred", body=_BODY),
            bounds=Bounds(
                timeout=1.0 if "R14 announced" in plants else 4.0,
                patience=4.0,
                agreed=4.0,
                flood=int(burst) + 200,
                idle=20,
                giant=2 << 20,
                pieces=5000,
                seconds=120,
            ),
            ports=(found["worker"],),
        )
    finally:
        stop.set()
        thread.join(10)


async def greeting(reader, writer):
    """As a worker says hello who speaks ZeroMQ."""
    writer.write(b"\xff" + bytes(8) + b"\x7f\x03\x00NULL")
    with contextlib.suppress(ConnectionError):
        await reader.read(100)
    writer.close()


def free():
    """A port that nobody uses."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
