"""Processor time of one answered question: a bare server, and redan's with what guards there are, fed the same bytes.

    python bench/gateway/bench_server.py [--rounds 3] [--requests 4000]

Each server is pinned to one core and the client to another; questions are signed and written beforehand, so that the
client costs little. Servers take turns, each round asks all of them, and ratios are of one round: other work on the
machine meets all of them. Processor time is that of the whole server process (user and system, all threads).

`bare` is uvicorn with httptools and uvloop, raw ASGI, msgspec and onnxruntime, without any check. `asgi` is redan's
data plane under the same uvicorn, `plain` is `redan serve` with its own connections and no log, `logged` with its
ledger, `guarded` with every guard that there is: key, signature, nonce, limits, schema, ledger;
`signed` signs its answers, too.
"""

import argparse
import asyncio
import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("bare", "asgi", "plain", "logged", "guarded", "signed")
CONNECTIONS = 16
WIDTH = 32
PATH = b"/v2/models/m/infer"
SECRET = bytes(range(32))
TOKEN = "redan_" + "A" * 43


def network():
    """A perceptron 32-64-10 with a softmax, as ONNX."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    shapes = {"a": (WIDTH, 64), "b": (64,), "c": (64, 10), "d": (10,)}
    tensors = [
        numpy_helper.from_array(rng.normal(0, 0.2, size).astype(np.float32), name) for name, size in shapes.items()
    ]
    nodes = [
        helper.make_node("Gemm", ["x", "a", "b"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "c", "d"], ["z"]),
        helper.make_node("Softmax", ["z"], ["y"], axis=1),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", WIDTH])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 10])
    made = helper.make_model(
        helper.make_graph(nodes, "g", [x], [y], tensors), opset_imports=[helper.make_opsetid("", 17)]
    )
    made.ir_version = 9
    return made.SerializeToString()


def questions(count):
    """Signed questions as bytes, each with a nonce of its own."""
    import numpy as np

    from redan.exchange.signature_keys import HmacKey
    from redan.exchange.signing import Target, sign

    rng, key = np.random.default_rng(1), HmacKey(SECRET)
    found = []
    for _ in range(count):
        row = [round(float(v), 4) for v in rng.normal(size=WIDTH)]
        body = json.dumps({"inputs": [{"name": "x", "shape": [1, WIDTH], "datatype": "FP32", "data": row}]}).encode()
        fields = {
            b"host": b"bench",
            b"content-type": b"application/json",
            b"authorization": b"Bearer " + TOKEN.encode(),
        }
        made, _ = sign(Target(b"POST", b"bench", PATH, b""), fields, body, keyid="bench", key=key, now=time.time())
        lines = [b"%b: %b" % pair for pair in {**fields, **made, b"content-length": b"%d" % len(body)}.items()]
        found.append(b"POST %b HTTP/1.1\r\n%b\r\n\r\n%b" % (PATH, b"\r\n".join(lines), body))
    return found


class Bare:
    """The least that answers: decode, ask, encode."""

    def __init__(self, data):
        import msgspec
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(data, options)

        class One(msgspec.Struct):
            name: str
            shape: list[int]
            datatype: str
            data: list[float]

        class Ask(msgspec.Struct):
            inputs: list[One]

        self.decode = msgspec.json.Decoder(Ask).decode
        self.encode = msgspec.json.Encoder().encode

    async def __call__(self, _scope, receive, send):
        import numpy as np

        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message["more_body"]:
                break
        one = self.decode(body).inputs[0]
        x = np.array(one.data, np.float32).reshape(one.shape)
        y = self.session.run(["y"], {"x": x})[0]
        out = {
            "model_name": "m",
            "outputs": [{"name": "y", "shape": y.shape, "datatype": "FP32", "data": y.ravel().tolist()}],
        }
        answer = self.encode(out)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def project(folder, *, logged, guarded=False, signed=False):
    """A sealed model and its description."""
    from redan.controls.planted import known_signer, seal_of
    from redan.guards.api_keys import hashed

    data, signer = network(), known_signer("bench")
    (folder / "m.onnx").write_bytes(data)
    (folder / "m.seal").write_bytes(seal_of({"m.onnx": data}, signer, alone=True))
    (folder / "m.pub").write_text(signer.public.pem)
    (folder / "redan.toml").write_text(
        '[system]\nname = "bench"\n[[model]]\nname = "m"\npath = "m.onnx"\nseal = "m.seal"\nkey = "m.pub"\n'
        f'[[endpoint]]\nname = "e"\nmodel = "m"\ngateway = true\nauthenticated = {str(guarded).lower()}\n'
        f"logged = {str(logged).lower()}\n"
        '[gateway]\nlisten = "127.0.0.1:0"\n'
        + (
            f'clients = "clients.toml"\nauthorities = ["bench"]\nanswers_signed = {str(signed).lower()}\n'
            if guarded
            else ""
        )
    )
    (folder / "clients.toml").write_text(
        f'[[client]]\nprincipal = "bench"\nmodels = ["m"]\ntier = "fast"\nkeys = ["{hashed(TOKEN)}"]\n'
        '[[client.signing]]\nid = "bench"\nsecret = "file:s"\n'
        '[[tier]]\nname = "fast"\nrate = 1e6\nburst = 1e6\nrows = 1e12\n'
    )
    (folder / "s").write_text(base64.b64encode(SECRET).decode())
    (folder / "s").chmod(0o600)


def child(kind):
    """A server that says its port."""
    if kind not in {"bare", "asgi"}:
        from redan.cli.app import main

        with tempfile.TemporaryDirectory() as folder:
            project(
                Path(folder), logged=kind != "plain", guarded=kind in {"guarded", "signed"}, signed=kind == "signed"
            )
            main(["serve", folder])
    import uvicorn
    import uvloop

    from redan.gateway.address import Address
    from redan.gateway.serving import bind

    sock = bind(Address("127.0.0.1", 0))
    config = uvicorn.Config(
        Bare(network()) if kind == "bare" else plane(), http="httptools", loop="none", interface="asgi3",
        lifespan="off", ws="none", log_config=None, access_log=False, server_header=False, proxy_headers=False,
    )  # fmt: skip
    print(f"serving at 127.0.0.1:{sock.getsockname()[1]}", flush=True)
    uvloop.run(uvicorn.Server(config).serve([sock]))


def plane():
    """The data plane by itself."""
    from redan.gateway.assembly import assemble
    from redan.gateway.settings import settings
    from redan.system.read import read

    with tempfile.TemporaryDirectory() as folder:
        project(Path(folder), logged=False)
        return assemble(settings(read(Path(folder) / "redan.toml"))).plane


def cpu(pid):
    """Seconds that a process has used, all its threads."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


class Asker(asyncio.Protocol):
    """One connection that asks as soon as it was answered."""

    def __init__(self, stream, done):
        self.stream, self.done, self.left, self.bad = stream, done, 0, 0

    def connection_made(self, transport):
        self.transport = transport
        self.ask()

    def ask(self):
        data = next(self.stream, None)
        if data is None:
            self.transport.close()
            self.done.set_result(self.bad)
        else:
            self.transport.write(data)

    def data_received(self, data):
        if data.startswith(b"HTTP/1.1"):
            self.bad += not data.startswith(b"HTTP/1.1 200")
            head, _, body = data.partition(b"\r\n\r\n")
            self.left = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0]) - len(body)
        else:
            self.left -= len(data)
        if self.left <= 0:
            self.ask()


async def load(port, prepared):
    """Sends everything; seconds, and how many answers were not 200."""
    loop = asyncio.get_running_loop()
    stream = iter(prepared)
    started = time.perf_counter()
    futures = []
    for _ in range(CONNECTIONS):
        futures.append(loop.create_future())
        await loop.create_connection(lambda: Asker(stream, futures[-1]), "127.0.0.1", port)
    bad = sum(await asyncio.gather(*futures))
    return time.perf_counter() - started, bad


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--requests", type=int, default=4000)
    options.add_argument("--child", choices=KINDS)
    chosen = options.parse_args()
    if chosen.child:
        child(chosen.child)
        return
    import uvloop

    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    found = {kind: [] for kind in KINDS}
    running = {}
    try:
        for kind in KINDS:
            line = [sys.executable, __file__, "--child", kind]
            pin = {"preexec_fn": lambda: os.sched_setaffinity(0, {cores[0]})}
            running[kind] = subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **pin)
        ports = {kind: int(one.stdout.readline().decode().rpartition(":")[2]) for kind, one in running.items()}
        time.sleep(7)  # a first start believes no signature of its first seconds
        for kind in KINDS:
            uvloop.run(load(ports[kind], questions(300)))
        for turn in range(chosen.rounds):
            for kind in KINDS if turn % 2 == 0 else reversed(KINDS):
                prepared = questions(chosen.requests)
                before = cpu(running[kind].pid)
                _, bad = uvloop.run(load(ports[kind], prepared))
                if bad:
                    raise SystemExit(f"{kind}: {bad} answers were not 200")
                time.sleep(0.2)  # the ledger's last group belongs to the questions
                found[kind].append((cpu(running[kind].pid) - before) / chosen.requests * 1e6)
    finally:
        for one in running.values():
            one.terminate()
            one.wait()
    ratios = {kind: statistics.median(a / b for a, b in zip(found[kind], found["bare"], strict=True)) for kind in KINDS}
    print(
        json.dumps(
            {
                "bench": "gateway/server",
                "cpu_us": {k: [round(v, 1) for v in vs] for k, vs in found.items()},
                "ratio": {k: round(v, 2) for k, v in ratios.items()},
            }
        )
    )
    print("  ".join(f"{kind}: {min(found[kind]):.0f} us, {ratios[kind]:.2f} of bare" for kind in KINDS))


if __name__ == "__main__":
    main()
