"""A client that a generator made from the protocol's own OpenAPI file: it infers through `redan serve`, with a key alone."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from gateway import houses
from gateway.test_guarded import TOKEN
from gateway.test_openapi import keyed

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".peers" / "openapi-client" / "bin"
PROTOCOL = ROOT.parent / "shared" / "schemas" / "open_inference_rest.yaml"
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        not (HOME / "openapi-python-client").exists(),
        reason="openapi-python-client is not in its environment (tools/peers.sh)",
    ),
]
ASK = """
import json, sys
from client import AuthenticatedClient, Client
from client.api.default import (
    get_v2, get_v2_health_ready, get_v_2_models_model_name_versions_model_version as about,
    post_v_2_models_model_name_versions_model_version_infer as infer,
)
from client.models import InferenceErrorResponse, InferenceRequest, RequestInput, RequestOutput

url, token, version = sys.argv[1:]
found = {}
with AuthenticatedClient(base_url=url, token=token) as mine:
    found["ready"] = get_v2_health_ready.sync_detailed(client=mine).status_code
    found["server"] = get_v2.sync(client=mine).to_dict()
    found["model"] = about.sync("churn", version, client=mine).to_dict()
    asked = InferenceRequest(
        id="7", inputs=[RequestInput(name="x", shape=[2, 4], datatype="FP32", data=[1.0, 0, 0, 0, 0, 2.0, 0, 0])],
        outputs=[RequestOutput(name="y")],
    )
    found["answer"] = infer.sync("churn", version, client=mine, body=asked).to_dict()
    wrong = InferenceRequest(inputs=[RequestInput(name="x", shape=[-1, 4], datatype="FP32", data=[1.0])])
    refused = infer.sync("churn", version, client=mine, body=wrong)
    found["refused"] = isinstance(refused, InferenceErrorResponse) and bool(refused.error)
with Client(base_url=url) as nobody:
    found["nobody"] = infer.sync_detailed("churn", version, client=nobody, body=asked).status_code
print(json.dumps(found))
"""


def protocol(found=PROTOCOL):
    """The protocol's file, as the generator can read it.

    Its paths hold `${NAME}`, whose `$` would become a part of the address; and a tensor's data may hold arrays of
    itself, which the generator does not take.
    """
    if not found.exists():
        pytest.skip("the protocol's OpenAPI file is not beside the project")
    text = found.read_text(encoding="utf-8").replace("${", "{")
    recursive = "          - $ref: '#/components/schemas/tensor_data'\n          - type: number\n"
    assert text.count(recursive) == 1
    return text.replace(recursive, "          - type: number\n")


def test_a_generated_client_infers_through_the_gateway(tmp_path):
    """Metadata, an answer, a refusal in the protocol's form, and nothing without the key."""
    (tmp_path / "protocol.yaml").write_text(protocol(), encoding="utf-8")
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    make = [
        str(HOME / "openapi-python-client"),
        "generate",
        "--path",
        "protocol.yaml",
        "--output-path",
        "client",
        "--meta",
        "none",
    ]
    subprocess.run(make, cwd=tmp_path, env=plain, check=True, capture_output=True, timeout=60)
    (tmp_path / "ask.py").write_text(ASK)
    with houses.gateway(keyed(tmp_path / "p")) as made, houses.listening(made) as port:
        version = made.models["churn"].version
        line = [str(HOME / "python"), "ask.py", f"http://127.0.0.1:{port}", TOKEN, version]
        done = subprocess.run(line, check=False, cwd=tmp_path, env=plain, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()[-800:]
    found = json.loads(done.stdout)
    assert found["ready"] == 200
    assert found["server"]["extensions"] == ["binary_tensor_data"]
    assert found["model"]["name"] == "churn"
    assert found["answer"]["id"] == "7"
    assert found["answer"]["outputs"] == [
        {"name": "y", "shape": [2, 3], "datatype": "FP32", "data": [1.0, 0, 0, 0, 2.0, 0]}
    ]
    assert found["refused"] is True
    assert found["nobody"] == 401
