"""Sealed and locked datasets through the runner: what the findings say, and what an encrypted dataset does to the rest."""

import json

import pytest

from redan.controls.a_mlsg_002.d004_manipulation_of_data_is_ruled_out.vectors import vectors
from redan.errors import InputError
from redan.runner.plan import plan
from redan.runner.run import gather
from redan.system.read import read
from redan.tables import open_table
from redan.terms import Outcome
from redan.testing.vectors import answer, write_vector

CASES = {vector.name: vector for vector in vectors()}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("one changed label", "row 17 changed (column churn)"),
        ("one row added", "1 row added after row 40"),
        ("one row removed", "row 11 removed"),
        ("one row moved", "row 1 moved to 20"),
        ("written again with other line ends", "says the same"),
        ("another key is declared", "the seal is by key"),
        ("the seal of another file", "is not what was sealed"),
        ("the content of another seal", "belongs to another seal"),
        ("no seal is declared", "'seal' and 'key' are not declared"),
        ("a row changed and no key of the rows", "the key of the rows is not here"),
        ("a flipped bit in train.csv.sig.rows", "train.csv.sig.rows: is not the record of rows that was signed"),
    ],
)
def test_what_is_said(tmp_path, name, said):
    """Each planted change is told as what it is, without a value or a path of this machine."""
    (found,) = answer(CASES[name], tmp_path)
    assert said in found.message
    assert str(tmp_path) not in found.message + json.dumps(found.detail)


def test_an_encrypted_dataset_is_not_run(tmp_path):
    """While a dataset is encrypted, checks of its rows are not run, with the reason, and nothing crashes."""
    vector = CASES["left as it was sealed"]
    write_vector(vector, tmp_path)
    (tmp_path / "train.csv").write_bytes(b"age-encryption.org/v1\n-> X25519 a\n")
    system = read(tmp_path / "redan.toml")
    facts = gather(plan(system, only=(vector.check,)))
    assert "encrypted; unlock it" in str([getattr(found, "reason", "") for found in facts.values()])
    (found,) = (f for f in _findings(system, vector.check) if f.subject == "dataset:train")
    assert (found.outcome, "unlock it" in found.message) == (Outcome.NOT_RUN, True)
    with pytest.raises(InputError, match="is encrypted"):
        open_table(tmp_path / "train.csv")


def _findings(system, check):
    import datetime as dt

    from redan.artifacts.history import History
    from redan.runner.answer import World
    from redan.runner.run import run

    world = World(now=dt.datetime(2026, 6, 1, tzinfo=dt.UTC), history=History(), seed=0, tool="test")
    results = run(plan(system, only=(check,), budget="gpu"), world, {})
    return [f for c in results.controls for f in c.findings if f.check == check]
