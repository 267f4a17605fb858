"""Warm cost of each guard of identity, integrity, permission and amount, in microseconds of processor time a request.

One question of 1 x 32 FP32, signed with HMAC; the least of several rounds, as other work on the machine only adds.
Peer of the signature: http-message-signatures, in the same run.
"""

import datetime as dt
import gc
import json
import secrets
import time

import numpy as np

from redan.exchange import encode
from redan.exchange.decode import decode
from redan.exchange.flow import Answer, Flow, Identity
from redan.exchange.limits import Limits
from redan.exchange.message import Request, Response
from redan.exchange.signature_keys import Ed25519Key, HmacKey, P256Key
from redan.exchange.signing import Target, sign
from redan.exchange.tensors import Port, Tensor
from redan.guards.answer_form import AnswerForm
from redan.guards.answer_signature import AnswerSignature
from redan.guards.api_keys import by_digest, hashed, new_key
from redan.guards.authorisation import Authorise
from redan.guards.conformal import Calibration, Conformal
from redan.guards.envelope import Bounds, Envelope
from redan.guards.identity import Identify
from redan.guards.limits import Budget, Leak, Rate, Tier
from redan.guards.own import Around, Needs, OwnGuards
from redan.guards.schema import Schema
from redan.guards.signature import Signature, SigningKey
from redan.guards.sizes import Sizes
from redan.guards.store import MemoryStore
from redan.guards.tokens import Issuer, Tokens, token_keys

REQUESTS, ROUNDS = 2000, 12
HOST = b"api.example.org"
NOW = 1_700_000_000.0


def measured(work, items, *, before=None):
    """Least microseconds of processor time for one item."""
    best = float("inf")
    for _ in range(ROUNDS):
        given = [before(item) for item in items] if before else items
        start = time.process_time()
        for item in given:
            work(item)
        best = min(best, (time.process_time() - start) / len(items))
    return best * 1e6


def body():
    values = [round(float(v), 6) for v in np.random.default_rng(0).normal(size=32)]
    return json.dumps({"inputs": [{"name": "x", "shape": [1, 32], "datatype": "FP32", "data": values}]}).encode()


def token():
    from joserfc import jwk, jwt

    key = jwk.OKPKey.generate_key("Ed25519")
    public = key.as_dict(private=False) | {"kid": "k", "alg": "Ed25519"}
    keys = token_keys(json.dumps({"keys": [public]}).encode())
    alice = Identity("alice", frozenset({"churn"}))
    tokens = Tokens((Issuer("https://issuer", "redan", keys, {"alice": alice}.get),))
    claims = {"iss": "https://issuer", "aud": "redan", "sub": "alice", "exp": NOW + 3600}
    return tokens, jwt.encode({"alg": "Ed25519", "kid": "k"}, claims, key, algorithms=["Ed25519"])


def requests(credential, key, count=REQUESTS):
    found, data = [], body()
    for _ in range(count):
        headers = {
            b"host": HOST,
            b"user-agent": b"python-httpx/0.28.1",
            b"accept": b"*/*",
            b"content-type": b"application/json",
            b"content-length": str(len(data)).encode(),
            b"authorization": b"Bearer " + credential,
        }
        target = Target(b"POST", HOST, b"/v2/models/churn/infer", b"")
        nonce = secrets.token_urlsafe(18).encode()
        headers |= sign(target, headers, data, keyid="alice-1", key=key, now=NOW, nonce=nonce)[0]
        path = b"/v2/models/churn/infer"
        found.append(Request("POST", path, b"", tuple(headers.items()), data, "127.0.0.1", NOW))
    return found


def peer(request):
    """One verification by http-message-signatures."""
    import http_message_signatures as hms

    class Message:
        method, url = "POST", "https://api.example.org/v2/models/churn/infer"

        def __init__(self):
            self.headers = {name.decode(): value.decode() for name, value in request.headers}

    class Resolver:
        def resolve_public_key(self, _):
            return b"k" * 32

    class Later(hms.HTTPMessageVerifier):
        max_clock_skew = dt.timedelta(days=20_000)

    verifier = Later(signature_algorithm=hms.algorithms.HMAC_SHA256, key_resolver=Resolver())
    return lambda _: verifier.verify(Message(), expect_tag="redan-infer", max_age=None, body=request.body)


def own_guards(flow, decoded, sent):
    """A model's own guards: of 32 columns with a distance, of ten classes with sets and four forms."""
    rng = np.random.default_rng(1)
    wide = Bounds(np.full(32, -9.0), np.full(32, 9.0), np.zeros(32), np.eye(32), 1e9)
    ranges = wide._replace(mean=np.zeros(0), whiten=np.zeros((0, 0)))
    port = Port("probabilities", "FP32", (-1, 10))
    scores = rng.dirichlet(np.ones(10), 1).astype("f4")
    tensors = (Tensor("probabilities", "FP32", scores), Tensor("label", "INT64", scores.argmax(1)))
    held = Calibration(1.3, tuple(np.sort(rng.uniform(size=999)) for _ in range(10)))
    others = frozenset({"label", "conformal_set", "abstain"})
    sets = Conformal(port, held, 0.1, 3, lambda: True)
    forms = {
        "label": AnswerForm(port, "label", others=others),
        "first 3": AnswerForm(port, "top-k", top=3, decimals=2, others=others),
        "2 decimals": AnswerForm(port, decimals=2, others=others),
    }
    both = {"x": wide.of("f4")}
    around = Around((), (port,), 1.0, (Envelope(both, {}),), (sets, forms["label"]), Needs((port,), ["probabilities"]))
    whole = OwnGuards(lambda _: around)

    def answered(_):
        made = Flow(flow.request, "churn")
        made.inference, made.answer, made.around = flow.inference, Answer(tensors), around
        return made

    found = {
        "own: nothing declared": measured(
            OwnGuards(lambda _: around._replace(checked=())).inbound, sent, before=decoded
        ),
        "own: envelope, ranges": measured(Envelope({"x": ranges.of("f4")}, {}).inbound, sent, before=decoded),
        "own: envelope, ranges and distance": measured(Envelope(both, {}).inbound, sent, before=decoded),
        "own: sets of classes": measured(sets.outbound, sent, before=answered),
    }
    found |= {f"own: answers, {name}": measured(form.outbound, sent, before=answered) for name, form in forms.items()}
    found["own: all, inputs"] = measured(whole.inbound, sent, before=decoded)
    found["own: all, answers"] = measured(whole.outbound, sent, before=answered)
    return found


def main():  # noqa: PLR0915 -- one line for each guard
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    gc.disable()
    api_key, (tokens, jwt_text) = new_key(), token()
    alice = Identity("alice", frozenset({"churn"}))
    key = HmacKey(b"k" * 32)
    sent = requests(api_key.encode(), key)
    keys = {b"alice-1": SigningKey("alice-1", "alice", key)}
    ports = (Port("x", "FP32", (-1, 32)),), (Port("y", "FP32", (-1, 2)),)
    tiers = {"default": Tier(1e9, 1e9, 1e12, 1e12)}
    identify = Identify(by_digest({hashed(api_key): alice}), tokens)
    sizes, rate, schema = Sizes(), Rate(tiers), Schema(lambda _: ports, Limits())
    allow, signature = Authorise(lambda model, _: model == "churn"), Signature(keys, (HOST.decode(),))
    budget = Budget(tiers, lambda _: Leak(65, 1.0, 1e12))
    store = MemoryStore(nonces=10_000_000)
    order = (sizes, identify, allow, signature, rate, schema, budget)

    def flowed(request):
        flow = Flow(request, "churn")
        flow.identity = alice
        return flow

    cost = {
        "flow made": measured(lambda request: Flow(request, "churn"), sent),
        "sizes": measured(sizes.inbound, sent, before=flowed),
        "identity, key": measured(identify.inbound, sent, before=flowed),
    }
    with_token = requests(jwt_text.encode(), key)
    cost["identity, token from memory"] = measured(identify.inbound, with_token, before=flowed)
    cost["identity, token verified"] = measured(lambda _: tokens.known(jwt_text.encode(), NOW), sent[:100])
    cost["authorisation"] = measured(allow.inbound, sent, before=flowed)
    cost["signature, HMAC"] = measured(signature.inbound, sent, before=flowed)
    raw, curve = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    for name, other in (("Ed25519", Ed25519Key(raw.public_key(), raw)), ("P-256", P256Key(curve.public_key(), curve))):
        guard = Signature({b"alice-1": SigningKey("alice-1", "alice", other)}, (HOST.decode(),))
        cost[f"signature, {name}"] = measured(guard.inbound, requests(b"x", other, 200), before=flowed)
    cost["signature, peer library"] = measured(peer(sent[0]), sent[:50])
    cost["rate"] = measured(rate.inbound, sent, before=flowed)
    cost["decode"] = measured(lambda request: decode(request.body, None, Limits()), sent)
    cost["schema with decode"] = measured(schema.inbound, sent, before=flowed)

    def decoded(request):
        flow = flowed(request)
        schema.inbound(flow)
        return flow

    cost["budget and leak"] = measured(budget.inbound, sent, before=decoded)

    def claimed(request):
        flow = Flow(request, "churn")
        for guard in order:
            if guard.inbound(flow) is not None:
                raise SystemExit("a good request was refused")
        nonce = flow.claims[0]._replace(key=secrets.token_hex(12))
        return [nonce, *flow.claims[1:]]

    cost["store: nonce, rate, rows, leak, pooled leak"] = measured(
        lambda claims: store.spend(claims, NOW), sent, before=claimed
    )

    def whole(request):
        flow = Flow(request, "churn")
        for guard in order:
            guard.inbound(flow)

    cost["all of the above on one request, without the store"] = measured(whole, sent)
    flow = flowed(sent[0])
    signature.inbound(flow)
    response = Response(200, (encode.JSON,), b"x" * 160)
    finish = AnswerSignature({"alice-1": key})
    cost["answer signature, HMAC"] = measured(lambda _: finish.finish(flow, response), sent)
    schema.inbound(flow)
    given = Answer((Tensor("y", "FP32", np.array([[0.25, 0.75]], "f4")),))
    cost["encode"] = measured(lambda _: encode.answer("churn", "1", flow.inference, given), sent)
    cost |= own_guards(flow, decoded, sent)
    fields = sent[0].fields()
    target = Target(b"POST", HOST, b"/v2/models/churn/infer", b"")
    cost["client: sign"] = measured(lambda r: sign(target, fields, r.body, keyid="alice-1", key=key, now=NOW), sent)
    print(json.dumps({"bench": "guards", "us": {name: round(value, 2) for name, value in cost.items()}}))
    width = max(map(len, cost))
    for name, value in cost.items():
        print(f"{name:<{width}} {value:8.2f} us")


if __name__ == "__main__":
    main()
