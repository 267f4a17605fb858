"""Reprogramming through a real gateway: what it reaches, and that a refusal is told rather than hidden."""

import numpy as np
import pytest

from attacks.reprogramming import victims
from gateway import houses
from redan.attacks.endpoint import Endpoint, Patience
from redan.attacks.reprogramming.campaign import QUERY_ONLY, Wanted, reprogram
from redan.attacks.reprogramming.tasks import counting
from redan.attacks.reprogramming.telling import QUERIES, tell
from redan.controls.planted_networks import network_onnx
from redan.guards.api_keys import hashed, new_key
from redan.terms import Outcome

KEYS = {name: new_key() for name in ("free", "held")}
CLIENTS = """
[[tier]]
name = "free"
rate = 100000.0
burst = 100000
[[tier]]
name = "held"
rate = 0.001
burst = 60
"""
TASK = counting(400, 200, classes=4, square=2)


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """A gateway over the weak service; one client without limits, one with sixty requests."""
    folder = tmp_path_factory.mktemp("g") / "p"
    folder.mkdir()
    text = CLIENTS
    for name, key in KEYS.items():
        text += f'[[client]]\nprincipal = "{name}"\nmodels = ["churn"]\ntier = "{name}"\nkeys = ["{hashed(key)}"]\n'
    (folder / "clients.toml").write_text(text)
    matrix, offset = victims.weak()
    data = network_onnx(256, 4, [("MatMul", matrix), ("Add", offset[None, :]), ("Softmax", None)])
    settings = 'listen = "127.0.0.1:0"\nadmin = "unix:a.sock"\nclients = "clients.toml"\nsigned = false'
    houses.project(folder, gateway=settings, data=data)
    toml = (folder / "redan.toml").read_text()
    (folder / "redan.toml").write_text(toml.replace("authenticated = false", "authenticated = true"))
    with houses.gateway(folder) as made, houses.listening(made) as found:
        yield found


def reached(port, client):
    def source():
        return Endpoint(
            f"http://127.0.0.1:{port}",
            "churn",
            headers={"Authorization": f"Bearer {KEYS[client]}"},
            patience=Patience(tries=2, wait=0.0, most=1.0),
            sleep=lambda _: None,
            chunk=32,
        )

    there = victims.victim(victims.weak(), source=source)._replace(remote=True)
    wanted = Wanted(queries=1500, test=200, inside=False, monitors=())
    return reprogram(there, TASK, wanted)


def test_without_limits_the_served_model_works_for_strangers(port):
    """1,500 questions through the gateway; the judge asks there as well."""
    found = reached(port, "free")
    (made,) = found.of(QUERY_ONLY)
    assert made.judged
    assert not made.refused
    assert made.cost.queries <= 1500
    assert [one.outcome for one in tell(found, "api")] == [Outcome.BROKEN]


def test_a_budget_ends_it_and_the_refusal_is_told(port):
    """The gateway's 429 stands in the finding; nobody judged, so fresh inputs on the way do."""
    found = reached(port, "held")
    (made,) = found.of(QUERY_ONLY)
    (told,) = tell(found, "api")
    assert not made.judged
    assert made.cost.queries < 500
    assert "The service ended it" in told.message
    assert "fresh inputs on the way" in told.message
    assert told.check == QUERIES
    assert np.isfinite(made.theta).all()
