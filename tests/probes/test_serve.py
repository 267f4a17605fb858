"""`redan serve` as a client meets it: the whole probe finds nothing, through the verb and its file of credentials."""

import base64
import json
import os
import signal
import subprocess
import sys
import time

import jsonschema
import pytest

from gateway.test_guarded import FOREIGN, OTHER, SECRET, TOKEN, project
from redan.cli.app import main

ENV = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
HELD = """
[client]
token = "file:mine.token"
[client.signing]
id = "alice-1"
secret = "file:mine.key"

[other]
token = "file:other.token"
[other.signing]
id = "bob-1"
secret = "file:other.key"

[declared]
rate = 50.0
burst = 150.0
rows = 3000
barred = "other"
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Port of a running gateway with all guards on."""
    gateway = 'listen = "127.0.0.1:0"\nhead_s = 1\nbody_s = 2\nidle_s = 3'
    folder = project(
        tmp_path_factory.mktemp("s") / "p", gateway=gateway, endpoint="rate = 50.0\nburst = 150\nqueries = 3000"
    )
    line = [sys.executable, "-m", "redan", "serve", str(folder)]
    child = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV)
    first = child.stdout.readline().decode()
    assert first.startswith("serving at "), child.stderr.read().decode()
    time.sleep(6)  # what was signed about the start is refused
    yield int(first.rpartition(":")[2])
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=30)


def holds(folder):
    """A file of credentials and what it names."""
    (folder / "probe.toml").write_text(HELD)
    for name, text in {
        "mine.token": TOKEN, "other.token": FOREIGN,
        "mine.key": base64.b64encode(SECRET).decode(), "other.key": base64.b64encode(OTHER).decode(),
    }.items():  # fmt: skip
        (folder / name).write_text(text + "\n")
        (folder / name).chmod(0o600)
    return folder / "probe.toml"


def redan(capsys, *line):
    """Exit code and output of the verb."""
    with pytest.raises(SystemExit) as left:
        main(["probe", *map(str, line)])
    told = capsys.readouterr()
    return left.value.code, told.out, told.err


def test_redan_probe_finds_nothing_at_redan_serve(served, tmp_path, capsys):
    """R1 to R26, as far as they are seen from outside: exit 0, in the schema that is published, with its cost."""
    creds = holds(tmp_path)
    code, out, err = redan(
        capsys, f"http://127.0.0.1:{served}", "--model", "churn", "--creds", creds, "--authority", "api.example.org",
        "--patience", "10", "--flood", "600", "--format", "json",
    )  # fmt: skip
    told = json.loads(out)
    assert [
        (one["part"], one["message"]) for one in told["findings"] if one["outcome"] in {"broken", "not-run", "error"}
    ] == []
    assert (code, told["outcome"]) == (0, "holds")
    schema = json.loads(
        (__import__("pathlib").Path(__file__).parents[2] / "schemas" / "probe.v1.schema.json").read_text()
    )
    jsonschema.validate(told, schema)
    assert told["cost"]["requests"] > 1000
    assert "findings of 11 controls" in err
    assert TOKEN not in out + err


def test_a_client_without_its_key_is_told_nothing(served, tmp_path, capsys):
    """Exit 3: without a good request no refusal says anything."""
    code, out, _ = redan(
        capsys, f"http://127.0.0.1:{served}", "--model", "churn", "--only", "metrics", "--only", "unsigned"
    )
    assert code == 3
    assert out.count("not-run") == 2
    assert "--request" in out


def test_wrong_words_are_usage(served, tmp_path, capsys):
    """Exit 2, in one line: an address, a probe, a file, a question."""
    url = f"http://127.0.0.1:{served}"
    for line in (
        ["ftp://x", "--model", "m"],
        [url, "--model", "m", "--only", "nothing"],
        [url, "--model", "m", "--creds", tmp_path / "nothing.toml"],
        [url, "--model", "m", "--request", tmp_path / "nothing.json"],
        [url],
    ):
        code, out, err = redan(capsys, *line)
        assert (code, out, err.count("\n")) == (2, "", 1)
