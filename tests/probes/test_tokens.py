"""A client that is known by JSON Web Tokens: those that are altered, confused, spent or made for another are refused."""

import json
import time

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from joserfc import jwk, jwt

from gateway import houses
from gateway.test_guarded import CLIENTS, SECRET, project
from guards.test_identity import _pem
from redan.exchange.signature_keys import HmacKey
from redan.probes import Credentials, Target, probe
from redan.terms import Outcome

ISSUER = """
[[client.token]]
issuer = "corp"
subject = "alice-service"

[[issuer]]
name = "corp"
issuer = "https://login.example.org"
audience = "redan"
jwks = "jwks.json"
alg = "Ed25519"
"""
ONLY = {
    "altered-token",
    "expired-token",
    "other-audience",
    "confused-token",
    "twin-token",
    "no-credentials",
    "unsigned",
}


@pytest.fixture
def issuer(tmp_path):
    """A folder with a gateway that believes an issuer, and the issuer."""
    key = jwk.OKPKey.import_key(_pem(ed25519.Ed25519PrivateKey.generate()))
    folder = project(tmp_path / "p")
    (folder / "jwks.json").write_text(
        json.dumps({"keys": [key.as_dict(private=False) | {"kid": "k", "alg": "Ed25519"}]})
    )
    text = CLIENTS.replace('secret = "file:alice.secret"\n', f'secret = "file:alice.secret"\n{ISSUER}')
    (folder / "clients.toml").write_text(text)

    def token(**changed):
        now = int(time.time())
        claims = {
            "iss": "https://login.example.org",
            "aud": "redan",
            "sub": "alice-service",
            "iat": now,
            "exp": now + 300,
        }
        return jwt.encode({"alg": "Ed25519", "kid": "k"}, claims | changed, key, algorithms=["Ed25519"])

    return folder, token


def test_tokens_that_are_not_good_are_refused(issuer):
    """R21, R24: nothing is broken and nothing is left open, and the answers that only an issuer's tokens bring are there."""
    folder, token = issuer
    mine = Credentials(token(), "alice-1", HmacKey(SECRET), token(exp=int(time.time()) - 600), token(aud="other"))
    with houses.gateway(folder) as made, houses.listening(made) as port:
        target = Target(url=f"http://127.0.0.1:{port}", model="churn", mine=mine, authority="api.example.org")
        found = {one.name: one.outcome for one in probe(target, rng=np.random.default_rng(0), only=ONLY).tried}
        spent = {one.name: one.outcome for one in probe(
            Target(url=target.url, model="churn", mine=mine._replace(expired=None), authority="api.example.org"),
            rng=np.random.default_rng(0), only={"expired-token"}).tried}  # fmt: skip
    assert found == dict.fromkeys(ONLY, Outcome.HOLDS)
    assert spent == {"expired-token": Outcome.NOT_RUN}
