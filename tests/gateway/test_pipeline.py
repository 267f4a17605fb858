"""The guards of identity, integrity, permission and amount in their order, driven without a host."""

import json

import numpy as np
import pytest

from redan.exchange.limits import Limits
from redan.exchange.message_signature import FormError
from redan.exchange.signature_keys import HmacKey
from redan.exchange.signing import Sent, answered
from redan.exchange.tensors import Port, Tensor
from redan.gateway.steps import Ask, Decided, Pipeline, Spend, infer
from redan.guards.answer_signature import AnswerSignature
from redan.guards.api_keys import by_digest, hashed
from redan.guards.authorisation import Authorise
from redan.guards.identity import Identify
from redan.guards.limits import Budget, Leak, Rate, Tier
from redan.guards.schema import Schema
from redan.guards.signature import Signature, SigningKey
from redan.guards.sizes import Sizes
from redan.guards.store import MemoryStore
from signed_requests import ALICE, BODY, HOST, KEY, KEYID, NOW, TOKEN, plain, signed

PORTS = (Port("x", "FP32", (-1, 2)),), (Port("y", "FP32", (-1, 1)),)
TIERS = {"default": Tier(rate=1, burst=3, rows=1000, leak=1.0)}


class Service:
    """Steps, met by hand."""

    def __init__(self, **more):
        self.store, self.asked, self.decided = MemoryStore(), 0, []
        self.now = NOW
        self.value = 0.5
        leak = Leak(unknowns=10, row=1.0)
        self.pipeline = Pipeline(
            inbound=(
                Sizes(),
                Identify(by_digest({hashed(TOKEN): ALICE})),
                Authorise(lambda model, version: model in {"churn", "other"}),
                Signature({KEYID.encode(): SigningKey(KEYID, "alice", KEY)}, (HOST.decode(),)),
                Rate(TIERS),
                Schema(lambda model: PORTS, Limits()),
                Budget(TIERS, lambda model: leak),
            ),
            checked=(),
            outbound=(),
            version=lambda model: "1",
            finish=(AnswerSignature({KEYID: KEY}),),
            **more,
        )

    def ask(self, request, model="churn"):
        steps = infer(self.pipeline, request._replace(now=self.now), model, "")
        need = next(steps)
        try:
            while True:
                if isinstance(need, Spend):
                    need = steps.send(self.store.spend(need.claims, need.now))
                elif isinstance(need, Ask):
                    self.asked += 1
                    rows = need.flow.inference.rows
                    need = steps.send((Tensor("y", "FP32", np.full((rows, 1), self.value, "f4")),))
                else:
                    assert isinstance(need, Decided)
                    self.decided.append(need.refusal)
                    need = steps.send("e1")
        except StopIteration as stop:
            return stop.value


def kind(response):
    return "ok" if response.status == 200 else json.loads(response.body)["type"].rpartition("/")[2]


def test_order():
    """Each request is refused by the first guard that it does not pass, and the model is asked by none of them."""
    service = Service()
    bad = BODY[:-1]
    cases = [
        (plain(headers={b"content-type": b"text/plain", b"authorization": None}), "churn", "media-type"),
        (plain(headers={b"authorization": None}), "secret", "unauthenticated"),
        (plain(), "secret", "not-found"),
        (plain(), "other", "not-found"),
        (plain(bad), "churn", "signature-missing"),
        (signed(plain(bad), key=HmacKey(b"x" * 32)), "churn", "signature-invalid"),
        (signed(plain(bad), now=NOW - 100), "churn", "signature-stale"),
        (signed(plain(bad)), "churn", "malformed"),
        (signed(plain(BODY.replace(b"FP32", b"FP64"))), "churn", "schema"),
    ]
    assert [kind(service.ask(request, model)) for request, model, _ in cases] == [why for _, _, why in cases]
    assert service.asked == 0
    assert [found.problem.slug for found in service.decided] == [why for _, _, why in cases]


def test_replay():
    """R25: the same request is answered once, and a replay spends nothing."""
    service, request = Service(), signed()
    assert [kind(service.ask(request)) for _ in range(5)] == ["ok"] + ["signature-replayed"] * 4
    assert [kind(service.ask(signed())) for _ in range(3)] == ["ok", "ok", "quota-exceeded"]
    assert service.asked == 3


def test_malformed_costs():
    """Whoever tries formats pays its rate, and nothing of its rows; who is unknown spends nobody's."""
    service = Service()
    for _ in range(5):
        assert kind(service.ask(signed(key=HmacKey(b"x" * 32)))) == "signature-invalid"
    assert [kind(service.ask(signed(plain(b"{}")))) for _ in range(4)] == ["malformed"] * 3 + ["quota-exceeded"]
    service.now += 10
    assert kind(service.ask(signed(now=service.now))) == "ok"


def test_leak_budget_never_comes_back():
    """Rates come back with time, what was told does not; the refusal says nothing about when."""
    service, answers = Service(), []
    for _ in range(12):
        service.now += 100
        answers.append(service.ask(signed(now=service.now)))
    assert [kind(found) for found in answers] == ["ok"] * 10 + ["quota-exceeded"] * 2
    assert dict(answers[-1].headers).get(b"retry-after") is None


def test_answers_and_refusals_are_signed():
    """Whatever is said to a signed request is bound to it; what is said before a signature was read is not signed."""
    service = Service()
    for body in (BODY, b"{}"):
        request = signed(plain(body))
        response = service.ask(request)
        value = request.header(b"signature").removeprefix(b"redan=:").removesuffix(b":")
        answered(response.status, dict(response.headers), response.body, Sent(value, int(NOW)), keyid=KEYID, key=KEY)
        with pytest.raises(FormError):
            answered(response.status, dict(response.headers), b"", Sent(value, int(NOW)), keyid=KEYID, key=KEY)
    assert b"signature" not in dict(service.ask(plain()).headers)


def test_answers_that_cannot_be_said():
    """A model that answers with no number is recorded as broken, and answered so."""
    service = Service()
    service.value = np.nan
    assert kind(service.ask(signed())) == "internal"
    assert service.decided[0].problem.slug == "internal"


def test_unknown_and_forbidden_are_the_same_bytes():
    """R3: but for the event, refusals of models that are not there and not allowed do not differ."""
    service = Service(quiet=False)
    assert service.ask(plain(), "secret") == service.ask(plain(), "other") == service.ask(signed(), "other")
