"""The leak budget of a real gateway ends extraction, and what was answered until then is a poor copy."""

import numpy as np
import pytest
from skl2onnx import to_onnx

from attacks.extraction.victims import logistic, tumours
from gateway import houses
from redan.attacks.endpoint import Endpoint, Patience
from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.domain import box_of
from redan.attacks.extraction.equations import Equations
from redan.attacks.extraction.knockoff import Knockoff
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.reach import extract, yardstick
from redan.attacks.extraction.softmax import SoftmaxRecipe
from redan.guards.api_keys import hashed, new_key

KEYS = {name: new_key() for name in ("free", "held-1", "held-2")}
CLIENTS = """
[[tier]]
name = "free"
rate = 100000.0
burst = 100000
[[tier]]
name = "held"
rate = 100000.0
burst = 100000
leak = 0.5
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """A gateway over a logistic regression of eleven unknowns; one client without a leak budget, two with half of them."""
    folder = tmp_path_factory.mktemp("g") / "p"
    data = to_onnx(logistic(), tumours()[0][:1], options={"zipmap": False}, target_opset=17).SerializeToString()
    folder.mkdir()
    text = CLIENTS
    for name, key in KEYS.items():
        tier = name.partition("-")[0]
        text += f'[[client]]\nprincipal = "{name}"\nmodels = ["churn"]\ntier = "{tier}"\nkeys = ["{hashed(key)}"]\n'
    (folder / "clients.toml").write_text(text)
    settings = 'listen = "127.0.0.1:0"\nadmin = "unix:a.sock"\nclients = "clients.toml"\nsigned = false'
    houses.project(folder, gateway=settings, data=data)
    toml = (folder / "redan.toml").read_text()
    (folder / "redan.toml").write_text(toml.replace("authenticated = false", "authenticated = true"))
    with houses.gateway(folder) as made, houses.listening(made) as found:
        yield found


def reached(port, client, attack):
    x, y = tumours()
    space = box_of(x)
    answers = (y == logistic().classes_[1]).astype(np.int64)
    by = yardstick(lambda rows: logistic().predict_proba(rows).argmax(axis=1), space, x[434:], answers[434:], classes=2)
    known = Known(domain=space, x=x[300:434], recipe=SoftmaxRecipe(ridge=1e-4))
    source = Endpoint(
        f"http://127.0.0.1:{port}",
        "churn",
        headers={"Authorization": f"Bearer {KEYS[client]}"},
        patience=Patience(tries=2, wait=0.0),
        sleep=lambda _: None,
        chunk=1,
    )
    return extract(attack, Oracle(source, classes=2, chunk=1), known, by, (11, 100))


def test_without_a_budget_the_model_is_copied_whole(port):
    """At d + 1 questions through the gateway, as without it."""
    made = reached(port, "free", Equations())
    assert (made.points[0].queries, made.points[0].fidelity.value) == (11, 1.0)
    assert not made.refused


@pytest.mark.parametrize(("client", "attack"), [("held-1", Equations()), ("held-2", Knockoff())])
def test_a_leak_budget_of_half_the_unknowns_ends_it_before(port, client, attack):
    """The gateway refuses after at most five and a half equations; the copy of what was told is no whole one."""
    made = reached(port, client, attack)
    (point,) = made.points
    assert "HTTP 429" in made.refused or "wait" in made.refused
    assert 1 <= point.queries <= 5
    assert point.fidelity.value < 1.0
    assert point.uniform.value < 0.97
    assert made.cost.queries == point.queries
