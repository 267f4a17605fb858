"""What a client is told of its own limits, and who is told nothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.exchange.flow import Claim, Flow, Identity, Signed
from redan.exchange.message import Request, Response
from redan.guards.limits import DAY, Budget, Leak, Rate, Tier
from redan.guards.rate_headers import RateHeaders
from redan.guards.store import MemoryStore

REQUEST = Request("POST", b"/", b"", (), b"", "", 0.0)
ALICE = Identity("alice", frozenset({"*"}), tier="small")
TIERS = {"small": Tier(rate=10.0, burst=20.0, rows=86_400.0, leak=1.0)}
OK = Response(200, ((b"content-type", b"application/json"),), b"{}")


def headers(store, now, *, claims=None, identity=ALICE, response=OK, add=()):
    """What is said after one request of a client, by name."""
    flow = Flow(REQUEST, "churn")
    flow.identity = identity
    if claims is None:
        Rate(TIERS).inbound(flow)
        claims = flow.claims
    flow.claims = [*claims, *add]
    flow.spent = store.spend(flow.claims, now)
    found = dict(RateHeaders().finish(flow, response).headers)
    return found.get(b"ratelimit-policy"), found.get(b"ratelimit"), flow.spent


def test_each_request_tells_what_is_left_and_until_when():
    """Of a bucket of 20 that gains 10 a second: 19 after one request, full again after a second."""
    store = MemoryStore()
    assert headers(store, 100.0)[:2] == (b'"requests";q=20;w=2', b'"requests";r=19;t=1')
    for _ in range(9):
        headers(store, 100.0)
    assert headers(store, 100.0)[1] == b'"requests";r=9;t=2'
    assert headers(store, 100.5)[1] == b'"requests";r=13;t=1'


def test_a_refusal_tells_what_is_left_before_it():
    """A flood ends in a refusal with nothing left, and with all that was not taken where it asked for too much."""
    store = MemoryStore()
    for _ in range(20):
        headers(store, 5.0)
    refused = headers(store, 5.0, response=Response(429, (), b""))
    assert refused[1] == b'"requests";r=0;t=2'
    assert refused[2].denied is not None
    rows = Claim("rate", "rows/alice/churn", 70, 64, 1.0)
    found = headers(MemoryStore(), 5.0, claims=[], add=[rows], response=Response(429, (), b""))
    assert found[:2] == (b'"rows";q=64;qu="rows";w=64', b'"rows";r=64;t=0')


def test_rows_are_told_and_the_leak_of_the_model_is_not():
    """What answers tell of the model, alone or to everyone, would describe it or somebody else."""
    from redan.exchange.tensors import Inference

    flow = Flow(REQUEST, "churn")
    flow.identity, flow.inference = ALICE, Inference("", (), (), binary=False, rows=1)
    assert Budget(TIERS, lambda _: Leak(100.0, 1.0, pooled=0.5)).inbound(flow) is None
    assert [claim.key.partition("/")[0] for claim in flow.claims] == ["rows", "leak", "leak"]
    policy, left, _ = headers(MemoryStore(), 7.0, claims=flow.claims)
    assert policy == b'"rows";q=86400;qu="rows";w=%d' % DAY
    assert left == b'"rows";r=86399;t=1'


@pytest.mark.parametrize(("identity", "status"), [(None, 429), (None, 200), (ALICE, 401), (ALICE, 403)])
def test_nobody_else_is_told(identity, status):
    """Neither one that is not known, nor one that is refused for who it is."""
    claims = [Claim("rate", "rate/alice/churn", 1, 5, 1.0)]
    found = headers(MemoryStore(), 1.0, claims=claims, identity=identity, response=Response(status, (), b""))
    assert found[:2] == (None, None)


def test_what_never_comes_back_has_no_time():
    """Questions in all, as an endpoint allows them."""
    store, claim = MemoryStore(), Claim("total", "queries/alice/churn", 3, 10, 0)
    assert headers(store, 1.0, claims=[claim])[:2] == (b'"queries";q=10;qu="rows"', b'"queries";r=7')


@given(
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 6)), min_size=1, max_size=30),
    st.sampled_from([0.25, 1.0, 7.5]),
    st.sampled_from([1.0, 4.0, 60.0]),
)
def test_what_is_said_to_be_left_can_be_taken_and_no_more(steps, period, limit):
    """A request for what is left is answered, one more unit is refused, at any time and after any history."""
    store, now = MemoryStore(), 1000.0
    for wait, amount in steps:
        now += wait
        spent = store.spend([Claim("rate", "k", amount, limit, period)], now)
        left = spent.left[0] + (amount if spent.denied else 0)
        whole = math.floor(left + 1e-6)
        assert -1e-6 <= left <= limit + 1e-6
        held = store.held(now)
        for more, taken in ((whole, True), (whole + 1, False)):
            copy = MemoryStore()
            copy.restore(held, now)
            if more:
                assert (copy.spend([Claim("rate", "k", more, limit, period)], now).denied is None) is taken


def test_plans_are_remembered_within_bounds():
    """However many models are invented."""
    guard, store = RateHeaders(), MemoryStore()
    for place in range(3000):
        flow = Flow(REQUEST, f"m{place}")
        flow.identity, flow.claims = ALICE, [Claim("rate", "rate/alice/", 1, 1e6, 1.0)]
        flow.spent = store.spend(flow.claims, 1.0)
        guard.finish(flow, OK)
    assert len(guard._plans) <= 1024


def test_a_plan_is_for_a_tier_and_a_model_and_what_is_claimed():
    """One guard, many clients: unsigned or signed, malformed or not, of another tier, on another model."""
    guard = RateHeaders()
    nonce, rows = Claim("nonce", "nonce/k/1", 1, 0, 60), Claim("rate", "rows/alice/churn", 2, 100, 1.0)
    small, large = (Claim("rate", "rate/alice/churn", 1, n, 0.5) for n in (10, 40))
    endpoint, leak = (
        Claim("rate", "endpoint/alice/churn", 1, 5, 1.0),
        Claim("total", "endpoint-leak/g/alice/churn", 1, 9, 0),
    )
    cases = [
        ("a", "m", [nonce, small, rows], b'"requests";r=9;t=1, "rows";r=98;t=2'),
        ("a", "m", [small, rows], b'"requests";r=9;t=1, "rows";r=98;t=2'),
        ("a", "m", [nonce, small], b'"requests";r=9;t=1'),
        ("b", "m", [nonce, large, rows], b'"requests";r=39;t=1, "rows";r=98;t=2'),
        ("a", "n", [small, rows, endpoint, leak], b'"requests";r=9;t=1, "rows";r=98;t=2, "endpoint";r=4;t=1'),
        ("a", "n", [nonce], None),
        ("a", "m", [nonce, small, Claim("rate", "feedback/alice/churn", 1, 7, 1.0)], b'"requests";r=9;t=1'),
    ]
    for _ in range(2):
        for tier, model, claims, wanted in cases:
            flow = Flow(REQUEST, model)
            flow.identity, flow.claims = ALICE._replace(tier=tier), claims
            flow.signed = Signed("k", b"redan", b"") if claims[0] is nonce else None
            flow.spent = MemoryStore().spend(claims, 1.0)
            assert dict(guard.finish(flow, OK).headers).get(b"ratelimit") == wanted
