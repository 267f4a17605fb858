"""The gateway itself, started as it is declared, under every question that asks a running endpoint."""

import datetime as dt
import importlib.util

import numpy as np
import pytest

from gateway.houses import SIGNER, seal
from redan.artifacts.served_endpoint import served_endpoint
from redan.controls.live.staging import staged
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
    house(tmp_path, gateway='store = "valkey://127.0.0.1:1"')
    (tmp_path / "model.onnx").write_bytes(b"another")
    found = asked(read(tmp_path), "A-MLSG-004-D001/altered-input-is-refused")
    assert [one.outcome for one in found] == [Outcome.NOT_RUN]
    assert "does not start" in found[0].message
    assert str(tmp_path) not in found[0].message


@pytest.mark.slow
def test_a_copy_is_measured_through_the_gateway(tmp_path):
    """A budget that suffices for a copy of a small linear model is broken, with both figures beside."""
    found = asked(house(tmp_path), "AIPS-ORA-01/budget-keeps-copies-poor")
    assert [one.outcome for one in found] == [Outcome.BROKEN]
    assert found[0].measure.value > 0.9
    assert "until it was refused" in found[0].message


def test_secrets_of_clients_are_never_copied(tmp_path):
    """The copy that is started holds the declared tiers and limits, and neither a client of the project nor its key."""
    system = house(tmp_path)
    (tmp_path / "billing.key").write_text("c2VjcmV0")
    copy = tmp_path / "copy"
    copy.mkdir()
    made = staged(system, served_endpoint(system, "endpoint:api"), copy, "127.0.0.1:1", "127.0.0.1:2")
    names = {path.name for path in copy.iterdir()}
    assert "billing.key" not in names
    assert "billing" not in (copy / "clients.toml").read_text()
    assert {"model.onnx", "model.seal", "team.pub"} <= names
    assert "queries = 200" in (copy / "redan.toml").read_text()
    assert len({one.token for one in made.clients}) == len(made.clients)
    assert made.clients[0].token not in repr(made)
