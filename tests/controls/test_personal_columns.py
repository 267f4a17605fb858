"""Personal data of several columns: one finding for each, with its own count."""

import datetime as dt

from redan.artifacts.history import History
from redan.runner.answer import World
from redan.runner.plan import plan
from redan.runner.run import run
from redan.system.read import read
from redan.terms import Outcome


def test_one_finding_for_each_undeclared_column(tmp_path):
    """Two undeclared columns are two findings, told apart by their part, with count and interval."""
    rows = "\n".join(f"kim.{i}@example.org,+49170{5550000 + i * 37},{i % 2}" for i in range(60))
    (tmp_path / "t.csv").write_text(f"a,b,churn\n{rows}\n")
    toml = '[system]\nname = "x"\n[[dataset]]\nname = "t"\nrole = "train"\npath = "t.csv"\n'
    (tmp_path / "redan.toml").write_text(toml)
    check = "A-MLSG-002-D001/personal-data-is-declared"
    world = World(now=dt.datetime(2026, 6, 1, tzinfo=dt.UTC), history=History(), seed=0, tool="0")
    results = run(plan(read(tmp_path), only=[check]), world, {})
    findings = [f for c in results.controls for f in c.findings if f.check == check]
    assert [(f.part, f.outcome, f.detail["kind"]) for f in findings] == [
        ("a", Outcome.BROKEN, "e-mail address"),
        ("b", Outcome.BROKEN, "phone number"),
    ]
    assert all(f.measure.n == 60 and f.measure.interval.high == 1.0 for f in findings)
