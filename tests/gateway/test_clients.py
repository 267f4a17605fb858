"""`clients.toml`: what it may say, what it may not, and that no message shows a secret."""

import base64
import importlib.util
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk, jwt

from redan.errors import ConfigError
from redan.exchange.flow import Flow
from redan.exchange.signature_keys import HmacKey
from redan.gateway.clients import parse_clients, read_clients
from redan.gateway.credentials import credentials
from redan.guards.api_keys import hashed
from redan.guards.signature import Signature
from signed_requests import NOW, TOKEN, plain, signed

SECRET = base64.b64encode(bytes(range(32))).decode()
HASH = hashed(TOKEN)
WHOLE = f"""
[[tier]]
name = "gold"
rate = 10.0
leak = 0.5

[[client]]
principal = "alice"
models = ["churn"]
tier = "gold"
keys = ["{HASH}"]
[[client.signing]]
id = "alice-1"
secret = "file:alice.key"

[[client]]
principal = "bob"
models = ["*"]
certificates = ["dns:bob.example.org", "{"0" * 64}"]
[[client.signing]]
id = "bob-1"
alg = "ed25519"
public = "bob.pub"
[[client.token]]
issuer = "corp"
subject = "b0b"

[[issuer]]
name = "corp"
issuer = "https://corp.example.org"
audience = "redan"
jwks = "corp.json"
models = ["churn"]

[proxy]
addresses = ["10.0.0.1"]
secret = "env:PROXY_SECRET"
"""
ENVIRON = {"PROXY_SECRET": SECRET}
ISSUER = ed25519.Ed25519PrivateKey.generate()


@pytest.fixture
def folder(tmp_path):
    """A folder with everything that the file above refers to."""
    (tmp_path / "clients.toml").write_text(WHOLE)
    key = tmp_path / "alice.key"
    key.write_text(SECRET + "\n")
    key.chmod(0o600)
    (tmp_path / "bob.pub").write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    public = jwk.OKPKey.import_key(ISSUER.public_key()).as_dict(private=False)
    (tmp_path / "corp.json").write_text(json.dumps({"keys": [public | {"kid": "c1", "alg": "Ed25519"}]}))
    return tmp_path


def pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def built(folder):
    return credentials(read_clients(folder / "clients.toml"), folder, ENVIRON)


def test_whole_file(folder):
    """Keys, tokens and signatures of the file lead to its clients."""
    found = built(folder)
    flow = Flow(plain(), "churn")
    assert found.identify.inbound(flow) is None
    assert (flow.identity.principal, flow.identity.tier) == ("alice", "gold")
    flow = Flow(signed(key=HmacKey(bytes(range(32)))), "churn")
    assert found.identify.inbound(flow) is None
    assert Signature(found.signing, ("api.example.org",)).inbound(flow) is None
    assert found.tiers["gold"].leak == 0.5
    assert found.tiers["default"].leak == float("inf")
    assert found.shared.keys() == {"alice-1"}
    private = jwk.OKPKey.import_key(ISSUER)
    for subject, principal in (("b0b", "bob"), ("carol", "corp:carol"), ("bob", "corp:bob")):
        claims = {"iss": "https://corp.example.org", "aud": "redan", "sub": subject, "exp": NOW + 60}
        token = jwt.encode({"alg": "Ed25519", "kid": "c1"}, claims, private, algorithms=["Ed25519"])
        flow = Flow(plain(headers={b"authorization": b"Bearer " + token.encode()}), "churn")
        assert found.identify.inbound(flow) is None
        assert flow.identity.principal == principal
    assert found.identify.certificates.header == b"client-cert"
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('principal = "alice"', 'principle = "alice"', 8, "did you mean 'principal'"),
        ('principal = "alice"', 'principal = "a b"', 8, "letter or digit"),
        ('principal = "alice"', 'principal = "*"', 8, "letter or digit"),
        ('principal = "alice"', "principal = 1", 8, "text"),
        ('models = ["churn"]\ntier', "models = []\ntier", 9, "models"),
        ('tier = "gold"', 'tier = "golt"', 10, "did you mean 'gold'"),
        (f'keys = ["{HASH}"]', f'keys = ["{TOKEN}"]', 11, "never the key"),
        (f'keys = ["{HASH}"]', f'keys = ["{HASH}", "{HASH}"]', 11, "twice"),
        (f'keys = ["{HASH}"]\n', "", 7, "known by"),
        ('secret = "file:alice.key"', f'secret = "{SECRET}"', 14, "never stands here"),
        ('secret = "file:alice.key"', 'public = "alice.pub"', 12, "secret for hmac-sha256"),
        ('alg = "ed25519"', 'alg = "rsa"', 22, "must be"),
        ('alg = "ed25519"', 'alg = "none"', 22, "must be"),
        ('id = "bob-1"', 'id = "alice-1"', 12, "twice"),
        ('principal = "bob"', 'principal = "alice"', 8, "twice"),
        ('issuer = "corp"\nsubject', 'issuer = "crop"\nsubject', 25, "did you mean 'corp'"),
        ('addresses = ["10.0.0.1"]', "", 35, "Unix socket"),
        ("rate = 10.0", "rate = 0.0", 4, "rate"),
        ("rate = 10.0", "rate = nan", 4, "rate"),
        ("rate = 10.0", 'rate = "10"', 4, "number"),
        ("leak = 0.5", "leak = -1.0", 5, "leak"),
        ("[proxy]", "[prox]", 35, "did you mean 'proxy'"),
        ("[proxy]", "[proxy", 35, "TOML"),
        ("[proxy]", "[[proxy]]", 35, "as [proxy]"),
        ("[proxy]", "[proxy]\n[proxy]", 36, "TOML"),
    ],
)
def test_faults_are_told_by_line(old, new, line, says):
    """Each fault names its line and what would be right, and shows no digest and no secret."""
    assert old in WHOLE
    with pytest.raises(ConfigError) as caught:
        parse_clients(WHOLE.replace(old, new, 1).encode())
    message = str(caught.value)
    assert message.startswith(f"clients.toml:{line}: "), message
    assert says in message
    assert "\n" not in message
    assert not any(secret in message for secret in (SECRET, TOKEN, HASH))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b"a" * 100,
        b"[" * 10_000,
        b"a=" + b"[" * 10_000,
        b"client = 1",
        b"client = [1]",
        b"client = {}",
        b"x=1" * 3,
        b"\x00",
        b"[[client]]",
        b"a.b.c.d=1",
        b"client=[[[]]]",
    ],
)
def test_hostile_files(data):
    """What is no such file is one line, with a place."""
    with pytest.raises(ConfigError) as caught:
        parse_clients(data)
    assert str(caught.value).startswith("clients.toml:")
    assert len(str(caught.value)) < 600


def test_empty_file():
    """A file without clients is a service that nobody may ask."""
    assert parse_clients(b"").client == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: (f / "alice.key").chmod(0o644), "read by others"),
        (lambda f: (f / "alice.key").write_text("c2hvcnQ="), "32 bytes"),
        (lambda f: (f / "alice.key").write_text("not base64!" * 9), "32 bytes"),
        (lambda f: (f / "alice.key").unlink(), "opened"),
        (lambda f: ((f / "alice.key").unlink(), (f / "alice.key").symlink_to(f / "bob.pub")), "others"),
        (lambda f: (f / "bob.pub").write_text("x"), "PEM"),
        (lambda f: (f / "bob.pub").write_bytes(pem(ec.generate_private_key(ec.SECP256R1()))), "no key of ed25519"),
        (lambda f: (f / "bob.pub").write_bytes(pem(ec.generate_private_key(ec.SECP384R1()))), "P-256"),
        (lambda f: (f / "corp.json").write_text("{}"), "JSON Web Key Set"),
        (lambda f: (f / "clients.toml").write_text(WHOLE.replace("alice.key", "../alice.key")), "leaves"),
        (lambda f: (f / "clients.toml").write_text(WHOLE.replace("PROXY_SECRET", "MISSING")), "not set, or empty"),
        (
            lambda f: (f / "clients.toml").write_text(
                WHOLE.replace("[proxy]", '[proxy]\nheader = "x-forwarded-client-cert"')
            ),
            "Hash",
        ),
        (lambda f: (f / "clients.toml").unlink(), "opened"),
    ],
)
def test_references_are_checked(folder, change, says):
    """Secrets that others can read, that are short or not there, and files that are no keys, stop the service from starting."""
    change(folder)
    with pytest.raises(ConfigError, match=says) as caught:
        built(folder)
    assert SECRET not in str(caught.value)


def target(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[2] / "fuzz" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TestOneInput


ONE_CLIENT, ONE_QUESTION = target("fuzz_clients"), target("fuzz_infer")


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.tuples(st.integers(0, 900), st.binary(max_size=4)).map(
            lambda t: WHOLE[: t[0]].encode() + t[1] + WHOLE[t[0] + 2 :].encode()
        ),
    )
)
def test_fuzz_clients(data):
    """The fuzz target of this file holds for what hypothesis finds, too."""
    ONE_CLIENT(data)


QUESTION = b'{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]}'


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.tuples(st.integers(0, 70), st.binary(max_size=3)).map(
            lambda t: QUESTION[: t[0]] + t[1] + QUESTION[t[0] + 1 :]
        ),
    )
)
def test_fuzz_infer(data):
    """The fuzz target of questions holds for what hypothesis finds, too."""
    ONE_QUESTION(data)
    ONE_QUESTION(len(data).to_bytes(2, "little") + data)


def test_the_example_is_read():
    """The example of the documentation is a file that the service takes."""
    found = read_clients(Path(__file__).parents[2] / "examples" / "gateway" / "every_client.toml")
    assert [client.principal for client in found.client] == ["billing"]
