"""How much may be asked: each claim is of one principal and one model, costs by rows, and tells what an answer tells."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import ConfigError
from redan.exchange.flow import Identity
from redan.exchange.problem import Problem
from redan.exchange.tensors import Inference, Tensor
from redan.guards.authorisation import Authorise
from redan.guards.leak import Form, told
from redan.guards.limits import DAY, Budget, Leak, Rate, Tier
from redan.guards.sizes import Sizes
from redan.guards.store import RATE, TOTAL, MemoryStore
from signed_requests import ALICE, BODY, NOW, flow, plain

TIERS = {"default": Tier(rate=10, burst=20, rows=1000, leak=0.5), "open": Tier()}
LEAK = Leak(unknowns=200, row=2.5, pooled=2.0, generation="g1")


def asked(rows, identity=ALICE, model="churn"):
    found = flow(plain(), identity, model)
    found.inference = Inference("", (Tensor("x", "FP32", np.zeros((rows, 2), "f4")),), (), binary=False, rows=rows)
    return found


def test_rate_is_claimed_before_decoding():
    """One request is claimed of principal and model; a tier that is not there lets nothing through."""
    found = flow(plain())
    assert Rate(TIERS).inbound(found) is None
    [claim] = found.claims
    assert (claim.kind, claim.key, claim.amount, claim.limit, claim.period) == (RATE, "rate/alice/churn", 1, 20, 0.1)
    for identity in (None, ALICE._replace(tier="other")):
        found = flow(plain(), identity)
        assert Rate(TIERS).inbound(found).problem is Problem.FORBIDDEN
        assert not found.claims


def test_invented_models_have_no_rate_of_their_own():
    """Names of models that may not be asked count together, whoever thinks of them."""
    claims = set()
    for model in ("secret", "missing", "a" * 80):
        found = flow(plain(), model=model)
        assert Rate(TIERS).inbound(found) is None
        claims |= {claim.key for claim in found.claims}
    assert claims == {"rate/alice/"}


def test_budget_is_claimed_by_rows():
    """Rows are claimed, and what their answers tell, for the principal and for everyone together."""
    found = asked(10)
    assert Budget(TIERS, {"churn": LEAK}.get).inbound(found) is None
    rows, own, pooled = found.claims
    assert (rows.kind, rows.key, rows.amount, rows.limit, rows.period) == (
        RATE,
        "rows/alice/churn",
        10,
        1000,
        DAY / 1000,
    )
    assert (own.kind, own.key, own.amount, own.limit) == (TOTAL, "leak/g1/alice/churn", 25, 100)
    assert (pooled.kind, pooled.key, pooled.amount, pooled.limit) == (TOTAL, "leak/g1/*/churn", 25, 400)
    assert rows.scaled == "alice/churn"


def test_budget_without_limits():
    """Models and tiers without a leak limit claim rows alone; no rows cost as one; no question is refused."""
    for tiers, leak in ((TIERS, {}), ({"default": TIERS["open"]}, {"churn": LEAK._replace(pooled=math.inf)})):
        found = asked(0)
        assert Budget(tiers, leak.get).inbound(found) is None
        assert [claim.amount for claim in found.claims] == [1]
    for wrong in (flow(plain()), asked(1, None), asked(1, ALICE._replace(tier="x"))):
        assert Budget(TIERS, {}.get).inbound(wrong).problem is Problem.FORBIDDEN


def test_extraction_is_stopped_where_it_says():
    """The answers that a principal gets tell no more unknowns than its part, whatever the size of its questions."""
    for rows in (1, 3, 7):
        store, guard, got = MemoryStore(), Budget(TIERS, {"churn": LEAK}.get), 0
        for i in range(500):
            found = asked(rows)
            guard.inbound(found)
            if store.spend(found.claims, NOW + i * 3600).denied is None:
                got += rows
        assert got * LEAK.row <= 0.5 * LEAK.unknowns < (got + rows) * LEAK.row


def test_pooled_limit_meets_sybils():
    """Many names tell no more together than is agreed for all."""
    store, guard, got = MemoryStore(), Budget(TIERS, {"churn": LEAK}.get), 0
    for i in range(50):
        for _ in range(20):
            found = asked(2, Identity(f"sybil{i}", frozenset({"churn"})))
            guard.inbound(found)
            got += 2 * (store.spend(found.claims, NOW).denied is None)
    assert got * LEAK.row == 2.0 * LEAK.unknowns


@pytest.mark.parametrize(
    "tier",
    [{"rate": 0}, {"rate": math.inf}, {"burst": 0}, {"rows": 0}, {"leak": 0}, {"rate": math.nan}, {"leak": math.nan}],
)
def test_tiers_that_let_nothing_through(tier):
    """A limit that is none, or lets nothing through, is a mistake of the settings."""
    with pytest.raises(ConfigError):
        Rate({"default": Tier(**tier)})


def test_what_answers_tell():
    """One number of full digits tells one unknown; of classes, one follows from the others; labels tell their bits."""
    assert told(Form("probabilities", 10)) == 9
    assert told(Form("probabilities", 2)) == 1
    assert told(Form("probabilities", 1)) == 1
    assert told(Form("values", 3)) == 3
    assert told(Form("labels", 2)) == pytest.approx(1 / 24)
    assert told(Form("labels", 1)) == 0
    assert told(Form("top", 10, top=1)) == told(Form("labels", 10))
    assert told(Form("set", 10)) == pytest.approx(10 / 24)
    assert told(Form("probabilities", 2, digits=2)) == pytest.approx(math.log2(101) / 24)
    for wrong in (
        Form("labels", 0),
        Form("values", 1, digits=-1),
        Form("values", 1, digits=25),
        Form("top", 3, top=4),
        Form("top", 3, top=0),
    ):
        with pytest.raises(ConfigError):
            told(wrong)


@given(st.integers(2, 50), st.integers(0, 6), st.integers(1, 5))
def test_more_is_never_less(size, digits, top):
    """Fewer digits, fewer places and labels alone never tell more."""
    full = told(Form("probabilities", size))
    rounded = told(Form("probabilities", size, digits=digits))
    assert rounded <= full
    assert rounded <= told(Form("probabilities", size, digits=digits + 1))
    places = min(top, size)
    assert told(Form("labels", size)) <= told(Form("top", size, top=places)) <= told(Form("values", size))


def test_equation_solving_needs_what_the_budget_says():
    """A logistic model is solved from as many full answers as it has unknowns, and not from one less."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=9)
    x = np.c_[rng.normal(size=(9, 8)), np.ones(9)]
    p = 1 / (1 + np.exp(-x @ weights))
    per_row = told(Form("probabilities", 2))
    enough = int(len(weights) / per_row)
    np.testing.assert_allclose(
        np.linalg.lstsq(x[:enough], np.log(p / (1 - p))[:enough], rcond=None)[0], weights, rtol=1e-6
    )
    less = np.linalg.lstsq(x[: enough - 1], np.log(p / (1 - p))[: enough - 1], rcond=None)[0]
    assert np.abs(less - weights).max() > 1e-3


def test_unknown_and_forbidden_models_are_one_answer():
    """R3: whether a model is there is told to those alone who may ask it."""
    guard = Authorise(lambda model, version: model in {"churn", "secret"} and version in {"", "1"})
    assert guard.inbound(flow(plain())) is None
    refusals = [
        guard.inbound(flow(plain(), model=model)) for model in ("secret", "missing", "CHURN", "churn ", "*", "")
    ]
    refusals.append(guard.inbound(flow(plain(), ALICE._replace(models=frozenset()))))
    refusals.append(guard.inbound(flow(plain(), ALICE._replace(models=frozenset({"*"})), "missing")))
    versioned = flow(plain())
    versioned.version = "2"
    refusals.append(guard.inbound(versioned))
    assert set(refusals) == {refusals[0]}
    assert refusals[0].problem is Problem.UNKNOWN
    assert guard.inbound(flow(plain(), ALICE._replace(models=frozenset({"*"})), "secret")) is None
    assert guard.inbound(flow(plain(), None)).problem is Problem.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("request_of", "why"),
    [
        (plain(), None),
        (plain(headers={b"content-type": None}), None),
        (plain(headers={b"content-type": b"Application/JSON; charset=utf-8"}), None),
        (plain(headers={b"content-type": b"application/octet-stream"}), None),
        (plain(headers={b"content-encoding": b"identity"}), None),
        (plain(headers={b"content-type": b"multipart/form-data; boundary=x"}), Problem.MEDIA),
        (plain(headers={b"content-type": b"application/x-www-form-urlencoded"}), Problem.MEDIA),
        (plain(headers={b"content-type": b"text/plain, application/json"}), Problem.MEDIA),
        (plain(headers={b"content-type": b""}), Problem.MEDIA),
        (plain(headers={b"content-type": b"application/x-pickle"}), Problem.MEDIA),
        (plain(headers={b"content-encoding": b"gzip"}), Problem.MEDIA),
        (plain(path=b"/v2/" + b"a" * 2000), Problem.TOO_LARGE),
        (plain(query=b"a" * 2000), Problem.TOO_LARGE),
        (plain(body=b" " * 5_000_000), Problem.TOO_LARGE),
        (plain(headers={b"x-long": b"a" * 20_000}), Problem.TOO_LARGE),
        (plain(headers={b"x-%d" % i: b"a" for i in range(70)}), Problem.TOO_LARGE),
    ],
)
def test_frames(request_of, why):
    """R12, R14, R17: addresses, headers, bodies and their kinds are bounded; no forms, no files, no compression."""
    refused = Sizes().inbound(flow(request_of))
    assert (None if refused is None else refused.problem) is why


def test_headers_that_count_once():
    """A second Authorization, Host or length is no second opinion; others may be many."""
    request = plain(body=BODY)
    for name in (b"authorization", b"host", b"content-length", b"inference-header-content-length", b"client-cert"):
        twice = request._replace(headers=(*request.headers, (name, b"a"), (name, b"b")))
        assert Sizes().inbound(flow(twice)).problem is Problem.MALFORMED
    many = request._replace(headers=(*request.headers, (b"accept", b"a"), (b"accept", b"b")))
    assert Sizes().inbound(flow(many)) is None
    assert many.fields()[b"accept"] == many.header(b"accept") == b"a, b"
