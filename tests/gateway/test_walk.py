"""The walk-through of docs/gateway.md: what it prints works as it stands, from the example's folder."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.test_mlserver import free

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "gateway.md").read_text()
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("curl", "openssl", "sh", "sed", "od"))), reason="curl or openssl is not installed"
)


def printed(start):
    """The first command of the page that begins so."""
    return next(line for line in PAGE.splitlines() if line.startswith(f"$ {start}")).removeprefix("$ ")


def test_the_description_of_the_page_is_the_example():
    """Character by character."""
    text = (ROOT / "examples" / "gateway" / "redan.toml").read_text()
    assert f"```toml\n{text}```" in PAGE


def test_files_that_the_page_names_are_there():
    """Of deploy/ and of the example."""
    for name in re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE):
        assert (ROOT / "deploy" / name).exists(), name
    for name in ("model.py", "ask.py", "question.json", "signed_request.sh", "every_client.toml"):
        assert (ROOT / "examples" / "gateway" / name).exists()
        assert name in PAGE


def test_what_the_page_prints_works(tmp_path):
    """From the model to the receipt of a refusal: each command as it is printed, on ports that are free."""
    folder = tmp_path / "churn"
    shutil.copytree(ROOT / "examples" / "gateway", folder)
    port, admin = free(), free()
    text = (folder / "redan.toml").read_text()
    (folder / "redan.toml").write_text(text.replace(":8080", f":{port}").replace(":9090", f":{admin}"))
    ask = (folder / "ask.py").read_text()
    (folder / "ask.py").write_text(ask.replace(":8080", f":{port}"))
    tools = tmp_path / "bin"
    tools.mkdir()
    python = shlex.quote(sys.executable)
    for name, line in (("redan", f"{python} -m redan"), ("python", python)):
        (tools / name).write_text(f'#!/bin/sh\nexec {line} "$@"\n')
        (tools / name).chmod(0o755)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    env["PATH"] = f"{tools}{os.pathsep}{env['PATH']}"

    def run(*starts):
        lines = [printed(start).replace(":8080", f":{port}").replace(":9090", f":{admin}") for start in starts]
        done = subprocess.run(
            ["sh", "-c", "\n".join(lines)], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (lines, done.stderr)
        return done.stdout + done.stderr

    run("redan key new")
    assert "accuracy" in run("python model.py")
    assert "covers    1 file" in run("redan seal model.onnx")
    run("cp ../keys/maker.pub")
    assert "[[client.signing]]" in run("redan key client billing")
    assert "all that is declared is enforced" in run("redan serve --check")
    child = subprocess.Popen(
        [tools / "redan", "serve"], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert child.stdout.readline().startswith(b"serving at ")
        time.sleep(0.5)
        refused = run("curl -s -H")
        event = re.search(r"urn:redan:event:([0-9a-f]{24})", refused)[1]
        assert '"outputs":[{"name":"label"' in run("key=", "sh signed_request.sh http://127.0.0.1:8080/v2/models/churn")
        assert "not-found" in run("key=", "sh signed_request.sh http://127.0.0.1:8080/v2/models/nothing")
        assert run("python ask.py").count("200 [('label', [") == 2
        assert '"previous":{' not in run(
            "token=", 'curl -s -X POST -H "Authorization: Bearer $token" http://127.0.0.1:9090/models/churn/swap'
        )
    finally:
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)
    assert "verified: every entry" in run("redan ledger log")
    line = printed("redan ledger prove").replace("34733f11339b92d484dcc030", event)
    subprocess.run(["sh", "-c", line], cwd=folder, env=env, check=True)
    assert event in (folder / "entry.json").read_text()
    assert (folder / "receipt.tlog-proof").read_text().startswith("c2sp.org/tlog-proof@v1")
