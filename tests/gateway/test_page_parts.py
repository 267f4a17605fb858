"""What the page is made of: history, quantiles, the most active clients, lines."""

import random
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.exchange.flow import Claim, Flow, Identity, Spent
from redan.exchange.message import Request
from redan.exchange.problem import Problem, Refusal
from redan.gateway.history import History, quantile
from redan.gateway.metrics import Histogram, Metrics
from redan.gateway.panel import Panel, Shown
from redan.gateway.sparkline import sparkline
from redan.gateway.steps import Decided
from redan.gateway.traffic import Traffic

REQUEST = Request("POST", b"/", b"", (), b"", "", 100.0)


def decided(principal, *, claims=(), spent=None, refused=None, model="churn"):
    """A decision about one request."""
    flow = Flow(REQUEST, model)
    flow.identity = Identity(principal, frozenset({"*"}))
    flow.claims, flow.spent = list(claims), spent
    return Decided(flow, refused)


@given(st.lists(st.floats(1e-5, 12.0), min_size=1, max_size=300), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_lies_in_the_bucket_of_the_true_one(values, q):
    """Compared with the values themselves."""
    held = Histogram((0.001, 0.01, 0.1, 1.0, 10.0))
    for value in values:
        held.add(value)
    found = quantile(held.counts, q, held.bounds)
    true = float(np.quantile(values, q, method="inverted_cdf"))
    edges = (0.0, *held.bounds)
    place = next((k for k in range(5) if true <= edges[k + 1]), None)
    assert found == edges[-1] if place is None else edges[place] - 1e-12 <= found <= edges[place + 1] + 1e-12


def test_history_tells_rates_and_is_bounded():
    """Ten requests in five seconds are two a second, half of them refused; old samples go, and so does a clock's."""
    metrics, history = Metrics(), History()
    history.take(metrics, (), 1000.0)
    metrics.statuses["churn", 200] += 5
    metrics.decisions["rate", "quota-exceeded"] += 5
    for _ in range(10):
        metrics.took("infer", 200, 0.002, 100)
    history.take(metrics, (Shown("drift", "churn", 2.5),), 1005.0)
    point = history.points()[0]
    assert (point.rate, point.refused) == (2.0, 0.5)
    assert 0.001 <= point.p50 <= 0.0025
    assert list(history.values("drift", "churn")) == [2.5]
    for place in range(500):
        history.take(metrics, (), 1006.0 + place)
    assert len(history.samples) == 181
    assert history.points()[-1].p50 is None
    history.take(metrics, (), 900.0)
    assert len(history.samples) == 1
    assert history.lately() is None


def test_the_most_active_clients_are_kept_within_bounds():
    """Thousands ask once, one asks always: it stays, the table does not grow."""
    traffic, rng = Traffic(lambda name: f"<{name}>", most=64), random.Random(1)
    for place in range(5000):
        traffic.decided(decided(f"c{place}"))
        if rng.random() < 0.2:
            traffic.decided(decided("heavy"))
    assert traffic.clients <= 64
    assert traffic.top(1, 100.0)[0].pseudonym == "<heavy>"
    for place in range(1000):
        traffic.decided(decided("heavy", model=f"m{place}", refused=Refusal(Problem.UNKNOWN, "authorisation")))
    assert traffic.clients <= 64
    assert all(not one.model.startswith("m") for one in traffic.top(64, 100.0))


def test_what_is_left_refills_and_pooled_budgets_are_nobodys():
    """A rate of one a second: after ten seconds ten more; a total stays; everyone's is told apart."""
    claims = [
        Claim("nonce", "nonce/a/1", 1, 0, 60),
        Claim("rate", "rate/alice/churn", 1, 100, 1.0),
        Claim("total", "leak/g/alice/churn", 2, 50, 0),
        Claim("total", "leak/g/*/churn", 2, 1000, 0),
    ]
    traffic = Traffic(str)
    traffic.decided(decided("alice", claims=claims, spent=Spent(None, 0.0, [0.0, 5.0, 4.0, 900.0])))
    one = traffic.top(5, 110.0)[0]
    assert {budget.name: budget.left for budget in one.budgets} == {"requests": 15.0, "leak": 4.0}
    assert one.least.name == "leak"
    assert traffic.least(110.0) == {
        ("requests", "churn"): 0.15,
        ("leak", "churn"): 0.08,
        ("leak, everyone", "churn"): 0.9,
    }
    assert dict(traffic.near(110.0)) == {"leak": 1}
    assert dict(traffic.near(100.0)) == {"requests": 1, "leak": 1}
    denied = Spent(claims[1], 3.0, [0.0, -1.0])
    traffic.decided(decided("alice", claims=claims, spent=denied, refused=Refusal(Problem.THROTTLED, "rate")))
    assert traffic.top(1, 100.0)[0].budgets[0].left == 0.0
    assert traffic.top(1, 100.0)[0].refused == 1


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)), max_size=50), st.booleans())
def test_a_line_is_drawn_of_anything(values, logarithmic):
    """Well-formed, inside its box, whatever the numbers; what it says is escaped."""
    found = ET.fromstring(str(sparkline(values, '<">&', limit=20.0, logarithmic=logarithmic)))
    assert found.attrib["aria-label"] == '<">&'
    for one in found:
        for pair in one.attrib.get("points", "").split():
            x, y = map(float, pair.split(","))
            assert -0.1 <= x <= 241.1
            assert -0.1 <= y <= 48.1


def test_monitors_become_metrics():
    """E-values and alarms; nothing of what is not there."""
    metrics, panel = Metrics(), Panel()
    metrics.families.update(panel.families())
    assert b"redan_drift_evalue{" not in metrics.text()
    panel.show(lambda: Shown("drift", "churn", 3.5, 20.0))
    panel.show(lambda: Shown("shadow", "churn", 1.0, 40.0, 100, 7, alarm=True))
    panel.show(lambda: Shown("shadow", "churn", 1.0, 40.0, 100, 7))
    text = metrics.text().decode()
    assert 'redan_drift_evalue{model="churn"} 3.5' in text
    assert 'redan_alarm{kind="shadow",model="churn"} 1.0' in text


@pytest.mark.parametrize("count", [1, 5])
def test_guards_are_timed_of_a_sample(count):
    """The wrapped pipeline decides as the bare one does, and counts."""
    from redan.gateway.steps import Pipeline
    from redan.gateway.timing import timed

    class Guard:
        name = "g"

        def inbound(self, flow):
            return Refusal(Problem.FORBIDDEN, "g")

    metrics = Metrics()
    found = timed(Pipeline((Guard(),), (), (), str), metrics)
    for _ in range(count):
        assert found.inbound[0].inbound(Flow(REQUEST)).problem is Problem.FORBIDDEN
    assert sum(metrics.guards["g"].counts) == count
