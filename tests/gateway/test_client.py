"""Clients that sign: httpx, sync and async, and curl with openssl, before the real guards."""

import asyncio
import base64
import dataclasses
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from redan.errors import ConfigError, InvalidError
from redan.exchange import encode
from redan.exchange.flow import Flow
from redan.exchange.message import Request, Response
from redan.exchange.problem import Problem, Refusal
from redan.exchange.signature_keys import Ed25519Key, HmacKey
from redan.gateway.client import SignedAuth
from redan.guards.answer_signature import AnswerSignature
from redan.guards.api_keys import by_digest, hashed
from redan.guards.authorisation import Authorise
from redan.guards.identity import Identify
from redan.guards.signature import Signature, SigningKey
from redan.guards.sizes import Sizes
from redan.guards.store import MemoryStore
from signed_requests import ALICE, BODY, KEY, KEYID, NOW, SECRET, TOKEN

URL = "http://127.0.0.1:8080/v2/models/churn/infer"
RAW = ed25519.Ed25519PrivateKey.from_private_bytes(b"c" * 32)
ASYMMETRIC = Ed25519Key(RAW.public_key(), RAW)
ANSWER = Response(200, (encode.JSON,), b'{"outputs": []}')
SCRIPT = Path(__file__).parents[2] / "examples" / "gateway" / "signed_request.sh"


@dataclasses.dataclass
class Service:
    """Guards in order, and an answer with the path and the number of bytes that were asked."""

    authority: str = "127.0.0.1:8080"
    finish: object = None

    def __post_init__(self):
        keys = {
            b"alice-1": SigningKey("alice-1", "alice", KEY),
            b"alice-2": SigningKey("alice-2", "alice", ASYMMETRIC),
        }
        self.guards = (
            Sizes(),
            Identify(by_digest({hashed(TOKEN): ALICE})),
            Authorise(lambda model, _: model == "churn"),
            Signature(keys, (self.authority,)),
        )
        self.store = MemoryStore()

    def ask(self, request):
        flow = Flow(request, request.path.split(b"/")[3].decode())
        refused = next((found for guard in self.guards if (found := guard.inbound(flow))), None)
        if refused is None and self.store.spend(flow.claims, request.now).denied is not None:
            refused = Refusal(Problem.REPLAYED, "nonce")
        response = ANSWER if refused is None else encode.refusal(refused, "00", quiet=False)
        return response if self.finish is None else self.finish.finish(flow, response)

    def transport(self, request):
        path, _, query = request.url.raw_path.partition(b"?")
        headers = tuple((name.lower(), value) for name, value in request.headers.raw)
        found = self.ask(Request(request.method, path, query, headers, request.content, "", NOW))
        return httpx.Response(found.status, headers=list(found.headers), content=found.body)


def auth(**more):
    return SignedAuth(**{"token": TOKEN, "keyid": KEYID, "key": KEY, "clock": lambda: NOW} | more)


def sent(service, how=None, **request):
    with httpx.Client(transport=httpx.MockTransport(service.transport), auth=how or auth()) as client:
        return client.post(URL, **{"content": BODY, "headers": {"content-type": "application/json"}} | request)


@pytest.mark.parametrize(
    "request_of",
    [
        {},
        {"params": {"a": "1", "b": "ä c"}},
        {"headers": {}},
        {"headers": {"Inference-Header-Content-Length": "12"}},
        {"content": b""},
        {"content": None, "json": json.loads(BODY)},
        {"content": iter([BODY[:10], BODY[10:]])},
    ],
)
def test_signed_requests_pass(request_of):
    """Whatever httpx sends is signed as it is sent."""
    response = sent(Service(), **request_of)
    assert response.status_code == 200, response.text


def test_async():
    """The same class serves the asynchronous client."""

    async def ask():
        service = Service(finish=AnswerSignature({KEYID: KEY}))
        async with httpx.AsyncClient(
            transport=httpx.MockTransport(service.transport), auth=auth(answers=(KEYID, KEY))
        ) as client:
            found = [await client.post(URL, content=BODY) for _ in range(2)]
            return [response.status_code for response in found]

    assert asyncio.run(ask()) == [200, 200]


def test_keys_and_tokens():
    """An asymmetric key, a token that changes, and what is refused."""
    tokens = iter([TOKEN, "wrong"])
    how = auth(token=lambda: next(tokens), keyid="alice-2", key=ASYMMETRIC)
    assert sent(Service(), how).status_code == 200
    assert sent(Service(), how).status_code == 401
    assert sent(Service(), auth(token=None)).status_code == 401
    assert sent(Service(), auth(key=HmacKey(b"x" * 32))).json()["type"].endswith("signature-invalid")
    assert sent(Service(), auth(clock=lambda: NOW - 100)).json()["type"].endswith("signature-stale")
    for wrong in ("", 'a"b', "a\\b", "ä", "a\nb"):
        with pytest.raises(ConfigError):
            auth(keyid=wrong)


def test_each_request_has_a_nonce_of_its_own():
    """Two requests are two; the same bytes again are a replay."""
    service, seen = Service(), []

    def keep(request):
        seen.append(request)
        return service.transport(request)

    with httpx.Client(transport=httpx.MockTransport(keep), auth=auth()) as client:
        assert [client.post(URL, content=BODY).status_code for _ in range(2)] == [200, 200]
    assert service.transport(seen[0]).json()["type"].endswith("signature-replayed")


def test_answers_are_checked():
    """An answer that is not for this request, or not signed, is an error; an unsigned refusal is what it is."""
    signer = AnswerSignature({KEYID: KEY}, ("server", ASYMMETRIC))
    checked = auth(answers=(KEYID, KEY))
    assert sent(Service(finish=signer), checked).status_code == 200
    with pytest.raises(InvalidError):
        sent(Service(), checked)
    with pytest.raises(InvalidError):
        sent(Service(finish=signer), auth(answers=("server", ASYMMETRIC)))
    theirs = auth(keyid="alice-2", key=ASYMMETRIC, answers=("server", ASYMMETRIC))
    assert sent(Service(finish=signer), theirs).status_code == 200
    assert sent(Service(finish=signer), auth(token=None, answers=(KEYID, KEY))).status_code == 401
    old = Service(finish=signer)
    kept = []

    class Replaying:
        def finish(self, flow, response):
            kept.append(signer.finish(flow, response))
            return kept[0]

    old.finish = Replaying()
    assert sent(old, checked).status_code == 200
    with pytest.raises(InvalidError):
        sent(old, checked)


class Handler(http.server.BaseHTTPRequestHandler):
    """The guards before a socket."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        path, _, query = self.path.encode().partition(b"?")
        headers = tuple((name.lower().encode(), value.encode()) for name, value in self.headers.items())
        found = self.server.service.ask(Request("POST", path, query, headers, body, "", time.time()))
        self.send_response(found.status)
        for name, value in (*found.headers, (b"content-length", str(len(found.body)).encode())):
            self.send_header(name.decode(), value.decode())
        self.end_headers()
        self.wfile.write(found.body)

    def log_message(self, *_):
        pass


@pytest.fixture
def listening():
    """The service on a port of the loopback."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.service = Service(authority=f"127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v2/models/churn/infer"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
@pytest.mark.parametrize("alg", ["hmac", "ed25519"])
def test_curl_and_openssl(listening, tmp_path, alg):
    """The recipe of the documentation is taken by the guards, and refused with another key."""
    (tmp_path / "body.json").write_bytes(BODY)
    (tmp_path / "token").write_text(TOKEN + "\n")
    key = tmp_path / "key"

    def run(url, keyid):
        arguments = ["sh", str(SCRIPT), url, str(tmp_path / "body.json"), keyid, str(key), str(tmp_path / "token")]
        environment = {"PATH": os.environ["PATH"], "no_proxy": "127.0.0.1"}
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True, env=environment)
        return json.loads(done.stdout)

    if alg == "hmac":
        key.write_text(base64.b64encode(SECRET).decode() + "\n")
    else:
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        key.write_bytes(RAW.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    keyid = "alice-1" if alg == "hmac" else "alice-2"
    assert run(listening, keyid) == {"outputs": []}
    assert run(listening + "?a=1&b=%20", keyid) == {"outputs": []}
    assert run(listening.replace("churn", "other"), keyid)["status"] == 404
    assert run(listening, "alice-2" if alg == "hmac" else "alice-1")["type"].endswith("signature-invalid")
    if alg == "hmac":
        key.write_text(base64.b64encode(b"z" * 32).decode())
        assert run(listening, keyid)["type"].endswith("signature-invalid")


def test_needs_no_server():
    """The client's side loads none of the server's code."""
    code = (
        "import sys, redan.gateway.client;"
        "bad = [m for m in sys.modules if m.startswith(('redan.guards', 'redan.gateway.steps', 'redan.models', 'msgspec', 'uvicorn', 'joserfc', 'onnxruntime'))];"
        "print(bad)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
