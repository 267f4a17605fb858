"""Recorded blocks and functions of a notebook: sealed, logged, and honest about what they could not see."""

import pytest

from redan.errors import UsageError
from redan.evidence import history
from redan.evidence.training_record import recorded
from redan.recording.reader import open_file
from redan.system.read import read
from redan.testing import scratch_ledger, signer_of

TOML = """[system]
name = "p"
stage = "training"
[[dataset]]
name = "train"
role = "train"
path = "a.csv"
[[model]]
name = "m"
path = "m.bin"
trained_on = ["train"]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project, its key and its ledger."""
    (tmp_path / "redan.toml").write_text(TOML, encoding="utf-8")
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x,y\n1,2\n" + name, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    signer = signer_of("notebook", tmp_path / "keys")
    with scratch_ledger(tmp_path / "ledger", signer) as ledger:
        yield tmp_path, read(tmp_path), signer, ledger


def test_a_block_is_recorded(project):
    """What the block read and wrote, undeclared files, the sealed record and both events."""
    folder, system, signer, ledger = project
    with recorded("m", system=system, signer=signer, ledger=ledger) as done:
        (folder / "m.bin").write_text((folder / "a.csv").read_text(encoding="utf-8"), encoding="utf-8")
        (folder / "b.csv").read_text(encoding="utf-8")
    assert [item.name for item in done.undeclared] == ["b.csv"]
    assert [subject.name for subject in done.record.subject] == ["m.bin"]
    assert open_file(done.kept.path, (signer.public,)).record == done.record
    kinds = {event.kind: event.digest for event in history(ledger).events}
    assert kinds["recorded"] == done.kept.sha256
    assert kinds["trained"] == done.record.subject[0].digest.sha256
    assert any("before the recorded block" in gap for gap in done.record.seen.gaps)


def test_a_function_is_recorded_at_each_call(project):
    """As a decorator, each call leaves a record; compiled readers in the project are seen."""
    folder, system, signer, ledger = project

    @recorded("m", system=system, signer=signer, ledger=ledger)
    def train(rows):
        import duckdb

        found = duckdb.sql("select count(*) from 'a.csv'").fetchall()
        (folder / "m.bin").write_text(f"{found} {rows}", encoding="utf-8")
        return rows

    assert [train(1), train(2)] == [1, 2]
    assert len(list((folder / ".redan" / "records").iterdir())) == 2
    last = max((folder / ".redan" / "records").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    inputs = open_file(last, (signer.public,)).record.inputs
    assert "a.csv" in {item.name for item in inputs}


def test_a_block_that_raises_leaves_no_record(project):
    """The error passes, and nothing is claimed."""
    folder, system, signer, ledger = project
    with pytest.raises(ZeroDivisionError), recorded("m", system=system, signer=signer, ledger=ledger) as done:
        _ = 1 / 0
    assert done.record is None
    assert not (folder / ".redan").exists()


def test_an_unknown_model_is_refused(project):
    """Before the block runs."""
    _, system, signer, ledger = project
    with pytest.raises(UsageError, match="no model 'x'"), recorded("x", system=system, signer=signer, ledger=ledger):
        raise AssertionError
