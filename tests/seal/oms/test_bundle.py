"""Bundles of anyone: read completely or refused, never crashed on."""

import base64
import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import InvalidError, RedanError
from redan.seal.oms import bundle, trusting
from seal.oms_cases import P256, SHARED, signed, stated

GOOD = json.loads(signed(stated([{"name": "f", "digest": "00" * 32, "algorithm": "sha256"}]), P256))
FUZZ = Path(__file__).resolve().parents[3] / "fuzz" / "fuzz_oms_bundle.py"


def changed(*path, value=None, drop=False):
    """The good bundle with one member replaced or gone."""
    copy = json.loads(json.dumps(GOOD))
    at = copy
    for key in path[:-1]:
        at = at[key]
    if drop:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return json.dumps(copy).encode()


SIG = ("dsseEnvelope", "signatures", 0)
HOSTILE = {
    "nothing": b"",
    "not JSON": b"\x80\x04K\x01.",
    "null": b"null",
    "list": b"[]",
    "text": b'"seal"',
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "double name": json.dumps(GOOD).encode().replace(b'"mediaType"', b'"mediaType": 1, "mediaType"', 1),
    "two values": json.dumps(GOOD).encode() * 2,
    "byte order mark": b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
    "UTF-16": json.dumps(GOOD).encode("utf-16"),
    "NaN": b'{"mediaType": NaN}',
    "no media type": changed("mediaType", drop=True),
    "other media type": changed("mediaType", value="application/json"),
    "older media type": changed("mediaType", value="application/vnd.dev.sigstore.bundle+json;version=0.2"),
    "no envelope": changed("dsseEnvelope", drop=True),
    "message signature": changed("messageSignature", value={}),
    "extra member": changed("extra", value=1),
    "no material": changed("verificationMaterial", drop=True),
    "material no object": changed("verificationMaterial", value=[]),
    "two methods": changed("verificationMaterial", "certificate", value={"rawBytes": ""}),
    "unknown method": changed("verificationMaterial", value={"pgp": {}}),
    "extra material": changed("verificationMaterial", "more", value=1),
    "log entries of a key": changed("verificationMaterial", "tlogEntries", value=[{}]),
    "log no list": changed("verificationMaterial", "tlogEntries", value={}),
    "timestamps of a key": changed(
        "verificationMaterial", "timestampVerificationData", value={"rfc3161Timestamps": [{}]}
    ),
    "no hint": changed("verificationMaterial", "publicKey", "hint", drop=True),
    "empty hint": changed("verificationMaterial", "publicKey", "hint", value=""),
    "hint no text": changed("verificationMaterial", "publicKey", "hint", value=7),
    "hint and bytes": changed("verificationMaterial", "publicKey", "rawBytes", value=""),
    "other hint": changed("verificationMaterial", "publicKey", "hint", value="00" * 32),
    "hint in capitals": changed("verificationMaterial", "publicKey", "hint", value=P256.public.key_id.upper()),
    "other payload type": changed("dsseEnvelope", "payloadType", value="application/json"),
    "extra envelope member": changed("dsseEnvelope", "more", value=1),
    "payload no text": changed("dsseEnvelope", "payload", value=7),
    "empty payload": changed("dsseEnvelope", "payload", value=""),
    "payload not base64": changed("dsseEnvelope", "payload", value="ä" * 8),
    "payload with white space": changed("dsseEnvelope", "payload", value=GOOD["dsseEnvelope"]["payload"] + "\n"),
    "payload without padding": changed("dsseEnvelope", "payload", value="eA"),
    "payload with padding bits": changed("dsseEnvelope", "payload", value="eB=="),
    "payload in two alphabets": changed("dsseEnvelope", "payload", value="-_+/"),
    "no signature": changed("dsseEnvelope", "signatures", value=[]),
    "signatures no list": changed("dsseEnvelope", "signatures", value={}),
    "two signatures": changed("dsseEnvelope", "signatures", value=GOOD["dsseEnvelope"]["signatures"] * 2),
    "signature no object": changed("dsseEnvelope", "signatures", value=["x"]),
    "signature without sig": changed(*SIG, "sig", drop=True),
    "empty sig": changed(*SIG, "sig", value=""),
    "sig no text": changed(*SIG, "sig", value=1),
    "long sig": changed(*SIG, "sig", value="A" * 4096),
    "sig not base64": changed(*SIG, "sig", value="!!!!"),
    "zero sig": changed(*SIG, "sig", value=base64.b64encode(bytes.fromhex("3006020100020100")).decode()),
    "extra signature member": changed(*SIG, "more", value=1),
    "keyid with a word": changed(*SIG, "keyid", value="abc"),
    "keyid a number": changed(*SIG, "keyid", value=0),
    "keyid a list": changed(*SIG, "keyid", value=[]),
    "no certificates": changed("verificationMaterial", value={"x509CertificateChain": {"certificates": []}}),
    "many certificates": changed(
        "verificationMaterial", value={"x509CertificateChain": {"certificates": [{"rawBytes": "eA=="}] * 99}}
    ),
    "certificate no object": changed(
        "verificationMaterial", value={"x509CertificateChain": {"certificates": ["eA=="]}}
    ),
    "certificate no text": changed(
        "verificationMaterial", value={"x509CertificateChain": {"certificates": [{"rawBytes": 1}]}}
    ),
    "keyless without log": changed(
        "verificationMaterial", value={"certificate": {"rawBytes": "eA=="}, "tlogEntries": []}
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_bundles_end_in_one_line(case):
    """Every member that is missing, of another kind, doubled or extra is refused with a sentence."""
    from seal.oms_cases import NOW

    with pytest.raises(InvalidError) as caught:
        trusting.opened_seal(HOSTILE[case], P256.public, NOW)
    assert str(caught.value).isprintable()
    assert caught.value.remedy


def test_size_is_bounded():
    """A bundle that is too large is not parsed."""
    with pytest.raises(InvalidError, match="larger than"):
        bundle.parse(b" " * (bundle.BUNDLE_LIMIT_BYTES + 1))


@pytest.mark.parametrize("keyid", ["", None, ...])
def test_every_keyid_of_the_specification_is_accepted(keyid):
    """Section 4.1: absent, empty or null."""
    data = changed(*SIG, "keyid", drop=True) if keyid is ... else changed(*SIG, "keyid", value=keyid)
    assert bundle.parse(data) == bundle.parse(json.dumps(GOOD).encode())


def test_both_base64_alphabets_are_accepted():
    """DSSE: consumers accept standard and URL-safe encoding."""
    copy = json.loads(json.dumps(GOOD))
    payload = copy["dsseEnvelope"]["payload"]
    copy["dsseEnvelope"]["payload"] = payload.replace("+", "-").replace("/", "_")
    sig = copy["dsseEnvelope"]["signatures"][0]
    sig["sig"] = sig["sig"].replace("+", "-").replace("/", "_")
    assert bundle.parse(json.dumps(copy).encode()) == bundle.parse(json.dumps(GOOD).encode())


@pytest.mark.parametrize("absent", [True, False])
def test_log_entries_may_be_absent_or_empty(absent):
    """Section 11.1: both occur for keys."""
    data = (
        changed("verificationMaterial", "tlogEntries", drop=True)
        if absent
        else changed("verificationMaterial", "tlogEntries", value=[])
    )
    assert bundle.parse(data).method == "key"


def test_published_vectors_are_read_as_meant():
    """The specification's own valid bundles are read; its invalid ones that break a rule for verifiers are refused."""
    folder = SHARED / "vectors" / "oms" / "test-vectors" / "v1.0"
    if not folder.exists():
        pytest.skip("the OMS test vectors are not at ../shared/vectors/oms")
    found = {path.name: bundle.parse(path.read_bytes()).method for path in (folder / "valid").iterdir()}
    assert found == {
        "key.bundle.json": "key",
        "certificate.bundle.json": "certificate",
        "sigstore.bundle.json": "sigstore",
    }
    for path in [*(folder / "invalid").iterdir()]:
        with pytest.raises(InvalidError):
            bundle.parse(path.read_bytes())


def _target():
    spec = importlib.util.spec_from_file_location("fuzz_oms_bundle", FUZZ)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TARGET = _target()


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_refused_or_read_the_same_way(data):
    """The function that the fuzzer calls, on what hypothesis finds."""
    TARGET.TestOneInput(data)


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, len(TARGET.SEED) - 1), cut=st.integers(0, 40), put=st.binary(max_size=12))
def test_mutated_bundles_are_refused_or_read_the_same_way(at, cut, put):
    """The same, close to a real bundle."""
    TARGET.TestOneInput(TARGET.SEED[:at] + put + TARGET.SEED[at + cut :])


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["_type", "subject", "predicate", "predicateType", "name", "digest", "resources", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_signed_statement_is_refused_or_read(value):
    """A trusted but mistaken signer can state anything; the reader ends in a sentence."""
    from redan.seal.oms import statement

    try:
        statement.parse(json.dumps(value).encode())
    except RedanError as error:
        assert str(error).isprintable()
