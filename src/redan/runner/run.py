"""Run: collects what the plan needs, asks every question, and leaves no control out of the results."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from redan.artifacts.absent import Absent
from redan.artifacts.collect import collect
from redan.canon import Json
from redan.controls.catalogue import Control
from redan.findings import Finding, Location, not_run
from redan.runner.answer import Facts, World, answer
from redan.runner.outcome import worst
from redan.runner.plan import Job, Plan
from redan.runner.records import NO_CHECK, ControlResult, JobCost, Results
from redan.terms import Kind, Outcome


def gather(plan: Plan) -> Facts:
    """All artifacts that the plan's jobs need, each collected once, before the first check.

    Raises:
        InputError: a declared file cannot be read as what it claims to be; names file and line.
    """
    wanted = {(kind, element) for job in plan.jobs for kind in job.check.needs for element in job.subject.elements}
    ordered = sorted(wanted, key=lambda pair: (pair[0].__name__, pair[1]))
    return {(kind, element): collect(plan.system, kind, element) for kind, element in ordered}


def run(plan: Plan, world: World, policy: Json, facts: Facts | None = None) -> Results:
    """Runs a plan.

    Args:
        plan: what to ask.
        world: clock, history, seed, cache and progress.
        policy: the policy document, registered before this call.
        facts: artifacts from `gather`; collected here when None.

    Returns:
        One result per control of the catalogue.

    Raises:
        InputError: a declared file cannot be read as what it claims to be.
    """
    have = gather(plan) if facts is None else facts
    answers: dict[str, list[Finding]] = {}
    costs: list[JobCost] = []
    rejected: set[str] = set()
    for done, job in enumerate(plan.jobs):
        world.progress(done, len(plan.jobs), f"{job.check.id} {job.subject.id}")
        if job.control_id in rejected:
            continue
        started = world.clock()
        findings, cached = answer(plan, job, world, have)
        costs.append(JobCost(check=job.check.id, subject=job.subject.id, wall_s=world.clock() - started, cached=cached))
        answers.setdefault(job.control_id, []).extend(findings)
        if _closes(job, findings):
            rejected.add(job.control_id)
    world.progress(len(plan.jobs), len(plan.jobs), "")
    return Results(
        system_name=plan.system.about.name,
        stage=plan.system.about.stage,
        controls=tuple(
            _result(plan, control, answers.get(control.id, []), rejected, have) for control in plan.controls
        ),
        seed=world.seed,
        at=world.now,
        policy=policy,
        tool=world.tool,
        description_sha256=plan.system.digest,
        costs=tuple(costs),
    )


def _closes(job: Job, findings: Iterable[Finding]) -> bool:
    """Whether a Consider is decided against, or undecided, so that its measures are not asked for."""
    return job.check.id.endswith("/decision-is-recorded") and worst(findings) is not Outcome.HOLDS


def _result(plan: Plan, control: Control, answers: Iterable[Finding], closed: set[str], have: Facts) -> ControlResult:
    findings = (*answers, *_unasked(plan, control, control.id in closed))
    digests = {"description": plan.system.digest}
    for job in plan.jobs:
        if job.control_id == control.id:
            digests.update(_digests(job, have))
    return ControlResult(
        control_id=control.id,
        kind=Kind(control.kind),
        title=control.title,
        outcome=worst(findings),
        findings=findings,
        digests=digests,
    )


def current_digests(plan: Plan, facts: Facts) -> dict[str, str]:
    """Digests of everything that the plan's answers rest on, by the names that `ControlResult.digests` uses.

    Args:
        plan: for the system as it is now.
        facts: from `gather`.
    """
    digests = {"description": plan.system.digest}
    for job in plan.jobs:
        digests.update(_digests(job, facts))
    return digests


def _digests(job: Job, have: Facts) -> Iterator[tuple[str, str]]:
    for kind in job.check.needs:
        for element in job.subject.elements:
            found = have[(kind, element)]
            if not isinstance(found, Absent):
                yield f"{kind.__name__} {element}", found.digest


def _unasked(plan: Plan, control: Control, closed: bool) -> Iterator[Finding]:
    """Questions of a control that nobody asked, each with the reason; a closed Consider has none."""
    if closed:
        return
    asked = {job.check.id for job in plan.jobs}
    place = Location(file=Path(plan.system.origin.file).name, line=plan.system.line(f"controls:{control.id}"))
    for question in control.checks:
        full = question.id
        if question.planned:
            yield replace(not_run(full, "system", NO_CHECK), location=place)
        elif full in plan.unsubjected:
            reason = "The description holds nothing that the question is about."
            yield Finding(check=full, subject="system", outcome=Outcome.NOT_APPLICABLE, message=reason, location=place)
        elif full not in asked:
            yield replace(not_run(full, "system", "left out of this run"), location=place)
