"""Planted violations of provenance, relevance and process are found, and their repaired twins hold."""

import datetime as dt
import importlib

import pytest

from redan.controls.catalogue import load
from redan.runner.answer import World
from redan.runner.plan import plan
from redan.runner.run import run
from redan.system.read import read
from redan.terms import Outcome

OURS = ["A-MLSG-002-N001", "A-MLSG-003-D001", "A-MLSG-004-D008", *(f"AIPS-PIT-{n:02}" for n in range(1, 7))]
CATALOGUE = load()
VECTORS = [v for id_ in OURS for v in importlib.import_module(f"{CATALOGUE[id_].package}.vectors").vectors()]


def ask(vector, folder):
    """The findings of the vector's check."""
    for name, content in vector.files.items():
        (folder / name).write_bytes(content)
    noon = dt.datetime.combine(vector.now, dt.time(12), tzinfo=dt.UTC)
    world = World(now=noon, history=vector.history, seed=0, tool="0")
    results = run(plan(read(folder), only=[vector.check]), world, {})
    return [f for control in results.controls for f in control.findings if f.check == vector.check]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v.check}: {v.name}")
def test_vector_comes_to_its_outcome(vector, tmp_path):
    """The check comes to the stated outcome about the stated subject, and says what to do when it is broken."""
    findings = ask(vector, tmp_path)
    about = [f for f in findings if vector.subject in (None, f.subject)]
    outcomes = {f.outcome for f in about}
    assert vector.expect in outcomes, [f.message for f in findings]
    if vector.expect is not Outcome.BROKEN:
        assert Outcome.BROKEN not in outcomes, [f.message for f in findings]
    assert all(f.remedy is not None for f in findings if f.outcome is Outcome.BROKEN)
    assert all(f.location is not None and f.location.line >= 1 for f in findings)


@pytest.mark.parametrize("id_", OURS)
def test_every_live_question_has_a_plant_and_a_twin(id_):
    """Each question that has a check has a vector that must break it and one that must hold."""
    for question in CATALOGUE[id_].checks:
        if not question.planned:
            expected = {v.expect for v in VECTORS if v.check == question.id}
            assert {Outcome.BROKEN, Outcome.HOLDS} <= expected


def test_findings_hold_no_raw_values(tmp_path):
    """No customer number, telephone number or date of birth of the data is in any finding."""
    vector = next(v for v in VECTORS if v.name == "a customer number")
    cells = {cell for line in vector.files["train.csv"].decode().split("\n")[1:] for cell in line.split(",")[5:9]}
    text = "\n".join(f.message for f in ask(vector, tmp_path))
    assert not any(cell in text for cell in cells if len(cell) >= 5)
