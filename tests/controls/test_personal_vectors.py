"""Planted personal data, bases, retentions, file modes and secrets are found; their repaired twins and look-alikes hold."""

import datetime as dt
import importlib
import re

import pytest

from redan.controls.catalogue import load
from redan.runner.answer import World
from redan.runner.plan import plan
from redan.runner.run import run
from redan.system.read import read
from redan.terms import Outcome

OURS = ["A-MLSG-001-C001", "A-MLSG-002-D001"]
CATALOGUE = load()
VECTORS = [v for id_ in OURS for v in importlib.import_module(f"{CATALOGUE[id_].package}.vectors").vectors()]


def ask(vector, folder):
    """The findings of the vector's check."""
    for name, content in vector.files.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(vector.modes.get(name, 0o644))
    noon = dt.datetime.combine(vector.now, dt.time(12), tzinfo=dt.UTC)
    world = World(now=noon, history=vector.history, seed=0, tool="0")
    results = run(plan(read(folder), only=[vector.check]), world, {})
    return [f for control in results.controls for f in control.findings if f.check == vector.check]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v.check}: {v.name}")
def test_vector_comes_to_its_outcome(vector, tmp_path):
    """The check comes to the stated outcome and nothing worse, and shows no value of the data or code."""
    if vector.check.endswith("no-secrets"):
        pytest.importorskip("credsweeper", reason="the extra 'secrets' is not installed")
    findings = ask(vector, tmp_path)
    outcomes = {f.outcome for f in findings if f.subject == vector.subject}
    assert outcomes == {vector.expect}, [f.message for f in findings]
    assert all(f.remedy is not None for f in findings if f.outcome is Outcome.BROKEN)
    assert all(f.location is not None and f.location.line >= 1 for f in findings)
    shown = "\n".join(str(f.to_json()) for f in findings)
    assert not {token for token in long_tokens(vector) if token in shown}


def long_tokens(vector):
    """The pieces of the data or code that could be a personal value or a secret."""
    held = b" ".join(c for name, c in vector.files.items() if name != "redan.toml").decode("utf-8", "replace")
    return {t for t in re.split(r"[\s,\"'=@]+", held) if len(t) >= 8 and re.search(r"\d", t)}


@pytest.mark.parametrize("id_", OURS)
def test_every_live_question_has_a_plant_and_a_twin(id_):
    """Each question that has a check has a vector that must break it and one that must hold."""
    for question in CATALOGUE[id_].checks:
        if not question.planned:
            assert {Outcome.BROKEN, Outcome.HOLDS} <= {v.expect for v in VECTORS if v.check == question.id}


def test_one_finding_for_each_undeclared_column(tmp_path):
    """Two undeclared columns are two findings, told apart by their part, with count and interval."""
    rows = "\n".join(f"kim.{i}@example.org,+49170{5550000 + i * 37},{i % 2}" for i in range(60))
    (tmp_path / "t.csv").write_text(f"a,b,churn\n{rows}\n")
    toml = '[system]\nname = "x"\n[[dataset]]\nname = "t"\nrole = "train"\npath = "t.csv"\n'
    (tmp_path / "redan.toml").write_text(toml)
    check = "A-MLSG-002-D001/personal-data-is-declared"
    world = World(now=dt.datetime(2026, 6, 1, tzinfo=dt.UTC), history=VECTORS[0].history, seed=0, tool="0")
    results = run(plan(read(tmp_path), only=[check]), world, {})
    findings = [f for c in results.controls for f in c.findings if f.check == check]
    assert [(f.part, f.outcome, f.detail["kind"]) for f in findings] == [
        ("a", Outcome.BROKEN, "e-mail address"),
        ("b", Outcome.BROKEN, "phone number"),
    ]
    assert all(f.measure.n == 60 and f.measure.interval.high == 1.0 for f in findings)
