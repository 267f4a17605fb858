"""The gateway itself, started as it is declared, under every question that asks a running endpoint."""

import datetime as dt
import importlib.util

import numpy as np
import pytest

from gateway.houses import SIGNER, seal
from redan.controls.planted import softmax_onnx
from redan.runner.answer import World
from redan.runner.plan import plan
from redan.runner.run import run
from redan.system.read import read
from redan.terms import Outcome

LIVE = (
    "A-MLSG-004-D001/altered-input-is-refused",
    "A-MLSG-004-D001/replayed-and-stale-input-is-refused",
    "A-MLSG-004-D002/service-runs-only-what-is-sealed",
    "A-MLSG-004-D004",
    "A-MLSG-004-D007",
    "AIPS-TRA-01",
    "AIPS-TRA-02",
    "AIPS-TRA-06",
    "AIPS-DOS-01/giant-input-is-refused",
    "AIPS-DOS-01/slow-clients-do-not-block-others",
    "AIPS-ORA-01/budget-keeps-copies-poor",
)
TOML = """
[system]
name = "churn"
stage = "operation"

[[model]]
name = "churn"
path = "model.onnx"
seal = "model.seal"
key = "team.pub"

[[dataset]]
name = "test"
role = "test"
path = "test.npz"

[[endpoint]]
name = "api"
model = "churn"
gateway = true
rate = 40
burst = 40
queries = 200
{endpoint}

[gateway]
clients = "clients.toml"
admin = "127.0.0.1:0"
{gateway}
"""
CLIENTS = """
[[client]]
principal = "billing"
models = ["churn"]
keys = ["{}"]
[[client.signing]]
id = "billing-1"
secret = "file:billing.key"
"""
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("uvloop") is None, reason="the extra 'gateway' is not installed"
)


def house(folder, *, endpoint="", gateway=""):
    """A sealed model of eight columns, its data, and one client whose secret lies elsewhere."""
    weights = np.random.default_rng(4).normal(size=(8, 3)).astype(np.float32)
    seal(folder, softmax_onnx(weights.tolist()))
    (folder / "team.pub").write_text(SIGNER.public.pem)
    x = np.random.default_rng(5).normal(size=(400, 8)).astype(np.float32)
    np.savez(folder / "test.npz", x=x, y=(x @ weights).argmax(axis=1))
    (folder / "clients.toml").write_text(CLIENTS.format("0" * 64))
    (folder / "redan.toml").write_text(TOML.format(endpoint=endpoint, gateway=gateway))
    return read(folder)


def asked(system, *only):
    """Findings of some questions, by check."""
    what = plan(system, only=only, budget="gpu")
    made = run(what, World(now=dt.datetime(2026, 6, 1, tzinfo=dt.UTC), history=None, seed=0, tool="test"), {})
    return [
        one for control in made.controls for one in control.findings if one.check in {job.check.id for job in what.jobs}
    ]


@pytest.mark.slow
def test_the_gateway_passes_every_live_question(tmp_path):
    """Started with a copy of the project, it refuses what must be refused; nothing of the project is touched."""
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    system = house(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    found = asked(system, *LIVE)
    odd = [
        (one.check, one.part, one.message)
        for one in found
        if one.outcome not in {Outcome.HOLDS, Outcome.NOT_APPLICABLE}
    ]
    assert not odd
    assert {one.check for one in found if one.outcome is Outcome.HOLDS} >= {check for check in LIVE if "/" in check}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_gateway_that_does_not_start_is_not_run(tmp_path):
    """The reason is the gateway's own, and names no folder of this machine."""
    system = house(tmp_path, gateway='store = "valkey://127.0.0.1:1"', endpoint='transformation = "x"'[:0])
    (tmp_path / "model.onnx").write_bytes(b"another")
    found = asked(read(tmp_path), "A-MLSG-004-D001/altered-input-is-refused")
    assert [one.outcome for one in found] == [Outcome.NOT_RUN], system
    assert "does not start" in found[0].message
    assert str(tmp_path) not in found[0].message
