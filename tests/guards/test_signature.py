"""The guard of signatures: what is altered, stale, foreign or sent twice is refused, in the order that burns no nonce."""

import base64
import dataclasses
import datetime as dt
import time

import http_message_signatures as peer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import ConfigError
from redan.exchange.flow import Identity
from redan.exchange.message_signature import LABEL
from redan.exchange.problem import Problem
from redan.exchange.signature_keys import HmacKey, private_key
from redan.guards.signature import Signature, SigningKey
from redan.guards.store import MemoryStore
from signed_requests import ALICE, BODY, HOST, KEY, KEYID, NOW, PATH, flow, plain, replaced, signed

KEYS = {
    b"alice-1": SigningKey("alice-1", "alice", KEY),
    b"alice-2": SigningKey("alice-2", "alice", HmacKey(b"2" * 32)),
    b"bob-1": SigningKey("bob-1", "bob", HmacKey(b"b" * 32)),
}
GUARD = Signature(KEYS, ("api.example.org", "127.0.0.1:8080"))


def problem(request, guard=GUARD, identity=ALICE, now=None):
    found = flow(request if now is None else request._replace(now=now), identity)
    refused = guard.inbound(found)
    if refused is not None:
        assert not found.claims, "a refused request claims nothing"
        assert found.signed is None
        return refused.problem
    assert found.signed is not None
    return None


def test_signed_request_passes():
    """A request as agreed passes; its nonce is claimed for longer than it can be taken."""
    found = flow(signed())
    assert GUARD.inbound(found) is None
    assert found.signed.key == KEYID
    assert found.signed.label == LABEL
    [claim] = found.claims
    assert (claim.kind, claim.amount) == ("nonce", 1)
    assert claim.key.startswith("nonce/alice-1/")
    assert claim.period > GUARD.age + 2 * GUARD.skew


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda r: r._replace(body=r.body + b" "), Problem.FORGED),
        (lambda r: r._replace(body=b""), Problem.FORGED),
        (lambda r: r._replace(path=b"/v2/models/other/infer"), Problem.FORGED),
        (lambda r: r._replace(query=b"a=1"), Problem.FORGED),
        (lambda r: r._replace(method="PUT"), Problem.FORGED),
        (lambda r: replaced(r, b"host", b"other.example.org"), Problem.FORGED),
        (lambda r: replaced(r, b"host", b"127.0.0.1:8080"), Problem.FORGED),
        (lambda r: replaced(r, b"host", None), Problem.FORGED),
        (lambda r: replaced(r, b"authorization", b"Bearer stolen"), Problem.FORGED),
        (lambda r: replaced(r, b"content-type", b"application/octet-stream"), Problem.FORGED),
        (lambda r: replaced(r, b"content-type", None), Problem.FORGED),
        (lambda r: replaced(r, b"inference-header-content-length", b"10"), Problem.FORGED),
        (lambda r: replaced(r, b"content-digest", None), Problem.FORGED),
        (lambda r: replaced(r, b"signature", None), Problem.UNSIGNED),
        (lambda r: replaced(r, b"signature-input", None), Problem.UNSIGNED),
        (lambda r: replaced(r, b"signature", b"redan=:" + base64.b64encode(bytes(32)) + b":"), Problem.FORGED),
        (lambda r: replaced(r, b"signature", b"other" + r.header(b"signature")), Problem.FORGED),
    ],
)
def test_altered_request_is_refused(change, why):
    """Every covered part, altered or left out after signing, is told."""
    assert problem(change(signed())) is why


def test_covered_parts_must_be_all():
    """A signature that leaves a part of the request out does not count, even when it fits."""
    whole = signed()
    given = whole.header(b"signature-input")
    for part in (b'"@method" ', b'"@authority" ', b'"@path" ', b'"@query" ', b'"content-type" ', b'"authorization" '):
        assert part in given
        assert problem(replaced(whole, b"signature-input", given.replace(part, b""))) is Problem.FORGED


def test_length_of_the_json_is_covered():
    """The header that says where the JSON ends changes what the body means, so it is covered where it is."""
    request = signed(plain(headers={b"inference-header-content-length": b"12"}))
    assert b'"inference-header-content-length"' in request.header(b"signature-input")
    assert problem(request) is None
    assert problem(replaced(request, b"inference-header-content-length", b"13")) is Problem.FORGED


def test_type_may_be_missing():
    """Clients that send no type sign without it."""
    assert problem(signed(plain(headers={b"content-type": None}))) is None


@pytest.mark.parametrize("host", [b"API.example.org", b"api.example.org:443", b"api.example.org:80"])
def test_spellings_of_the_authority(host):
    """The scheme's own port and upper case are not signed."""
    assert problem(replaced(signed(), b"host", host)) is None


def test_keys_are_their_owners():
    """A key of somebody else, an unknown one, and one that is not the one agreed for the client, are refused."""
    assert problem(signed(keyid="bob-1", key=HmacKey(b"b" * 32))) is Problem.FORGED
    assert problem(signed(keyid="nobody")) is Problem.FORGED
    assert problem(signed(keyid="alice-2")) is Problem.FORGED
    second = signed(keyid="alice-2", key=HmacKey(b"2" * 32))
    assert problem(second) is None
    assert problem(second, identity=ALICE._replace(key="alice-1")) is Problem.FORGED
    assert problem(signed(), identity=None) is Problem.FORGED


def test_algorithm_is_the_keys():
    """R24: what a signature says about its algorithm never chooses one."""
    request = signed()
    for alg in (b"ed25519", b"none", b"HMAC-SHA256", b""):
        said = request.header(b"signature-input").replace(b"hmac-sha256", alg)
        assert problem(replaced(request, b"signature-input", said)) is Problem.FORGED


@pytest.mark.parametrize(
    ("late", "why"),
    [
        (-5.5, Problem.STALE),
        (-4.5, None),
        (0, None),
        (59, None),
        (64.5, None),
        (65, Problem.STALE),
        (1e9, Problem.STALE),
    ],
)
def test_freshness(late, why):
    """A signature holds its time, and the skew of clocks to both sides."""
    assert problem(signed(now=NOW), now=NOW + late) is why


@pytest.mark.parametrize(
    ("age", "why"), [(60, None), (61, Problem.STALE), (0, Problem.STALE), (-1, Problem.STALE), (10**6, Problem.STALE)]
)
def test_signatures_hold_a_minute_at_most(age, why):
    """What the client asks for is bounded by what was agreed."""
    assert problem(signed(age=age)) is why


def test_unsigned_requests():
    """R20: nobody who has a key gets around signing; others do where nobody is asked to."""
    assert problem(plain()) is Problem.UNSIGNED
    open_guard = dataclasses.replace(GUARD, required=False)
    keyless = Identity("carol", frozenset({"churn"}))
    assert open_guard.inbound(flow(plain(), keyless)) is None
    assert problem(plain(), open_guard) is Problem.UNSIGNED
    assert problem(plain(), open_guard, keyless._replace(key="carol-1")) is Problem.UNSIGNED
    assert problem(replaced(signed(), b"signature", None), open_guard, keyless) is Problem.FORGED
    assert problem(signed(), open_guard, keyless) is Problem.FORGED


def test_nonce_is_not_burnt_by_forgeries():
    """R25: a request with the victim's nonce and a wrong signature does not spend it."""
    store, nonce = MemoryStore(), b"n" * 22
    honest = signed(nonce=nonce)
    forged = signed(nonce=nonce, key=HmacKey(b"x" * 32))
    for _ in range(3):
        assert problem(forged) is Problem.FORGED
    found = flow(honest)
    assert GUARD.inbound(found) is None
    assert store.spend(found.claims, NOW).denied is None
    again = flow(honest)
    assert GUARD.inbound(again) is None
    assert store.spend(again.claims, NOW).denied is not None


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_changed_byte_is_refused(data):
    """One byte of anything that came, changed, put in or left out, is told, but for what means the same in HTTP."""
    request = signed(plain(query=b"a=1"))
    names = ["method", "path", "query", "body", *(name for name, _ in request.headers)]
    name = data.draw(st.sampled_from(names))
    old = request.header(name) if isinstance(name, bytes) else getattr(request, name)
    old = old.encode() if isinstance(old, str) else old
    at, out = data.draw(st.integers(0, len(old))), data.draw(st.integers(0, 1))
    new = old[:at] + data.draw(st.binary(max_size=2)) + old[at + out :]
    same = new == old or (isinstance(name, bytes) and new.strip() == old) or (name == b"host" and new.lower() == old)
    if name == "method":
        changed = request._replace(method=new.decode("latin-1"))
    elif isinstance(name, bytes):
        changed = replaced(request, name, new)
    else:
        changed = request._replace(**{name: new})
    assert same or problem(changed) is not None


@settings(max_examples=100, deadline=None)
@given(
    created=st.floats(-200, 200),
    age=st.integers(1, 60),
    first=st.floats(-100, 300),
    wait=st.floats(0, 400),
    noise=st.lists(st.floats(0, 400), max_size=6),
)
def test_nothing_is_taken_twice(created, age, first, wait, noise):
    """R25: a nonce outlives the last moment at which its request could be taken, whatever else comes between."""
    store = MemoryStore()
    request = signed(now=NOW + created, age=age, nonce=b"n" * 22)

    def taken(now, what):
        found = flow(what._replace(now=now))
        return GUARD.inbound(found) is None and store.spend(found.claims, now).denied is None

    before = taken(NOW + first, request)
    for between in sorted(noise):
        if between <= wait:
            taken(NOW + first + between, signed(now=NOW + first + between))
    assert not (before and taken(NOW + first + wait, request))


def test_what_was_signed_before_the_start_is_refused():
    """A process that forgot its nonces takes nothing that the one before it may have taken."""
    guard = dataclasses.replace(GUARD, born=NOW)
    assert problem(signed(now=NOW - 1), guard, now=NOW + 1) is Problem.STALE
    assert problem(signed(now=NOW + 5), guard, now=NOW + 1) is Problem.STALE
    assert problem(signed(now=NOW + 6), guard, now=NOW + 6) is None


@pytest.mark.parametrize(
    "settings_of",
    [{"authorities": ()}, {"authorities": ("",)}, {"age": 61}, {"age": 0}, {"skew": -1}, {"age": float("nan")}],
)
def test_settings_that_mean_less_are_refused(settings_of):
    """A signature for anybody, or for ever, is a mistake of the settings."""
    with pytest.raises(ConfigError):
        Signature(**{"keys": KEYS, "authorities": ("a",)} | settings_of)


def test_asymmetric_keys(tmp_path):
    """Ed25519 and P-256 sign and verify; a signature of the one is none of the other."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    made = {}
    for named, raw in (("ed", ed25519.Ed25519PrivateKey.generate()), ("ec", ec.generate_private_key(ec.SECP256R1()))):
        made[named] = private_key(raw.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    guard = dataclasses.replace(GUARD, keys={k.encode(): SigningKey(k, "alice", v) for k, v in made.items()})
    for named, key in made.items():
        request = signed(keyid=named, key=key)
        assert problem(request, guard) is None
        assert problem(request._replace(body=b"{}"), guard) is Problem.FORGED
        other = "ec" if named == "ed" else "ed"
        said = request.header(b"signature-input").replace(f'keyid="{named}"'.encode(), f'keyid="{other}"'.encode())
        assert problem(replaced(request, b"signature-input", said), guard) is Problem.FORGED


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=200),
    st.binary(max_size=100),
    st.sampled_from([b"signature", b"signature-input", b"content-digest"]),
)
def test_any_field_is_a_refusal(value, tail, name):
    """Whatever stands in the fields of a signature, the answer is a refusal."""
    request = signed()
    value = request.header(name)[: len(tail)] + value + tail if tail else value
    if value != request.header(name):
        assert problem(replaced(request, name, value)) in {Problem.FORGED, Problem.STALE}


class Message:
    """A request as the peer reads it."""

    def __init__(self, request):
        self.method = request.method
        self.url = f"https://{HOST.decode()}{request.path.decode()}" + (
            f"?{request.query.decode()}" if request.query else ""
        )
        self.headers = {name.decode(): value.decode() for name, value in request.headers}


class Resolver:
    def resolve_public_key(self, _):
        return bytes(range(32))

    resolve_private_key = resolve_public_key


@pytest.mark.parametrize("query", [b"", b"a=1&b=%20"])
def test_peer_accepts_ours(query):
    """The library http-message-signatures takes what our client signs."""
    request = signed(plain(query=query), now=time.time())
    verifier = peer.HTTPMessageVerifier(signature_algorithm=peer.algorithms.HMAC_SHA256, key_resolver=Resolver())
    required = ("@method", "@authority", "@path", "@query", "content-type", "content-digest", "authorization")
    [found] = verifier.verify(
        Message(request), expect_tag="redan-infer", body=request.body, require_components=required
    )
    assert found.parameters["keyid"] == KEYID


def test_ours_accepts_peer():
    """Our guard takes what the library http-message-signatures signs, in its own order of parameters."""
    request = plain(query=b"a=1")
    message = Message(request)
    signer = peer.HTTPMessageSigner(signature_algorithm=peer.algorithms.HMAC_SHA256, key_resolver=Resolver())
    signer.sign(
        message,
        key_id=KEYID,
        created=dt.datetime.fromtimestamp(NOW, dt.UTC),
        expires=dt.datetime.fromtimestamp(NOW + 60, dt.UTC),
        nonce="n" * 22,
        label="pyhms",
        tag="redan-infer",
        body=BODY,
        covered_component_ids=("authorization", "@method", "@authority", "@path", "@query", "content-type"),
    )
    sent = tuple((name.lower().encode(), value.encode()) for name, value in message.headers.items())
    found = request._replace(headers=sent)
    assert problem(found) is None
    assert problem(found._replace(path=PATH + b"x")) is Problem.FORGED
