"""Fuzz target: the evidence verifier takes any bytes and says valid or invalid, nothing else, and never wrongly valid.

Run with an outside fuzzer: python fuzz/fuzz_evidence_verifier.py [corpus folder]
The first byte chooses: raw bytes, an edit of a real pack's bytes, or an edit of its JSON.
"""

import datetime as dt
import functools
import json
import sys
import tempfile
from pathlib import Path

from redan.canon import canonical
from redan.errors import InvalidError
from redan.evidence import attest, policy_document, register_policy, verify
from redan.findings import Finding, Measure
from redan.ledger.store import Ledger
from redan.runner.records import ControlResult, Results
from redan.seal import keys
from redan.terms import Kind, Outcome, Stage

HEAD_BYTES = 4  # what to do, and where
AT = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


@functools.cache
def real() -> tuple[bytes, keys.PublicKey]:
    """A real pack and its key, made once."""
    policy = policy_document(
        require=None,
        thresholds={},
        waivers_sha256=None,
        baseline_sha256=None,
        catalogue_sha256="0" * 64,
        seed=0,
        budget="instant",
    )
    finding = Finding(
        check="A-MLSG-002-D002/rows-are-not-shared",
        subject="dataset:test",
        outcome=Outcome.HOLDS,
        message="no row is shared",
        measure=Measure(name="shared_rows", value=0.0, n=10, threshold=0.0),
    )
    control = ControlResult(
        control_id="A-MLSG-002-D002",
        kind=Kind.DO,
        title="Validation data comes from other sources than training data",
        outcome=Outcome.HOLDS,
        findings=(finding,),
        digests={"description": "1" * 64},
    )
    results = Results(
        system_name="fuzz",
        stage=Stage.DATA,
        controls=(control,),
        seed=0,
        at=AT,
        policy=policy,
        tool="0",
        description_sha256="1" * 64,
    )
    signer = keys.generate("ed25519")
    with tempfile.TemporaryDirectory() as folder, Ledger.open(Path(folder) / "ledger", signer) as ledger:
        registered = register_policy(ledger, policy, signer, AT)
        return attest(results, signer, ledger=ledger, registered=registered), signer.public


def mutated(data: bytes) -> bytes:
    """The bytes to verify: raw, spliced into the real pack, or put in place of one of its JSON values."""
    pack, _ = real()
    if len(data) < HEAD_BYTES or data[0] % 3 == 0:
        return data[1:]
    place = int.from_bytes(data[1:HEAD_BYTES], "big")
    if data[0] % 3 == 1:
        start = place % len(pack)
        return pack[:start] + data[HEAD_BYTES:] + pack[start + len(data[HEAD_BYTES:]) :]
    value = json.loads(pack)
    spots = list(walk(value))
    holder, name = spots[place % len(spots)]
    try:
        holder[name] = json.loads(data[HEAD_BYTES:])
        return canonical(value)
    except (ValueError, RecursionError):
        return data[HEAD_BYTES:]


def walk(value):
    """Every place of a JSON value that can be replaced, as (holder, key)."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in list(pairs):
        yield value, name
        yield from walk(item)


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers look for
    """One input of the fuzzer; an accepted pack that is not the real one is a failure, as is any other exception."""
    pack, key = real()
    candidate = mutated(data)
    try:
        verify(candidate, key)
    except InvalidError:
        return
    if candidate != pack:
        raise RuntimeError("a changed pack was accepted")


def main() -> None:
    """Runs under atheris."""
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
