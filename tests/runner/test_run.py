"""The runner: no failure looks like a pass, nothing is left out, order and cache change no answer."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

import small_project
from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.history import History
from redan.controls import catalogue
from redan.controls.contract import Check, Subject
from redan.errors import InputError, MissingExtraError
from redan.findings import Finding, Location, Measure, Remedy, broken, holds
from redan.runner.answer import World
from redan.runner.cache import Cache
from redan.runner.outcome import worst
from redan.runner.plan import Job, Plan, plan
from redan.runner.run import gather, run
from redan.seal.keys import generate
from redan.system.read import read
from redan.terms import Outcome, Tier

ID = "A-MLSG-002-D002"
NAME = f"{ID}/rows-are-not-shared"
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


@pytest.fixture
def system(tmp_path):
    return read(small_project.make(tmp_path / "project"))


def one(system, run_, *, needs=(), elements=("dataset:train",), budget=Tier.MINUTES, **options):
    """A plan that asks one question."""
    subject = Subject(elements[0] if elements else "system", tuple(elements))
    check = Check(id=NAME, subjects=lambda _: (subject,), run=run_, needs=needs, **options)
    control = catalogue.load()[ID]
    return Plan(system=system, controls=(control,), jobs=(Job(check, subject),), unsubjected=(), budget=budget)


def findings(plan_, **world):
    """What the one question came to."""
    results = run(plan_, World(now=NOW, history=History(), seed=0, tool="test", **world), {"p": 1})
    return [f for f in results.controls[0].findings if f.check == NAME], results


def fine(have):
    yield holds(NAME, have.subject.id, "fine")


def test_a_check_that_raises_is_an_error(system):
    """An exception becomes `error`, names its place, and keeps the message, which may quote data, out of the finding."""

    def raising(_):
        raise ValueError("secret row 4711")

    found, results = findings(one(system, raising))
    assert found[0].outcome is Outcome.ERROR
    assert "ValueError" in found[0].message
    assert "4711" not in found[0].message
    assert results.controls[0].outcome is Outcome.ERROR


def test_a_check_that_says_nothing_is_an_error(system):
    """No answer is not a pass."""
    found, _ = findings(one(system, lambda _: ()))
    assert found[0].outcome is Outcome.ERROR


def test_a_missing_extra_is_not_run(system):
    """A dependency that is not installed gives `not-run` and the line that installs it."""

    def needing(_):
        raise MissingExtraError("sklearn", "sklearn")

    found, _ = findings(one(system, needing))
    assert found[0].outcome is Outcome.NOT_RUN
    assert "pip install 'redan[sklearn]'" in found[0].message


def test_a_check_over_the_budget_is_not_run(system):
    """A dear check is not run under a small budget, and the finding says so."""
    found, _ = findings(one(system, fine, tier=Tier.MINUTES, budget=Tier.SECONDS))
    assert found[0].outcome is Outcome.NOT_RUN
    assert "budget" in found[0].message


def test_an_absent_artifact_is_not_run(system):
    """What could not be collected leaves the question open, with the reason."""
    found, _ = findings(one(system, fine, needs=(DatasetFile,), elements=("model:sorter",)))
    assert found[0].outcome is Outcome.NOT_RUN
    assert "no path is declared" in found[0].message


def test_bad_input_stops_the_run(system):
    """A file that is not what it claims to be ends the run with one clear error, not with a finding."""

    def reading(_):
        raise InputError("is ragged", where="train.csv:3")

    with pytest.raises(InputError, match="ragged"):
        findings(one(system, reading))


def test_missing_dataset_names_the_line(system):
    """A declared file that does not exist is an error with the line that declares it, before any check."""
    (system.origin.root / "test.csv").unlink()
    with pytest.raises(InputError, match=r"redan\.toml:\d+: dataset:test: file test\.csv does not exist"):
        gather(plan(system))


def test_every_finding_has_a_line(system):
    """Each answer of a real run is anchored to a line of the description."""
    results = run(plan(system), World(now=NOW, history=History(), seed=0, tool="test"), None)
    lines = small_project.DESCRIPTION.count("\n")
    placed = [f.location for control in results.controls for f in control.findings]
    assert all(p is not None and p.file == "redan.toml" and 1 <= p.line <= lines for p in placed)


def test_no_control_is_left_out(system):
    """The results hold the whole catalogue in its order, whatever was asked."""
    results = run(plan(system, only=("AIPS-PIT-01",)), World(now=NOW, history=History(), seed=0, tool="t"), None)
    assert [control.control_id for control in results.controls] == list(catalogue.load())
    asked = {control.control_id for control in results.controls if control.outcome is Outcome.HOLDS}
    assert asked <= {"AIPS-PIT-01"}


def test_planned_questions_never_hold(system):
    """A control with a question that has no check yet is at best not run."""
    results = run(plan(system), World(now=NOW, history=History(), seed=0, tool="t"), None)
    for control in results.controls:
        if any(f.message == "no check yet" for f in control.findings):
            assert control.outcome not in (Outcome.HOLDS, Outcome.NOT_APPLICABLE)


def test_same_seed_same_findings(system):
    """Two runs with one seed give equal findings."""
    first, second = (run(plan(system), World(now=NOW, history=History(), seed=7, tool="t"), None) for _ in range(2))
    assert [c.findings for c in first.controls] == [c.findings for c in second.controls]


def test_random_numbers_do_not_depend_on_other_jobs(system):
    """A job draws the same numbers alone and after another job."""
    seen = []

    def drawing(have):
        seen.append((have.subject.id, have.rng.integers(1 << 60)))
        yield holds(NAME, have.subject.id, "drawn")

    both = one(system, drawing)
    other = Job(both.jobs[0].check, Subject("dataset:test", ("dataset:test",)))
    findings(Plan(system=system, controls=both.controls, jobs=(other, both.jobs[0]), unsubjected=(), budget=Tier.GPU))
    findings(both)
    assert seen[1] == seen[2]
    assert seen[0][1] != seen[1][1]


def full_finding(subject):
    return Finding(
        check=NAME,
        subject=subject,
        outcome=Outcome.BROKEN,
        message="found",
        part="column",
        measure=Measure(name="share", value=0.5, n=10, threshold=0.0, unit="share"),
        location=Location(file="redan.toml", line=3),
        remedy=Remedy(text="mend", command="redan explain x"),
        detail={"k": [1, 2]},
    )


def counting(system, calls):
    def run_(have):
        calls.append(1)
        yield full_finding(have.subject.id)

    return one(system, run_, needs=(DatasetFile,), tier=Tier.SECONDS)


def test_cache_answers_until_the_data_changes(system, tmp_path):
    """A second run over the same bytes asks nothing; a changed file is asked anew."""
    signer = generate()
    cache = Cache(tmp_path / "cache", signer.sign, signer.public.verify)
    calls = []
    first, _ = findings(counting(system, calls), cache=cache)
    second, results = findings(counting(system, calls), cache=cache)
    assert len(calls) == 1
    assert results.costs[0].cached
    assert [f.to_json() | {"location": None} for f in first] == [f.to_json() | {"location": None} for f in second]
    (system.origin.root / "train.csv").write_text(small_project.rows(5, 20), encoding="utf-8")
    findings(counting(system, calls), cache=cache)
    assert len(calls) == 2


def test_a_forged_cache_is_not_believed(system, tmp_path):
    """An answer that this key did not sign is asked again: a project folder cannot bring its own results."""
    ours, theirs = generate(), generate()
    calls = []
    folder = tmp_path / "cache"
    findings(counting(system, calls), cache=Cache(folder, theirs.sign, theirs.public.verify))
    findings(counting(system, calls), cache=Cache(folder, ours.sign, ours.public.verify))
    assert len(calls) == 2
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes().replace(b"broken", b"holds "))
    found, _ = findings(counting(system, calls), cache=Cache(folder, ours.sign, ours.public.verify))
    assert len(calls) == 3
    assert found[0].outcome is Outcome.BROKEN


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"findings": 1}', b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_cache_only_costs_time(system, tmp_path, damage):
    """Any bytes in the cache are passed over."""
    signer = generate()
    cache = Cache(tmp_path / "cache", signer.sign, signer.public.verify)
    calls = []
    findings(counting(system, calls), cache=cache)
    for file in cache.folder.iterdir():
        file.write_bytes(damage)
    findings(counting(system, calls), cache=cache)
    assert len(calls) == 2


def test_dated_and_failed_answers_are_not_kept(system, tmp_path):
    """What depends on the day, and what did not run, is asked each time."""
    signer = generate()
    cache = Cache(tmp_path / "cache", signer.sign, signer.public.verify)

    def failing(_):
        raise RuntimeError

    findings(one(system, fine, tier=Tier.SECONDS, dated=True), cache=cache)
    findings(one(system, failing, tier=Tier.SECONDS), cache=cache)
    assert not cache.folder.exists()


def test_an_undecided_consider_is_broken_and_not_measured(system):
    """Without a decision record a Consider is broken, and its own checks are not asked."""
    results = run(plan(system), World(now=NOW, history=History(), seed=0, tool="t"), None)
    control = next(c for c in results.controls if c.control_id == "A-MLSG-001-C001")
    assert control.outcome is Outcome.BROKEN
    assert {f.check for f in control.findings} == {"A-MLSG-001-C001/decision-is-recorded"}


@given(st.lists(st.sampled_from(list(Outcome))))
def test_worst_outcome_wins(outcomes):
    """Broken outranks unknown, unknown outranks holding, and nothing at all is not run."""
    made = [Finding(check=NAME, subject="s", outcome=o, message="m") for o in outcomes]
    result = worst(made)
    if Outcome.BROKEN in outcomes:
        assert result is Outcome.BROKEN
    elif not outcomes:
        assert result is Outcome.NOT_RUN
    elif result is Outcome.HOLDS:
        assert set(outcomes) <= {Outcome.HOLDS, Outcome.NOT_APPLICABLE}
    else:
        assert result in outcomes


def test_fingerprint_ignores_numbers():
    """The identity of a finding is its check, subject and part, whatever was measured."""
    remedy = Remedy(text="mend")
    few = broken(NAME, "a", "3 rows", remedy, measure=Measure(name="rows", value=3))
    many = broken(NAME, "a", "9 rows", remedy, measure=Measure(name="rows", value=9))
    assert few.fingerprint == many.fingerprint
    assert few.fingerprint != broken(NAME, "a", "3 rows", remedy, part="b").fingerprint


def test_an_interrupted_run_goes_on(system, tmp_path):
    """What was answered before an interrupt is kept; the next run asks only the rest."""
    signer = generate()
    cache = Cache(tmp_path / "cache", signer.sign, signer.public.verify)
    calls = []
    single = counting(system, calls)
    second = Job(single.jobs[0].check, Subject("dataset:test", ("dataset:test",)))
    both = Plan(
        system=system, controls=single.controls, jobs=(*single.jobs, second), unsubjected=(), budget=Tier.MINUTES
    )

    def interrupting(done, _total, _what):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        findings(both, cache=cache, progress=interrupting)
    assert len(calls) == 1
    _, results = findings(both, cache=cache)
    assert len(calls) == 2
    assert [cost.cached for cost in results.costs] == [True, False]
