"""Signature verification against Project Wycheproof's vectors: every malformed or forged signature is refused."""

import json
from pathlib import Path

import pytest

from redan.errors import InvalidError
from redan.seal.keys import parse_public

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "wycheproof"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ecdsa_secp256r1_sha256.json", "p256"),
        ("ecdsa_secp384r1_sha384.json", "p384"),
        ("ed25519.json", "ed25519"),
    ],
    ids=["p256", "p384", "ed25519"],
)
def test_verdicts_are_those_of_wycheproof(name, kind):
    """Each signature is accepted exactly when the vector says that it is valid."""
    path = VECTORS / name
    if not path.exists():
        pytest.skip("Wycheproof vectors are not at ../shared/vectors/wycheproof")
    wrong, seen = [], 0
    for group in json.loads(path.read_bytes())["testGroups"]:
        key = parse_public(group["publicKeyPem"].encode())
        assert key.kind == kind
        for case in group["tests"]:
            seen += 1
            try:
                key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
                verdict = "valid"
            except InvalidError:
                verdict = "invalid"
            if verdict != case["result"]:
                wrong.append((case["tcId"], case["comment"], case["result"], verdict))
    assert wrong == []
    assert seen > 100
