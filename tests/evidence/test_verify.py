"""A pack verifies with nothing but the public key, and no part of it can change unnoticed."""

import copy
import json
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from evidence.evidence_cases import AT, CONTROLS, RESULTS, bench
from redan.canon import canonical, digest, digest_of
from redan.errors import InvalidError
from redan.evidence import verify
from redan.evidence.form import PACK_LIMIT_BYTES
from redan.ledger.store import Ledger
from redan.seal import dsse, keys

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="module", params=["ed25519", "p256"])
def signed(request, tmp_path_factory):
    """A pack of two controls and the public key of its signer."""
    made = bench(tmp_path_factory.mktemp("signed"), request.param)
    return made.pack(), made.signer.public


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A pack of one control, and its bench."""
    made = bench(tmp_path_factory.mktemp("small"))
    return made.pack(replace(RESULTS, controls=CONTROLS[1:])), made


def refused(pack: bytes, key) -> InvalidError:
    """The error with which a pack is refused."""
    with pytest.raises(InvalidError) as caught:
        verify(pack, key)
    return caught.value


def edited(pack: bytes, edit) -> bytes:
    """The canonical pack after an edit of its value."""
    value = json.loads(pack)
    edit(value)
    return canonical(value)


def test_an_honest_pack_gives_back_the_results(signed):
    """What comes out is what went in, with the policy before the results and the log's head."""
    pack, key = signed
    verified = verify(pack, key)
    assert verified.results == RESULTS
    assert verified.registered == AT
    assert (verified.policy_index, verified.first_index) == (3, 5)
    assert verified.checkpoint.size == 9
    assert verified.checkpoint.origin == "example.com/churn"
    assert verified.key_id == key.key_id
    assert verified.statements == 5
    listed = {json.dumps(entry["envelope"]): entry["envelope"] for entry in json.loads(pack)["evidence"]}
    assert sorted(verified.evidence.values()) == sorted(digest_of(envelope) for envelope in listed.values())


def assert_every_flip_is_refused(pack: bytes, key, mask: int, positions: range) -> None:
    """Each position flipped alone makes the pack invalid, with a part named."""
    for position in positions:
        flipped = bytearray(pack)
        flipped[position] ^= mask
        assert refused(bytes(flipped), key).where, f"byte {position}"


@pytest.mark.slow
@pytest.mark.parametrize("mask", [0x01, 0x20])
def test_no_byte_can_change_unnoticed(small, mask):
    """Every position of the file is flipped, its lowest bit and its case."""
    pack, made = small
    assert_every_flip_is_refused(pack, made.signer.public, mask, range(len(pack)))


@pytest.mark.parametrize(("mask", "first"), [(0x01, 0), (0x02, 5), (0x20, 9)])
def test_no_sampled_byte_can_change_unnoticed(small, mask, first):
    """The same on every seventeenth byte, for every run of the tests."""
    pack, made = small
    assert_every_flip_is_refused(pack, made.signer.public, mask, range(first, len(pack), 17))


@given(position=st.integers(0, 1 << 20), byte=st.integers(1, 255))
def test_no_random_change_goes_unnoticed(signed, position, byte):
    """Any byte replaced by any other is refused, for both kinds of keys."""
    pack, key = signed
    changed = bytearray(pack)
    changed[position % len(pack)] ^= byte
    assert refused(bytes(changed), key).exit_code == 4


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_no_base64_slack_is_left(small, place):
    """The unused low bits of the last base64 digit of payload, signature, proof hash and checkpoint are refused."""
    pack, made = small
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    def slack(text: str) -> str:
        cut = len(text.rstrip("="))
        assert cut < len(text), "the case needs padding"
        return text[: cut - 1] + digits[digits.index(text[cut - 1]) + 1] + text[cut:]

    def edit(value):
        entries = [*value["evidence"], value["result"], value["run"], value["policy"]]
        entry = next((e for e in entries if e["envelope"]["payload"].endswith("=")), entries[0])
        envelope, lines = entry["envelope"], entry["receipt"].split("\n")
        if place == 0:
            envelope["payload"] = slack(envelope["payload"])
        elif place == 1:
            envelope["signatures"][0]["sig"] = slack(envelope["signatures"][0]["sig"])
        elif place == 2:
            lines[2] = slack(lines[2])
        else:
            head, _, line = lines[-2].rpartition(" ")
            lines[-2] = f"{head} {slack(line)}"
        entry["receipt"] = "\n".join(lines)

    if place == 0 and not any(e["envelope"]["payload"].endswith("=") for e in [*json.loads(pack)["evidence"]]):
        pack = small_with_padding(made)
    assert refused(edited(pack, edit), made.signer.public).where


def small_with_padding(made) -> bytes:
    """A pack in which a payload ends in padding."""
    for length in range(1, 4):
        pack = made.pack(replace(RESULTS, controls=CONTROLS[1:], tool="0" * length))
        if any(e["envelope"]["payload"].endswith("=") for e in json.loads(pack)["evidence"]):
            return pack
    raise AssertionError("one of three lengths has padding")


def test_a_malleated_ecdsa_signature_is_refused(tmp_path):
    """(r, n - s) is as valid as (r, s) to ECDSA; the ledger entry covers the signature's bytes, so it is noticed."""
    made = bench(tmp_path, "p256")
    pack = made.pack()

    def edit(value):
        envelope = value["evidence"][0]["envelope"]
        r, s = decode_dss_signature(b64decode(envelope["signatures"][0]["sig"]))
        twin = encode_dss_signature(r, P256_ORDER - s)
        made.signer.public.verify(twin, dsse.pae(envelope["payloadType"], b64decode(envelope["payload"])))
        envelope["signatures"][0]["sig"] = b64encode(twin).decode()

    error = refused(edited(pack, edit), made.signer.public)
    assert error.where == "evidence 0 (A-MLSG-002-D002)"


@pytest.mark.parametrize("keep", [0, 1, 100, -1, -2, -100])
def test_truncation_is_refused(signed, keep):
    """A pack cut anywhere is refused."""
    pack, key = signed
    assert refused(pack[:keep], key).where == "pack"


@pytest.mark.parametrize("tail", [b"\n", b" ", b"\0", b"{}", b"//"])
def test_trailing_bytes_are_refused(signed, tail):
    """Nothing may follow the pack."""
    pack, key = signed
    assert refused(pack + tail, key).where == "pack"


def test_a_foreign_key_is_refused(signed):
    """Another signer's key opens nothing, and the closing statement is named."""
    pack, _ = signed
    assert refused(pack, keys.generate("ed25519").public).where == "run"
    assert refused(pack, keys.generate("p256").public).where == "run"


EDITS = {
    "swapped": (lambda v: v["evidence"].reverse(), "evidence 0 (A-MLSG-002-D002)"),
    "removed": (lambda v: v["evidence"].pop(), "evidence"),
    "removed first": (lambda v: v["evidence"].pop(0), "evidence"),
    "duplicated": (lambda v: v["evidence"].append(copy.deepcopy(v["evidence"][0])), "evidence 2"),
    "replaced by a twin": (lambda v: v["evidence"].__setitem__(1, v["evidence"][0]), "evidence"),
    "emptied": (lambda v: v["evidence"].clear(), "pack"),
    "policy for result": (lambda v: v.update(policy=v["result"]), "evidence"),
    "result for run": (lambda v: v.update(run=v["result"]), "run"),
    "result from evidence": (lambda v: v.update(result=v["evidence"][0]), "evidence"),
    "receipts exchanged": (
        lambda v: v["evidence"][0].update(receipt=v["evidence"][1]["receipt"]),
        "evidence 0 (A-MLSG-002-D002)",
    ),
    "receipt of the policy": (lambda v: v["run"].update(receipt=v["policy"]["receipt"]), "run"),
    "receipt dropped": (lambda v: v["policy"].update(receipt=""), "policy"),
    "extra in the receipt": (
        lambda v: v["policy"].update(receipt=v["policy"]["receipt"].replace("\nindex", "\nextra AAAA\nindex", 1)),
        "policy",
    ),
    "unknown field": (lambda v: v.update(note="trust me"), "pack"),
    "unknown field of an entry": (lambda v: v["run"].update(note="trust me"), "pack"),
    "unknown field of an envelope": (lambda v: v["run"]["envelope"].update(note="trust me"), "pack"),
    "key id": (lambda v: v["run"]["envelope"]["signatures"][0].update(keyid="0" * 64), "run"),
    "two signatures": (
        lambda v: v["run"]["envelope"]["signatures"].append(v["policy"]["envelope"]["signatures"][0]),
        "pack",
    ),
    "schema": (lambda v: v.update(schema="redan/pack/v2"), "pack"),
    "url-safe base64": (
        lambda v: v["run"]["envelope"].update(payload=v["run"]["envelope"]["payload"].rstrip("=") + "=" * 4),
        "run",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_entries_cannot_be_rearranged(signed, name):
    """Swapped, removed, duplicated, exchanged or extended entries are refused, and the entry is named."""
    pack, key = signed
    edit, where = EDITS[name]
    assert refused(edited(pack, edit), key).where == where


def test_duplicate_keys_are_refused(signed):
    """The same name twice in one object is refused, whichever value comes last."""
    pack, key = signed
    twice = pack.replace(b'"schema":"redan/pack/v1"', b'"schema":"redan/pack/v1","schema":"redan/pack/v1"')
    assert "twice" in refused(twice, key).what


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{}", b"[" * 100_000, b'{"schema":"redan/pack/v1"}', b"\xff", b"[1e999]", b'"' * 99_999],
    ids=["empty", "null", "array", "object", "deep", "bare", "not UTF-8", "infinite", "quotes"],
)
def test_what_is_no_pack_is_refused(signed, data):
    """Hostile bytes are invalid, never a crash."""
    assert refused(data, signed[1]).where == "pack"


def test_a_huge_file_is_refused_before_it_is_parsed(signed):
    """The size is bounded."""
    assert "larger" in refused(b" " * (PACK_LIMIT_BYTES + 1), signed[1]).what


@pytest.mark.parametrize("unit", [b"[],", b"{},", b"1,"])
def test_a_file_of_many_values_is_refused_before_it_is_parsed(signed, unit):
    """A million values are counted, not built: no parser runs over them."""
    hostile = b'{"schema":"redan/pack/v1","x":[' + unit * 1_000_000 + b"0]}"
    assert "more values" in refused(hostile, signed[1]).what


def test_the_first_differing_byte_is_named(signed):
    """A space that JSON allows is not canonical, and the message says where it stands."""
    pack, key = signed
    assert pack.startswith(b'{"evidence":[')
    assert "byte 12 on" in refused(pack[:12] + b" " + pack[12:], key).what


def forged(made, edit, at=1) -> bytes:
    """A pack whose signer misuses the key: one statement is rewritten and everything above it signed again."""
    value = json.loads(made.pack())
    entries = [value["policy"], *value["evidence"], value["result"], value["run"]]
    statements = [json.loads(b64decode(entry["envelope"]["payload"])) for entry in entries]
    edit(statements)
    envelopes = []
    for place, statement in enumerate(statements):
        if place == len(statements) - 1:
            for item, envelope in zip(statement["predicate"]["statements"], envelopes, strict=False):
                item["digest"]["sha256"] = digest_of(envelope)
        envelopes.append(dsse.seal(canonical(statement), "application/vnd.in-toto+json", made.signer))
    names = ["policy", "A-MLSG-002-D002", "A-MLSG-003-D001", "test-result", "stage:training"]
    kinds = ["policy", "evidence", "evidence", "evidence", "checked"]
    logged = [
        canonical({"type": kind, "at": "2026-06-01T12:00:05Z", "key": name, "sha256": digest_of(envelope)})
        for kind, name, envelope in zip(kinds, names, envelopes, strict=True)
    ]
    order = [*range(at, len(logged)), *range(at)] if at != 1 else list(range(len(logged)))
    start = made.ledger.append([logged[place] for place in order]).start
    for place, (entry, envelope) in enumerate(zip(entries, envelopes, strict=True)):
        entry.update(envelope=envelope, receipt=made.ledger.receipt(start + order.index(place)))
    return canonical(value)


def test_the_forger_of_the_tests_is_able(tmp_path):
    """Without an edit, what the forging helper signs again is accepted; the refusals below are not its own faults."""
    made = bench(tmp_path)
    assert verify(forged(made, lambda statements: None), made.signer.public).results == RESULTS


def test_a_policy_logged_after_the_results_is_refused(tmp_path):
    """The order of the ledger, not a clock, proves that the thresholds came first."""
    made = bench(tmp_path)
    error = refused(forged(made, lambda statements: None, at=2), made.signer.public)
    assert "registered after" in error.what


def change(path: str, value):
    """An edit that sets one field of one statement, by `number.key.key`."""

    def edit(statements):
        first, *keys_, last = path.split(".")
        place = statements[int(first)]
        for key in keys_:
            place = place[int(key) if key.isdecimal() else key]
        place[int(last) if last.isdecimal() else last] = value

    return edit


CONTRADICTIONS = {
    "outcome": (change("1.predicate.outcome", "holds"), "result"),
    "passed": (change("1.predicate.findings.0.passed", True), "evidence 0 (A-MLSG-002-D002)"),
    "fingerprint": (change("1.predicate.findings.0.fingerprint", "0" * 32), "evidence 0 (A-MLSG-002-D002)"),
    "check of another control": (
        change("1.predicate.findings.0.check", "A-MLSG-003-D001/x"),
        "evidence 0 (A-MLSG-002-D002)",
    ),
    "seed": (change("2.predicate.run.seed", 8), "evidence 1 (A-MLSG-003-D001)"),
    "policy": (change("2.predicate.policy.digest.sha256", "0" * 64), "evidence 1 (A-MLSG-003-D001)"),
    "description": (change("2.subject.2.digest.sha256", "0" * 64), "evidence 1 (A-MLSG-003-D001)"),
    "control": (change("2.predicate.control.id", "A-MLSG-003-D002"), "evidence 1 (A-MLSG-003-D001)"),
    "thresholds": (change("0.predicate.policy.thresholds.A-MLSG-003-D001", 0.5), "policy"),
    "registered later": (change("0.predicate.at", "2026-06-01T12:00:06Z"), "policy"),
    "no such day": (change("0.predicate.at", "2026-02-31T12:00:06Z"), "policy"),
    "result": (change("3.predicate.result", "PASSED"), "result"),
    "artifact of the result": (change("3.subject.0.digest.sha256", "0" * 64), "result"),
    "stage": (change("4.predicate.run.stage", "operation"), "evidence 0 (A-MLSG-002-D002)"),
    "subject of the run": (change("4.subject.0.name", "model"), "evidence 0 (A-MLSG-002-D002)"),
    "unknown field": (change("1.predicate.note", "trust me"), "evidence 0 (A-MLSG-002-D002)"),
    "wrong type": (change("1.predicate.run.seed", "7"), "evidence 0 (A-MLSG-002-D002)"),
    "predicate type": (change("1.predicateType", "https://example.com/v1"), "evidence 0 (A-MLSG-002-D002)"),
    "statement type": (change("1._type", "https://in-toto.io/Statement/v2"), "evidence 0 (A-MLSG-002-D002)"),
    "no subject": (change("1.subject", []), "evidence 0 (A-MLSG-002-D002)"),
    "number for a digest": (change("1.subject.0.digest.sha256", 5), "evidence 0 (A-MLSG-002-D002)"),
    "list of names": (change("4.predicate.statements.1.name", "A-MLSG-003-D001"), "run"),
    "closing without policy": (change("4.predicate.statements.0.name", "rules"), "run"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_signed_contradictions_are_refused(tmp_path, name):
    """Even what the key holder signed must agree with itself, and the contradicting statement is named."""
    edit, where = CONTRADICTIONS[name]
    made = bench(tmp_path)
    assert refused(forged(made, edit), made.signer.public).where == where


def test_receipts_of_two_ledgers_are_refused(tmp_path):
    """All receipts are proven under one checkpoint; a second log of the same key does not count."""
    made = bench(tmp_path)
    pack = made.pack()
    other = Ledger.open(tmp_path / "other", made.signer, origin="example.com/other")
    other.append([made.ledger.entry(index) for index in range(made.ledger.size)])

    def edit(value):
        value["result"]["receipt"] = other.receipt(7)

    error = refused(edited(pack, edit), made.signer.public)
    assert error.where == "result"
    assert "another checkpoint" in error.what


def test_it_verifies_in_an_empty_folder(tmp_path, signed):
    """Another process, in a folder with nothing but the pack and the public key, accepts it and refuses a changed one."""
    pack, key = signed
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "evidence.json").write_bytes(pack)
    (folder / "key.pub").write_text(key.pem)
    code = (
        "import sys; from pathlib import Path; from redan.evidence import verify; from redan.seal.keys import load_public\n"
        "print(verify(Path('evidence.json').read_bytes(), load_public(Path('key.pub'))).results.system_name)"
    )
    source = Path(__file__).resolve().parents[2] / "src"
    start = [sys.executable, "-c", code]
    done = subprocess.run(
        start, cwd=folder, env={"PYTHONPATH": str(source)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "Churn"), done.stderr
    (folder / "evidence.json").write_bytes(pack.replace(b"redan/pack/v1", b"redan/pack/v0"))
    done = subprocess.run(
        start, cwd=folder, env={"PYTHONPATH": str(source)}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "InvalidError" in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["evidence.json", "key.pub"]
    shutil.rmtree(folder)


def test_a_pack_names_no_row(signed):
    """A pack holds digests of artifacts, and their bytes nowhere."""
    pack, _ = signed
    assert digest(b"t").encode() not in pack  # payloads are base64: digests stand inside them
    inside = b"".join(b64decode(e["envelope"]["payload"]) for e in json.loads(pack)["evidence"])
    assert digest(b"t").encode() in inside
