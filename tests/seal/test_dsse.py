"""DSSE envelopes: the specification's own vector, an outside verifier, and every kind of tampering."""

import base64
import copy
import json

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from redan.canon import canonical
from redan.errors import InvalidError
from redan.seal.dsse import PAYLOAD_LIMIT_BYTES, open_sealed, pae, seal
from redan.seal.keys import generate, load_signer, parse_public

TYPE = "application/vnd.in-toto+json"
SIGNERS = {kind: generate(kind) for kind in ("ed25519", "p256")}
OTHER = generate()

# DSSE 1.0.2, protocol.md, "Test Vectors": P-256, deterministic, signature as r || s.
SPEC_D = 97358161215184420915383655311931858321456579547487070936769975997791359926199
SPEC_TYPE = "http://example.com/HelloWorld"
SPEC_SIGNATURE = base64.b64decode(
    "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
)


@pytest.fixture(params=sorted(SIGNERS))
def signer(request):
    """One signer of each kind."""
    return SIGNERS[request.param]


def test_pae_is_the_specifications():
    """The encoding equals the one printed in the specification."""
    assert pae(SPEC_TYPE, b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


@given(st.text(max_size=20), st.binary(max_size=40), st.text(max_size=20), st.binary(max_size=40))
def test_pae_is_injective(type_a, body_a, type_b, body_b):
    """Two different pairs never encode to the same bytes."""
    assert (pae(type_a, body_a) == pae(type_b, body_b)) == ((type_a, body_a) == (type_b, body_b))


def test_the_specifications_signature_verifies_and_is_ours(tmp_path):
    """The vector's signature verifies, and the same key here signs the same (RFC 6979)."""
    key = ec.derive_private_key(SPEC_D, ec.SECP256R1())
    path = tmp_path / "key.pem"
    path.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()))
    path.chmod(0o600)
    ours = load_signer(path)
    r, s = (int.from_bytes(part, "big") for part in (SPEC_SIGNATURE[:32], SPEC_SIGNATURE[32:]))
    ours.public.verify(encode_dss_signature(r, s), pae(SPEC_TYPE, b"hello world"))
    assert decode_dss_signature(ours.sign(pae(SPEC_TYPE, b"hello world"))) == (r, s)


@given(st.binary(max_size=200))
def test_round_trip(payload):
    """What is sealed opens to the same bytes, strictly and leniently, through JSON."""
    for signer in SIGNERS.values():
        envelope = json.loads(canonical(seal(payload, TYPE, signer)))
        assert open_sealed(envelope, signer.public, TYPE) == payload
        assert open_sealed(envelope, signer.public, TYPE, canonical=True) == payload


@pytest.mark.peer
def test_an_outside_verifier_accepts_our_envelope(signer):
    """securesystemslib verifies what we seal."""
    dsse = pytest.importorskip("securesystemslib.dsse")
    keys = pytest.importorskip("securesystemslib.signer")
    envelope = dsse.Envelope.from_dict(copy.deepcopy(seal(b"{}", TYPE, signer)))
    public = form.load_pem_public_key(signer.public.pem.encode())
    key = keys.SSlibKey.from_crypto(public, keyid=signer.public.key_id)
    assert envelope.verify([key], 1)


def test_url_safe_base64_and_foreign_keyids_are_read(signer):
    """DSSE: verifiers accept both alphabets and decide nothing by keyid; the canonical mode refuses both."""
    envelope = seal(b"\xfb\xff\xfe", TYPE, signer)
    for change in (
        {"payload": "-__-"},
        {"signatures": [{"sig": envelope["signatures"][0]["sig"]}]},
        {"signatures": [{"sig": envelope["signatures"][0]["sig"], "keyid": None}]},
        {"signatures": [{"sig": envelope["signatures"][0]["sig"], "keyid": "of another"}]},
        {"extension": 1},
        {"signatures": [{"sig": "AAAA", "keyid": signer.public.key_id}, envelope["signatures"][0]]},
    ):
        changed = {**envelope, **change}
        assert open_sealed(changed, signer.public, TYPE) == b"\xfb\xff\xfe"
        with pytest.raises(InvalidError):
            open_sealed(changed, signer.public, TYPE, canonical=True)


@pytest.mark.parametrize("at", range(0, 400, 1))
def test_any_changed_character_is_noticed(at):
    """In canonical mode no character of the envelope's bytes can change, whatever it becomes."""
    signer = SIGNERS["ed25519"]
    data = canonical(seal(b"four", TYPE, signer))
    if at >= len(data):
        assert len(data) < 400
        return
    for replacement in (bytes([data[at] ^ 1]), bytes([data[at] ^ 0x20]), b"A", b"9", b" "):
        changed = data[:at] + replacement + data[at + 1 :]
        if changed == data:
            continue
        try:
            envelope = json.loads(changed)
        except ValueError:
            continue
        with pytest.raises(InvalidError):
            open_sealed(envelope, signer.public, TYPE, canonical=True)


def test_another_key_and_another_type_are_refused(signer):
    """A valid envelope of another key or type is invalid here, and the message says which."""
    envelope = seal(b"{}", TYPE, signer)
    with pytest.raises(InvalidError, match="signature is not valid"):
        open_sealed(envelope, OTHER.public, TYPE)
    with pytest.raises(InvalidError, match="not 'text/plain'"):
        open_sealed(envelope, signer.public, "text/plain")


def test_the_type_is_part_of_what_is_signed(signer):
    """A payload cannot be passed off as another type."""
    envelope = {**seal(b"{}", "text/plain", signer), "payloadType": TYPE}
    with pytest.raises(InvalidError, match="signature is not valid"):
        open_sealed(envelope, signer.public, TYPE)


GOOD = seal(b"{}", TYPE, SIGNERS["ed25519"])
HOSTILE = [
    (None, "not a JSON object"),
    ([], "not a JSON object"),
    ("text", "not a JSON object"),
    ({}, "payload is missing"),
    ({**GOOD, "payload": 1}, "payload is missing"),
    ({**GOOD, "payload": "é"}, "payload is not base64"),
    ({**GOOD, "payload": "e30"}, "payload is not base64"),
    ({**GOOD, "payloadType": None}, "payloadType is missing"),
    ({**GOOD, "payloadType": "x" * 5000}, "payloadType is missing"),
    ({**GOOD, "payloadType": "\ud800"}, "not Unicode"),
    ({**GOOD, "signatures": []}, "signatures are not a list"),
    ({**GOOD, "signatures": {}}, "signatures are not a list"),
    ({**GOOD, "signatures": GOOD["signatures"] * 17}, "signatures are not a list"),
    ({**GOOD, "signatures": [1]}, "no text `sig`"),
    ({**GOOD, "signatures": [{"sig": 1}]}, "no text `sig`"),
    ({**GOOD, "signatures": [{"sig": "A" * 4000}]}, "no text `sig`"),
    ({**GOOD, "signatures": [{"sig": "*"}]}, "signature is not base64"),
    ({**GOOD, "signatures": [{"sig": ""}]}, "signature is not valid"),
]


@pytest.mark.parametrize(("envelope", "message"), HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("strict", [False, True])
def test_hostile_envelopes_are_named(envelope, message, strict):
    """Each malformed envelope is invalid and the message says what is wrong."""
    with pytest.raises(InvalidError, match=message):
        open_sealed(envelope, SIGNERS["ed25519"].public, TYPE, canonical=strict)


def test_size_is_bounded(signer):
    """A payload above the limit is neither sealed nor decoded."""
    with pytest.raises(InvalidError, match="larger than"):
        seal(bytes(PAYLOAD_LIMIT_BYTES + 1), TYPE, signer)
    huge = {**GOOD, "payload": "A" * (PAYLOAD_LIMIT_BYTES * 4 // 3 + 8)}
    with pytest.raises(InvalidError, match="too large"):
        open_sealed(huge, signer.public, TYPE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "sig", "keyid"]), inner),
    max_leaves=12,
)


@given(JSON)
def test_no_json_value_crashes_the_verifier(value):
    """Whatever JSON arrives, the answer is InvalidError."""
    with pytest.raises(InvalidError):
        open_sealed(value, SIGNERS["p256"].public, TYPE)


def test_parsing_starts_from_verified_bytes():
    """A public key read from text opens what its private half sealed; the payload is returned as bytes."""
    signer = SIGNERS["p256"]
    key = parse_public(signer.public.pem.encode())
    assert open_sealed(seal(b"[1]", TYPE, signer), key, TYPE, canonical=True) == b"[1]"
