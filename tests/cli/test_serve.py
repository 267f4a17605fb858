"""`redan serve` from the outside: stock clients infer, signals end in order, receipts prove single requests."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gateway import houses

ENV = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def start(folder, *more):
    """A server that took its first breath, and where it listens."""
    line = [sys.executable, "-m", "redan", "serve", str(folder), *more]
    child = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV)
    first = child.stdout.readline().decode()
    assert first.startswith("serving at "), child.stderr.read().decode()
    return child, int(first.rpartition(":")[2])


def redan(*line):
    """One command."""
    return subprocess.run([sys.executable, "-m", "redan", *map(str, line)], capture_output=True, env=ENV, check=False)


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A server that was asked by tritonclient and ended; what they said."""
    from tritonclient import http

    folder = houses.project(
        tmp_path_factory.mktemp("s") / "p", gateway='listen = "127.0.0.1:0"\nadmin = "unix:a.sock"\nquiet = false'
    )
    child, port = start(folder)
    found = {"folder": folder}
    try:
        client = http.InferenceServerClient(f"127.0.0.1:{port}")
        found["health"] = client.is_server_live(), client.is_server_ready(), client.is_model_ready("churn")
        found["metadata"] = client.get_model_metadata("churn")
        found["server"] = client.get_server_metadata()
        rows = np.array(houses.ROWS, dtype=np.float32)
        for binary in (True, False):
            x = http.InferInput("x", [2, 4], "FP32")
            x.set_data_from_numpy(rows, binary_data=binary)
            wanted = [
                http.InferRequestedOutput("y", binary_data=binary),
                http.InferRequestedOutput("label", binary_data=not binary),
            ]
            answer = client.infer("churn", [x], outputs=wanted, request_id="mine")
            found[binary] = answer.as_numpy("y"), answer.as_numpy("label"), answer.get_response()["id"]
        plain = http.InferInput("x", [2, 4], "FP32")
        plain.set_data_from_numpy(rows)
        found["all"] = client.infer("churn", [plain]).as_numpy("y")
        client.close()
        refused = houses.raw(port, houses.question(body=b"{}"))
        found["instance"] = json.loads(refused.partition(b"\r\n\r\n")[2])["instance"].rpartition(":")[2]
        found["socket"] = (folder / "a.sock").stat().st_mode & 0o777
        found["modules"] = Path(f"/proc/{child.pid}/maps").read_text()
        houses.seal(folder, houses.model(2.0))
        child.send_signal(signal.SIGHUP)
        until = time.monotonic() + 20
        while time.monotonic() < until and b'"data":[2.0' not in houses.raw(port, houses.question()):
            time.sleep(0.1)
        found["swapped"] = houses.raw(port, houses.question())
    finally:
        child.send_signal(signal.SIGTERM)
        found["err"] = child.communicate(timeout=30)[1].decode()
        found["code"] = child.returncode
    return found


def test_the_stock_client_of_triton_infers_unchanged(lived):
    """JSON and binary tensors, chosen outputs and all of them, metadata and health."""
    assert lived["health"] == (True, True, True)
    assert lived["metadata"]["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}]
    assert "binary_tensor_data" in lived["server"]["extensions"]
    for binary in (True, False):
        y, label, name = lived[binary]
        np.testing.assert_array_equal(y, np.array(houses.ROWS, np.float32)[:, :3])
        assert (list(label), name) == ([0, 1], "mine")
    np.testing.assert_array_equal(lived["all"], lived[True][0])


def test_it_ends_in_order(lived):
    """SIGTERM: no traceback, an exit of zero, a socket that is gone; SIGHUP exchanged the model before."""
    assert lived["code"] == 0
    assert "Traceback" not in lived["err"]
    assert not (lived["folder"] / "a.sock").exists()
    assert lived["socket"] & 0o007 == 0
    assert b'"data":[2.0' in lived["swapped"]


def test_the_serving_process_holds_no_torch(lived):
    """Nothing of it is mapped into the process."""
    assert "libtorch" not in lived["modules"]


def test_a_receipt_proves_one_request(lived, tmp_path):
    """By the identifier that the client was told; verified with the public key alone."""
    from redan.ledger.proof import verify
    from redan.seal.keys import load_public

    state = lived["folder"] / ".redan" / "gateway"
    done = redan(
        "ledger", "prove", "--event", lived["instance"], "--ledger", state / "ledger", "--entry", tmp_path / "e"
    )
    assert done.returncode == 0, done.stderr
    entry = (tmp_path / "e").read_bytes()
    assert json.loads(entry)["status"] == 400
    verify(done.stdout.decode(), entry, load_public(state / "key.pub"))
    listing = redan("ledger", "log", "--ledger", state / "ledger", "--format", "json")
    assert json.loads(listing.stdout)["verified"] is True
    for line in (["--event", "ab" * 12], ["--event", '"'], [], ["0", "--event", "ab"]):
        assert redan("ledger", "prove", "--ledger", state / "ledger", *line).returncode == 2


def test_what_is_wrong_is_one_line(tmp_path):
    """A description that would not be enforced, an altered model, an address that is taken."""
    folder = houses.project(tmp_path / "p", endpoint="queries = 5")
    done = redan("serve", folder)
    assert (done.returncode, b"no guard enforces" in done.stderr) == (2, True)
    folder = houses.project(tmp_path / "q")
    (folder / "model.onnx").write_bytes(houses.model(2.0))
    done = redan("serve", folder)
    assert (done.returncode, b"sealed" in done.stderr, b"Traceback" in done.stderr) == (4, True, False)
    assert redan("serve", houses.project(tmp_path / "r"), "--check").returncode == 0


def test_the_serving_process_imports_no_attack_and_no_unpickler():
    """R6, R7: what the import contract says holds at run time, too."""
    code = (
        "import sys, redan.gateway.serving, redan.gateway.settings, redan.cli.serve\n"
        "names = ('torch', 'sklearn', 'pandas', 'joblib', 'skops', 'dill', 'cloudpickle', 'redan.attacks', 'redan.models.unpickling', 'redan.controls')\n"
        "print([m for m in sys.modules if m.startswith(names)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENV, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("after", [round(random.Random(number).uniform(0.05, 0.9), 3) for number in range(4)])
def test_a_kill_of_the_server_loses_no_answered_question(tmp_path, after):
    """Under `durable`: SIGKILL while clients ask; the ledger is whole and holds an event for each answer that came."""
    import socket
    import threading

    from redan.ledger.store import Ledger
    from redan.seal.keys import load_public

    folder = houses.project(tmp_path / "p", gateway='listen = "127.0.0.1:0"\ndurable = true\ncommit_ms = 1')
    child, port = start(folder)
    counts = []

    def ask():
        answered = 0
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
                while True:
                    sock.sendall(houses.question(more=""))
                    found = sock.recv(65536)
                    if not found.startswith(b"HTTP/1.1 200"):
                        break
                    answered += 1
        except OSError:
            pass
        counts.append(answered)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(after)
    child.kill()
    for thread in threads:
        thread.join()
    child.communicate()
    state = folder / ".redan" / "gateway"
    with Ledger.open(state / "ledger", key=load_public(state / "key.pub")) as ledger:
        ledger.verify()
        written = sum(b'"status":200' in entry for entry in ledger.entries())
    assert 0 < sum(counts) <= written
