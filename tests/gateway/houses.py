"""Small sealed projects, gateways over them, and ways to ask them, with and without sockets."""

import asyncio
import contextlib
import json
import os
import socket
import threading
import time
from functools import lru_cache

import numpy as np
import uvloop

from redan.controls.planted import seal_of
from redan.exchange.flow import Identity
from redan.exchange.problem import Problem, Refusal
from redan.gateway.assembly import assemble
from redan.gateway.guarding import guards_of
from redan.gateway.serving import served
from redan.gateway.settings import settings
from redan.seal.keys import generate
from redan.system.read import parse

SIGNER = generate("p256")
STRANGER = generate("p256")
ROWS = [[1.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]]
QUESTION = {"inputs": [{"name": "x", "shape": [2, 4], "datatype": "FP32", "data": [1, 0, 0, 0, 0, 2, 0, 0]}]}
BODY = json.dumps(QUESTION).encode()
TOML = """
[system]
name = "churn"

[[model]]
name = "churn"
path = "model.onnx"
seal = "model.seal"
key = "team.pub"
{model}

[[endpoint]]
name = "api"
model = "churn"
gateway = true
authenticated = false
{endpoint}

[gateway]
{gateway}
"""


@lru_cache
def model(scale=1.0, *, width=4, external=None):
    """ONNX bytes: `y` is `x` times a matrix of one number, `label` the place of its greatest."""
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.eye(width, 3, dtype=np.float32) * scale, "w")
    if external is not None:
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        entry = weights.external_data.add()
        entry.key, entry.value = "location", external
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["y"]),
            helper.make_node("ArgMax", ["y"], ["label"], axis=1, keepdims=0),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", width])],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3]),
            helper.make_tensor_value_info("label", TensorProto.INT64, ["n"]),
        ],
        [weights],
    )
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    whole.ir_version = 9
    return whole.SerializeToString()


def seal(folder, data, *, signer=SIGNER, name="model.onnx"):
    """Puts a sealed model there; an exchange is two renames, as a release makes them."""
    for file, content in ((name, data), ("model.seal", seal_of({name: data}, signer, alone=True))):
        fresh = folder / f".{file}.new"
        fresh.write_bytes(content)
        os.replace(fresh, folder / file)


def project(folder, *, gateway="", endpoint="", model_keys="", data=None):
    """A folder with a sealed model and its description."""
    folder.mkdir(exist_ok=True)
    seal(folder, model() if data is None else data)
    (folder / "team.pub").write_text(SIGNER.public.pem)
    (folder / "redan.toml").write_text(TOML.format(model=model_keys, endpoint=endpoint, gateway=gateway))
    return folder


def read(folder):
    """The settings of a project."""
    return settings(parse((folder / "redan.toml").read_bytes(), file="redan.toml", root=folder))


@contextlib.contextmanager
def gateway(folder, **given):
    """A gateway over a project, put together and not running."""
    if not (folder / "redan.toml").exists():
        project(folder, **given)
    made = assemble(read(folder), now=time.time() - 10)  # signatures made about the start are refused
    try:
        yield made
    finally:
        made.close()


class Keyed:
    """A guard of identity for tests: one key, compared whole."""

    name = "identity"

    def inbound(self, flow):
        if flow.request.header(b"authorization") != b"Bearer good":
            return Refusal(Problem.UNAUTHENTICATED, self.name)
        flow.identity = Identity("alice@example.org", frozenset({"*"}))
        return None


def locked(found, world):
    """Guards of a server that knows one client."""
    bare = guards_of(found, world)
    return bare._replace(
        inbound=(Keyed(), *bare.inbound), known=(Keyed(), *bare.known), enforced=frozenset({"authenticated"})
    )


async def ask(app, method="POST", path="/v2/models/churn/infer", body=BODY, headers=(), pieces=None):
    """Status, headers and body of one request to an ASGI application, without a socket."""
    parts = [body] if pieces is None else list(pieces)
    sent = []

    async def receive():
        if not parts:
            return {"type": "http.disconnect"}
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "raw_path": path.encode(),
        "path": path,
        "query_string": b"",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers],
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def asked(app, *given, **more):
    """The same, from where no event loop runs."""
    return asyncio.run(ask(app, *given, **more))


@contextlib.contextmanager
def listening(made):
    """Port of a gateway that runs in a thread."""
    found, ready, stop = {}, threading.Event(), threading.Event()

    async def live():
        found["loop"] = asyncio.get_running_loop()
        tasks = [asyncio.create_task(made.room.watch(0.05))]
        if made.watching is not None:
            tasks.append(asyncio.create_task(made.watching.run()))
        async with served(made) as address:
            found["port"] = address.port
            ready.set()
            await asyncio.to_thread(stop.wait)
        for task in tasks:
            task.cancel()

    def work():
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(live())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert ready.wait(10)
        yield found["port"]
    finally:
        stop.set()
        thread.join(20)


def raw(port, data, *, half=False, wait=5.0):
    """What comes back for some bytes, until the other side ends or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as sock:
        with contextlib.suppress(ConnectionError):
            for part in [data] if isinstance(data, bytes) else data:
                sock.sendall(part)
        if half:
            sock.shutdown(socket.SHUT_WR)
        found = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while chunk := sock.recv(65536):
                found += chunk
        return found


def question(path="/v2/models/churn/infer", body=BODY, *, more="connection: close\r\n"):
    """A whole request as bytes."""
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body
