"""A stock MLServer behind the gateway: it answers what is asked as agreed, and what it takes bare is refused before it."""

import asyncio
import json
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from gateway import houses
from gateway.test_guarded import TOKEN, project, signed

MLSERVER = Path(__file__).resolve().parents[2] / ".peers" / "mlserver" / "bin" / "mlserver"
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not MLSERVER.exists(), reason="MLServer is not in its environment (tools/peers.sh mlserver)"),
]
RUNTIME = """
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse

class Twice(MLModel):
    async def load(self):
        return True

    async def predict(self, payload):
        x = NumpyCodec.decode_input(payload.inputs[0])
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("y", x * 2)])
"""
PORTS = {
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 4]}],
}
HOSTILE = [
    b'{"inputs":[{"name":"x","shape":[-1,4],"datatype":"FP32","data":[1]}]}',
    b'{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3]}]}',
    b'{"inputs":[{"name":"x","shape":[9223372036854775808,4],"datatype":"FP32","data":[1]}]}',
]


def free():
    """A port that nobody uses."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """Ports of a running MLServer: questions, metrics."""
    folder, ports = tmp_path_factory.mktemp("m"), [free() for _ in range(3)]
    (folder / "twice.py").write_text(RUNTIME)
    (folder / "model-settings.json").write_text(json.dumps({"name": "churn", "implementation": "twice.Twice", **PORTS}))
    named = dict(zip(("http_port", "grpc_port", "metrics_port"), ports, strict=True))
    (folder / "settings.json").write_text(
        json.dumps({"host": "127.0.0.1", "parallel_workers": 0, "debug": False, **named})
    )
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(folder)}
    child = subprocess.Popen(
        [MLSERVER, "start", "."], cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 90
    while time.monotonic() < until:
        try:
            if (
                b"200"
                in houses.raw(ports[0], b"GET /v2/models/churn/ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")[
                    :15
                ]
            ):
                break
        except OSError:
            time.sleep(0.3)
    yield ports[0], ports[2]
    child.terminate()
    child.wait(30)


def status(answer):
    """The status of an answer."""
    return int(answer.split(b" ", 2)[1])


def test_the_gateway_answers_for_it_and_refuses_what_it_takes(behind, tmp_path):
    """Signed questions come through; strangers, replays, hostile shapes and other routes end at the gateway."""
    port, metrics = behind
    json_type = "content-type: application/json\r\nconnection: close\r\n"
    assert status(houses.raw(port, houses.question(more=json_type))) == 200  # bare: anybody
    assert status(houses.raw(metrics, b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")) == 200
    assert 500 in {status(houses.raw(port, houses.question(body=body, more=json_type))) for body in HOSTILE}
    folder = project(tmp_path / "p", gateway=f'upstream = "http://127.0.0.1:{port}"')

    async def each(made):
        await made.models["churn"].describe()
        good = signed()
        first = await houses.ask(made.plane, headers=good)
        found = [(await houses.ask(made.plane, headers=good))[0]]
        found += [(await houses.ask(made.plane, body=body, headers=signed(body)))[0] for body in HOSTILE]
        found.append((await houses.ask(made.plane))[0])
        bearer = [("authorization", f"Bearer {TOKEN}")]
        found += [
            (await houses.ask(made.plane, "GET", path, b"", bearer))[0]
            for path in ("/metrics", "/v2/repository/index", "/docs")
        ]
        made.client.close()
        return first, found

    with houses.gateway(folder) as made:
        (told, _, body), found = asyncio.run(each(made))
    assert (told, json.loads(body)["outputs"][0]["data"]) == (200, [2, 0, 0, 0, 0, 4, 0, 0])
    assert found == [401, 400, 400, 413, 401, 404, 404, 404]
