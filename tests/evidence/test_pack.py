"""What is attested must have been registered, and nothing is packed that would not verify."""

import json
import threading
from dataclasses import replace

import pytest

from evidence.evidence_cases import AT, CONTROLS, HOLDS, RESULTS, bench, control
from redan.canon import canonical
from redan.errors import InvalidError, UsageError
from redan.evidence import attest, history, verify
from redan.findings import Measure
from redan.ledger.store import Ledger
from redan.seal import keys
from redan.terms import Outcome, Stage


def test_the_same_run_gives_the_same_statements(tmp_path):
    """Statements depend on the run alone: two ledgers of one Ed25519 key hold the same envelopes."""
    signer = keys.generate("ed25519")
    packs = []
    for name in ("one", "two"):
        made = bench(tmp_path / name)
        made.signer, made.ledger = signer, Ledger.open(tmp_path / name / "own", signer, origin=f"example.com/{name}")
        packs.append(json.loads(made.pack()))
    first, second = ([entry["envelope"] for entry in pack["evidence"]] for pack in packs)
    assert first == second


def test_a_pack_is_canonical(tmp_path):
    """The file is RFC 8785 bytes."""
    pack = bench(tmp_path).pack()
    assert canonical(json.loads(pack)) == pack


def test_the_run_is_in_the_history(tmp_path):
    """The closing entry says during which stage checks ran."""
    made = bench(tmp_path)
    made.pack()
    assert history(made.ledger).stages_checked() == {Stage.TRAINING}


def test_an_unregistered_policy_is_not_attested(tmp_path):
    """Results of another policy than the registered one, or of another ledger, are no evidence."""
    made = bench(tmp_path)
    registered = made.registered()
    size = made.ledger.size
    with pytest.raises(UsageError, match="registered policy"):
        attest(replace(RESULTS, policy={"require": []}), made.signer, ledger=made.ledger, registered=registered)
    other = bench(tmp_path / "other")
    with pytest.raises(UsageError, match="not registered in this ledger"):
        attest(RESULTS, made.signer, ledger=other.ledger, registered=registered)
    assert made.ledger.size == size


def test_a_run_without_controls_is_no_evidence(tmp_path):
    """Nothing asked is nothing shown."""
    with pytest.raises(UsageError, match="without controls"):
        bench(tmp_path).pack(replace(RESULTS, controls=()))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_refused(tmp_path, value):
    """NaN and infinity have no canonical bytes: one clear line, and nothing is appended."""
    made = bench(tmp_path)
    bad = replace(HOLDS, measure=Measure(name="relevance", value=value))
    with pytest.raises(UsageError):
        made.pack(replace(RESULTS, controls=(control("A-MLSG-003-D001", bad, outcome=Outcome.HOLDS),)))
    assert made.ledger.size == 5


def test_an_artifact_that_changed_during_the_run_is_refused(tmp_path):
    """Two controls must have read the same bytes under one name."""
    twin = replace(CONTROLS[1], digests={**CONTROLS[1].digests, "DatasetFile dataset:train": "0" * 64})
    with pytest.raises(UsageError, match="changed during the run"):
        bench(tmp_path).pack(replace(RESULTS, controls=(CONTROLS[0], twin)))


def test_a_ledger_of_another_key_is_noticed(tmp_path):
    """A pack whose receipts another key signed would not verify, so it is not given out."""
    made = bench(tmp_path)
    registered = made.registered()
    with pytest.raises(InvalidError):
        attest(RESULTS, keys.generate("ed25519"), ledger=made.ledger, registered=registered)


def test_other_writers_do_not_disturb(tmp_path):
    """While another process appends, all receipts of a pack still carry one checkpoint."""
    made = bench(tmp_path)
    other = Ledger.open(tmp_path / "ledger", made.signer)
    done = threading.Event()

    def append():
        while not done.is_set():
            other.append([b"an event of the gateway"])

    rival = threading.Thread(target=append)
    rival.start()
    try:
        registered = made.registered()
        for _ in range(5):
            pack = attest(RESULTS, made.signer, ledger=made.ledger, registered=registered)
            assert verify(pack, made.signer.public).registered == AT
    finally:
        done.set()
        rival.join()
        other.close()
    assert made.ledger.verify().size == made.ledger.size
