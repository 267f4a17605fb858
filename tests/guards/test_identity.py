"""Who asks: keys by their whole digest, tokens by pinned keys, certificates only of the proxy; nothing by an address."""

import base64
import datetime as dt
import hashlib
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk, jwt

from redan.errors import ConfigError
from redan.exchange.flow import Flow, Identity
from redan.exchange.problem import Problem
from redan.guards.api_keys import by_digest, hashed, new_key
from redan.guards.certificates import XFCC, Certificates, secret_digest
from redan.guards.identity import Identify
from redan.guards.tokens import Issuer, Tokens, token_keys
from signed_requests import ALICE, NOW, TOKEN, plain

BOB = Identity("bob", frozenset({"churn"}))
KEYS = by_digest({hashed(TOKEN): ALICE})
ISS, AUD = "https://issuer.example.org", "redan"


@pytest.fixture(scope="module")
def pair():
    """An issuer's private keys by name."""
    return {
        "ed": (jwk.OKPKey.import_key(_pem(ed25519.Ed25519PrivateKey.generate())), "Ed25519"),
        "ec": (jwk.ECKey.import_key(_pem(ec.generate_private_key(ec.SECP256R1()))), "ES256"),
        "rsa": (jwk.RSAKey.import_key(_pem(rsa.generate_private_key(65537, 2048))), "RS256"),
    }


def _pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def jwks(pair, **changed):
    keys = [key.as_dict(private=False) | {"kid": kid, "alg": alg} | changed for kid, (key, alg) in pair.items()]
    return json.dumps({"keys": keys}).encode()


def people(subject):
    return {"alice": ALICE, "bob": BOB}.get(subject)


def guard(pair, **more):
    return Identify(KEYS, Tokens((Issuer(ISS, AUD, token_keys(jwks(pair)), people),)), **more)


def token(pair, kid="ed", header=None, **changed):
    key, alg = pair[kid]
    claims = {"iss": ISS, "aud": AUD, "sub": "alice", "exp": NOW + 300, "iat": NOW, "nbf": NOW} | changed
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(
        {"alg": alg, "kid": kid} | (header or {}), claims, key, algorithms=[(header or {}).get("alg", alg)]
    )


def asked(credential, who, *, now=NOW, **headers):
    value = (
        None
        if credential is None
        else b"Bearer " + (credential if isinstance(credential, bytes) else credential.encode())
    )
    extra = {name.replace("_", "-").encode(): value for name, value in headers.items() if name != "peer"}
    found = Flow(
        plain(headers={b"authorization": value} | extra, now=now, peer=headers.get("peer", "127.0.0.1")), "churn"
    )
    refused = who.inbound(found)
    if refused is not None:
        assert refused.problem is Problem.UNAUTHENTICATED
        assert refused.detail == "", "a refusal does not say which part was wrong"
        assert found.identity is None
    return found.identity


def test_keys_are_known_by_their_digest():
    """A key is known, whatever the case of the scheme; of keys, only digests are held."""
    who = Identify(KEYS)
    assert asked(TOKEN, who) is ALICE
    for scheme in (b"bearer ", b"BEARER "):
        found = Flow(plain(headers={b"authorization": scheme + TOKEN.encode()}), "churn")
        assert who.inbound(found) is None
    assert TOKEN not in repr(who)
    assert KEYS.keys() == {hashlib.sha256(TOKEN.encode()).digest()}


@pytest.mark.parametrize(
    "value",
    [None, b"", b"Bearer", b"Bearer ", b"Basic YTpi", TOKEN.encode(), b"Bearer  " + TOKEN.encode(), b"Bearer x" * 2000],
)
def test_what_is_no_credential(value):
    """R22: what is not exactly a credential is nobody."""
    found = Flow(plain(headers={b"authorization": value}), "churn")
    assert Identify(KEYS).inbound(found).problem is Problem.UNAUTHENTICATED
    assert found.identity is None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_authorisation_is_answered(value):
    """R22: whatever stands in the header, the answer is a refusal."""
    for text in (value, b"Bearer " + value, b"Bearer " + value + b"." + value + b"." + value):
        found = Flow(plain(headers={b"authorization": text}), "churn")
        who = Identify(KEYS, Tokens(()))
        assert who.inbound(found).problem is Problem.UNAUTHENTICATED


def test_new_keys():
    """A new key has 256 random bits; a password is not taken for one."""
    assert new_key() != new_key()
    assert len(hashed(new_key())) == 64
    for weak in ("password", "redan_short", TOKEN + "A", "", TOKEN[:-1] + "="):
        with pytest.raises(ConfigError):
            hashed(weak)
    for wrong in ("zz", "00", hashed(TOKEN) + "00"):
        with pytest.raises(ConfigError):
            by_digest({wrong: ALICE})
    with pytest.raises(ConfigError):
        by_digest({hashed(TOKEN): ALICE, hashed(TOKEN).upper(): BOB})


@pytest.mark.parametrize("kid", ["ed", "ec", "rsa"])
def test_tokens_are_known(pair, kid):
    """A token of each kind of key is known, for the first time and from memory."""
    who = guard(pair)
    sent = token(pair, kid)
    assert asked(sent, who) is ALICE
    assert asked(sent, who) is ALICE
    assert len(who._memory) == 1
    assert asked(token(pair, kid, sub="bob", aud=["other", AUD]), who) is BOB
    assert asked(TOKEN, who) is ALICE


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example.org"},
        {"iss": None},
        {"iss": ISS + "/"},
        {"aud": "other"},
        {"aud": None},
        {"aud": []},
        {"aud": ["other"]},
        {"exp": NOW - 6},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"nbf": NOW + 6},
        {"iat": NOW + 6},
        {"sub": "nobody"},
        {"sub": None},
        {"sub": ["alice"]},
        {"cnf": {"jkt": "x"}},
        {"cnf": {"x5t#S256": "x"}},
        {"cnf": {}},
    ],
)
def test_claims_are_checked(pair, changed):
    """Issuer, audience, times, subject and binding are as agreed, or the token is nobody's."""
    who = guard(pair)
    assert asked(token(pair, **changed), who) is None
    assert len(who._memory) == (changed.get("cnf") == {"x5t#S256": "x"}), "only what verifies is remembered"


def test_tokens_cease(pair):
    """A token that is remembered ceases to hold when it says so."""
    who = guard(pair)
    sent = token(pair, exp=NOW + 10)
    assert asked(sent, who) is ALICE
    assert asked(sent, who, now=NOW + 14) is ALICE
    assert asked(sent, who, now=NOW + 15) is None
    assert len(who._memory) == 0


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": True},
        {"jku": "https://evil.example.org"},
        {"x5u": "x"},
        {"cty": "JWT"},
        {"typ": "logout+jwt"},
        {"zip": "DEF"},
        {"kid": "other"},
        {"kid": "ec"},
        {"kid": ""},
        {"enc": "A128GCM"},
        {"jwk": {}},
        {"kid": 1},
        {"alg": "none"},
        {"alg": "HS256"},
        {"unknown": 1},
    ],
)
def test_headers_are_refused(pair, header):
    """R24: `crit`, embedded keys, other types and names of other keys are refused before anything is verified."""
    sent = token(pair).split(".")
    plain_header = json.loads(base64.urlsafe_b64decode(sent[0] + "=="))
    sent[0] = base64.urlsafe_b64encode(json.dumps(plain_header | header).encode()).decode().rstrip("=")
    key, _ = pair["ed"]
    raw = key.raw_value.sign(f"{sent[0]}.{sent[1]}".encode())
    sent[2] = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert asked(".".join(sent), guard(pair)) is None


def test_header_of_the_test_above_would_pass(pair):
    """The forged headers above fail for what is in them: the same with nothing added is known."""
    for header in ({}, {"typ": "at+jwt"}, {"typ": "JWT"}, {"x5t": "x"}):
        assert asked(token(pair, header=header), guard(pair)) is ALICE


def test_algorithm_confusion(pair):
    """R24, CVE-2024-37568: the public key as the secret of an HMAC verifies nothing."""
    public = pair["rsa"][0].as_pem(private=False)
    forged = jwt.encode(
        {"alg": "HS256", "kid": "rsa"},
        {"iss": ISS, "aud": AUD, "sub": "alice", "exp": NOW + 300},
        jwk.OctKey.import_key(public[27:]),
        algorithms=["HS256"],
    )
    assert asked(forged, guard(pair)) is None
    assert asked(token(pair, "rsa", {"alg": "PS256"}), guard(pair)) is None, "the key is pinned to RS256"


def test_encrypted_tokens_are_off(pair):
    """R24, CVE-2025-62706: what is encrypted or compressed is not even opened."""
    assert asked(b"a.b.c.d.e", guard(pair)) is None
    assert asked(token(pair) + ".", guard(pair)) is None
    assert asked("A" * 9000, guard(pair)) is None
    long = token(pair, note="x" * 5000)
    assert asked(long, guard(pair)) is None


def test_whole_tokens_are_the_key(pair):
    """R21: tokens that share all but one character, in any part, never share a memory."""
    who = guard(pair)
    sent = token(pair)
    assert asked(sent, who) is ALICE
    for at in range(0, len(sent), 7):
        other = sent[:at] + ("A" if sent[at] != "A" else "B") + sent[at + 1 :]
        assert asked(other, who) is None, at
    assert asked(sent + "A", who) is None
    assert asked(sent[:20] + "x" * 40, who) is None
    assert len(who._memory) == 1


def test_memory_is_bounded(pair):
    """Many tokens push the oldest out; all are still known."""
    who = guard(pair, remembered=4)
    many = [token(pair, jti=str(i)) for i in range(10)]
    for sent in many:
        assert asked(sent, who) is ALICE
        assert len(who._memory) <= 4
    assert asked(many[0], who) is ALICE


def test_key_sets_are_checked(pair):
    """A set whose keys have no names, no algorithm, a wrong or a weak one, is a mistake of the settings."""
    assert token_keys(jwks(pair)).keys() == {"ed", "ec", "rsa"}
    with pytest.warns(match="2048"):
        weak = jwk.RSAKey.import_key(_pem(rsa.generate_private_key(65537, 1024)))
    one = {"ed": pair["ed"]}
    for wrong in (
        jwks(one, alg=None),
        jwks(one, alg="HS256"),
        jwks(one, alg="none"),
        jwks(one, alg="ES256"),
        jwks(one, kid=""),
        jwks(one, kid=1),
        jwks(one, x="!"),
        jwks(one, use="enc"),
        jwks(pair, kid="same"),
        b"",
        b"[]",
        b'{"keys":1}',
        b'{"keys":[1]}',
        b'{"keys":[]}',
        jwks({"rsa": (weak, "RS256")}),
        json.dumps({"keys": [{"kty": "oct", "k": "AAAA", "kid": "a", "alg": "HS256"}]}).encode(),
        b"[" * 100000,
    ):
        with pytest.raises(ConfigError):
            token_keys(wrong)
    assert token_keys(jwks(one).replace(b'"alg": "Ed25519"', b'"note": "x"'), default="EdDSA")["ed"].alg == "EdDSA"


def test_old_name_of_ed25519(pair):
    """Issuers that still say EdDSA are known, when their key says so, too."""
    keys = token_keys(jwks({"ed": (pair["ed"][0], "EdDSA")}))
    who = Identify({}, Tokens((Issuer(ISS, AUD, keys, people),)))
    with pytest.warns(match="EdDSA"):
        sent = token(pair, header={"alg": "EdDSA"})
    assert asked(sent, who) is ALICE
    assert asked(token(pair), who) is None


def test_issuers_keep_to_their_keys(pair):
    """A token of the one issuer, signed with the key of the other, is nobody's."""
    one, two = {"ed": pair["ed"]}, {"ec": pair["ec"]}
    issuers = (
        Issuer(ISS, AUD, token_keys(jwks(one)), people),
        Issuer("https://two", AUD, token_keys(jwks(two)), people),
    )
    who = Identify({}, Tokens(issuers))
    assert asked(token(pair, "ed"), who) is ALICE
    assert asked(token(pair, "ec"), who) is None
    assert asked(token(pair, "ec", iss="https://two"), who) is ALICE
    with pytest.raises(ConfigError):
        Tokens((issuers[0], issuers[0]))


PROXY_SECRET = b"p" * 40


def certificate(names=("alice.example.org",), uris=(), start=-1, end=1):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bob.example.org")])
    now = dt.datetime.fromtimestamp(NOW, dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now + dt.timedelta(hours=start))
        .not_valid_after(now + dt.timedelta(hours=end))
    )
    if names or uris:
        alternative = [*map(x509.DNSName, names), *map(x509.UniformResourceIdentifier, uris)]
        built = built.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def told(der):
    return b":" + base64.b64encode(der) + b":"


def behind_proxy(identities=None, **more):
    identities = {"dns:alice.example.org": ALICE, "uri:spiffe://x/bob": BOB} if identities is None else identities
    return Identify(KEYS, None, Certificates(identities, frozenset({"10.0.0.1"}), secret_digest(PROXY_SECRET), **more))


def by_proxy(der, who, **more):
    return asked(None, who, **{"client_cert": told(der), "x_redan_proxy": PROXY_SECRET, "peer": "10.0.0.1"} | more)


def test_certificates_of_the_proxy():
    """A certificate is known by its names or its digest, not by its common name."""
    der = certificate()
    assert by_proxy(der, behind_proxy()) is ALICE
    assert by_proxy(certificate((), ("spiffe://x/bob",)), behind_proxy()) is BOB
    assert by_proxy(der, behind_proxy({hashlib.sha256(der).digest(): BOB})) is BOB
    assert by_proxy(certificate(("other.example.org",)), behind_proxy()) is None
    assert by_proxy(certificate(()), behind_proxy({"dns:bob.example.org": BOB})) is None
    both = certificate(("alice.example.org",), ("spiffe://x/bob",))
    assert by_proxy(both, behind_proxy()) is None, "a certificate of two clients is nobody's"


@pytest.mark.parametrize(
    "more",
    [{"peer": "10.0.0.2"}, {"peer": ""}, {"x_redan_proxy": b"q" * 40}, {"x_redan_proxy": b""}, {"x_redan_proxy": None}],
)
def test_certificates_of_others(more):
    """The header of anybody but the proxy is no certificate, and remembers none."""
    who, der = behind_proxy(), certificate()
    assert by_proxy(der, who, **more) is None
    assert by_proxy(der, who) is ALICE
    assert by_proxy(der, who, **more) is None


def test_certificates_over_a_socket():
    """Behind a Unix socket there is no address, and no secret is needed; an address is not the socket."""
    who = Identify({}, None, Certificates({"dns:alice.example.org": ALICE}))
    assert asked(None, who, client_cert=told(certificate()), peer="") is ALICE
    assert asked(None, who, client_cert=told(certificate()), peer="127.0.0.1") is None


def test_certificates_in_their_time():
    """A certificate that does not hold yet, or any more, is nobody's, also from memory."""
    who = behind_proxy()
    assert by_proxy(certificate(start=-2, end=-1), who) is None
    assert by_proxy(certificate(start=1, end=2), who) is None
    der = certificate()
    assert by_proxy(der, who) is ALICE
    assert by_proxy(der, who, now=NOW + 3601) is None


@pytest.mark.parametrize(
    "value", [b"", b":", b"::", b":AAAA:", b"AAAA", b":*:", b"x" * 20000, b":" + b"A" * 400 + b":"]
)
def test_what_is_no_certificate(value):
    """What cannot be read is nobody's."""
    assert asked(None, behind_proxy(), client_cert=value, x_redan_proxy=PROXY_SECRET, peer="10.0.0.1") is None


def test_certificates_of_envoy():
    """The Hash of Envoy's header names the certificate; two hops, or text that only looks like it, name none."""
    digest = hashlib.sha256(b"der").digest()
    who = behind_proxy({digest: ALICE}, header=XFCC)
    named = digest.hex().encode()

    def sent(value):
        return asked(None, who, x_forwarded_client_cert=value, x_redan_proxy=PROXY_SECRET, peer="10.0.0.1")

    assert sent(b"Hash=" + named) is ALICE
    assert sent(b"By=spiffe://x;Hash=" + named + b';Subject="CN=a";URI=spiffe://y') is ALICE
    for wrong in (
        b"Hash=" + named + b",Hash=" + b"0" * 64,
        b'Subject="Hash=' + named + b'"',
        b"Hash=" + named[:-1],
        b'Subject="a;Hash=' + named + b'"',
        b"Hash=00;Hash=" + named,
    ):
        assert sent(wrong) is None, wrong


def test_two_credentials_agree(pair):
    """A certificate and a key of different clients are nobody's; of the same, they are its."""
    who = behind_proxy()
    more = {"client_cert": told(certificate()), "x_redan_proxy": PROXY_SECRET, "peer": "10.0.0.1"}
    assert asked(TOKEN, who, **more) is ALICE
    assert asked(TOKEN, who, **more | {"client_cert": told(certificate((), ("spiffe://x/bob",)))}) is None
    assert asked("wrong", who, **more) is None


def test_bound_tokens(pair):
    """RFC 8705: a token that is bound to a certificate is of no use without it, or with another."""
    der, other = certificate(), certificate()
    print_of = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    bound = token(pair, cnf={"x5t#S256": print_of})
    who = Identify({}, guard(pair).tokens, behind_proxy().certificates)
    more = {"x_redan_proxy": PROXY_SECRET, "peer": "10.0.0.1"}
    assert asked(bound, who, client_cert=told(der), **more) is ALICE
    assert asked(bound, who, client_cert=told(other), **more) is None
    assert asked(bound, who, **more) is None


@pytest.mark.parametrize(
    "more",
    [
        {"proxies": frozenset({"10.0.0.1"})},
        {"secret": b"x" * 32},
        {"proxies": frozenset({""}), "secret": b"x" * 32},
        {"header": b"x-ssl-cert"},
    ],
)
def test_settings_that_believe_anybody(more):
    """An address without a secret, a secret without an address, and unknown headers are mistakes of the settings."""
    with pytest.raises(ConfigError):
        Certificates({}, **more)
    with pytest.raises(ConfigError):
        secret_digest(b"short")


def test_limits_follow_the_principal(pair):
    """R26: two tokens of one principal are one, and two principals behind one address are two."""
    who = guard(pair)
    assert (
        asked(token(pair, jti="1"), who).principal
        == asked(token(pair, jti="2"), who).principal
        == asked(TOKEN, who, peer="10.9.9.9").principal
    )
    assert asked(token(pair, sub="bob"), who).principal == "bob"
