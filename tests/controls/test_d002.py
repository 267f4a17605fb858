"""D002: planted leaks are found, repaired twins hold, and the published churn package is caught."""

import datetime as dt
import importlib

import pytest

from redan.controls.catalogue import checks, load
from redan.runner.answer import World
from redan.runner.plan import plan
from redan.runner.run import run
from redan.system.read import read
from redan.terms import Outcome

CONTROL = load()["A-MLSG-002-D002"]
VECTORS = importlib.import_module(f"{CONTROL.package}.vectors").vectors()


def ask(folder, check, seed=0):
    """The findings of one check over a folder."""
    world = World(now=dt.datetime(2026, 6, 1, tzinfo=dt.UTC), history=VECTORS[0].history, seed=seed, tool="0")
    results = run(plan(read(folder), only=[check]), world, {})
    return [f for control in results.controls for f in control.findings if f.check == check]


def write(folder, files):
    """Files of a vector on disk."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v.check.partition('/')[2]}: {v.name}")
def test_vector_comes_to_its_outcome(vector, tmp_path):
    """The check comes to the stated outcome about the pair, and says what to do when it is broken."""
    findings = ask(write(tmp_path, vector.files), vector.check)
    outcomes = {f.outcome for f in findings if f.subject == vector.subject}
    assert vector.expect in outcomes, [f.message for f in findings]
    if vector.expect is not Outcome.BROKEN:
        assert Outcome.BROKEN not in outcomes, [f.message for f in findings]
    assert all(f.remedy is not None for f in findings if f.outcome in {Outcome.BROKEN, Outcome.NOT_RUN})


def test_every_question_has_a_plant_and_a_twin():
    """Each question has a vector that must break it and one that must hold."""
    assert {c.id for c in checks(CONTROL)} == {q.id for q in CONTROL.checks}
    for check in checks(CONTROL):
        assert {Outcome.BROKEN, Outcome.HOLDS} <= {v.expect for v in VECTORS if v.check == check.id}
