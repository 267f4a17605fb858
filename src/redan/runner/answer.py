"""One job: whether it can run, the cached answer or a fresh one, and what a failure is called."""

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.history import History
from redan.canon import Json, digest_of
from redan.controls.contract import Have
from redan.errors import IncompleteError, InputError, MissingExtraError
from redan.extras import missing_import
from redan.findings import Finding, Location, Remedy, not_run
from redan.runner.cache import Cache, job_key, normal
from redan.runner.outcome import worst
from redan.runner.plan import Job, Plan
from redan.system.system import System
from redan.terms import Level, Outcome, Tier

Facts = dict[tuple[type[Artifact], str], Artifact | Absent]
Progress = Callable[[int, int, str], None]
_NOT_ANSWERING = frozenset({"controls", "policy", "exclusion", "person"})


def silent(_done: int, _total: int, _what: str) -> None:
    """Progress that tells nobody."""


def nothing_watched() -> None:
    """Files are not watched: whoever calls the runner vouches for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything outside the plan that a run depends on.

    Args:
        now: when the run starts, UTC.
        history: what the ledger says happened before.
        seed: of every random choice.
        tool: version of redan.
        cache: answers of earlier runs; None to ask everything anew.
        progress: told (done, total, what) before each job and at the end.
        unchanged: called after each answer, before it is kept; raises InputError when a declared file was touched.
        clock: monotonic seconds, for costs only.
    """

    now: dt.datetime
    history: History
    seed: int
    tool: str
    cache: Cache | None = None
    progress: Progress = silent
    unchanged: Callable[[], None] = nothing_watched
    clock: Callable[[], float] = time.monotonic


def answer(plan: Plan, job: Job, world: World, have: Facts) -> tuple[tuple[Finding, ...], bool]:
    """The findings of one job, and whether they come from an earlier run over the same digests.

    Args:
        plan: for the system and the budget.
        job: check and subject.
        world: clock, history, seed and cache.
        have: every artifact that the plan needs, or why it is absent.

    Returns:
        At least one finding, each with a place in `redan.toml`: a job that cannot run is `not-run` with the reason,
        a check that raises or says nothing is `error`.

    Raises:
        InputError: a file is not what it claims to be.
    """
    blocked = _blocked(plan, job, have)
    if blocked is not None:
        return (_placed(plan.system, job, blocked),), False
    artifacts = {
        (kind, element): found
        for kind in job.check.needs
        for element in job.subject.elements
        if not isinstance(found := have[(kind, element)], Absent)
    }
    cache = None if job.check.tier is Tier.INSTANT or job.check.dated else world.cache
    key = job_key(_rests_on(plan.system, job, world, artifacts))
    if cache is not None and (kept := _kept(cache, plan.system, key)) is not None:
        return tuple(_placed(plan.system, job, finding) for finding in kept), True
    asked = Have(
        system=plan.system,
        subject=job.subject,
        artifacts=artifacts,
        history=world.history,
        now=world.now.date(),
        rng=np.random.default_rng(_seed(world.seed, job)),
    )
    said = tuple(normal(finding) for finding in _ask(job, asked))
    world.unchanged()
    findings = tuple(_placed(plan.system, job, finding) for finding in said)
    if cache is not None and worst(findings) not in (Outcome.ERROR, Outcome.NOT_RUN):
        _keep(cache, plan.system, key, said, findings)
    return findings, False


def _kept(cache: Cache, system: System, key: str) -> tuple[Finding, ...] | None:
    found = cache.get(key)
    return cache.get(_on_these_lines(system, key)) if found is None else found


def _keep(cache: Cache, system: System, key: str, said: tuple[Finding, ...], placed: tuple[Finding, ...]) -> None:
    """Keeps an answer; one that names lines of its own counts only while every line stays where it is."""
    own = any(finding.location is not None for finding in said)
    answers = tuple(finding if finding.location is None else there for finding, there in zip(said, placed, strict=True))
    cache.put(_on_these_lines(system, key) if own else key, answers)


def _on_these_lines(system: System, key: str) -> str:
    return job_key([key, dict(system.origin.lines)])


def _blocked(plan: Plan, job: Job, have: Facts) -> Finding | None:
    """Why a job cannot run at all, as a finding; None when it can."""
    if not plan.allows(job.check.tier):
        text = f"the check's tier is '{job.check.tier}' and the budget is '{plan.budget}'"
        advice = Remedy(text="Raise the budget.", command=f"redan check --budget {job.check.tier}", effort=Level.LOW)
        return not_run(job.check.id, job.subject.id, text, remedy=advice)
    if job.check.extra is not None and (package := missing_import(job.check.extra)) is not None:
        missing = MissingExtraError(job.check.extra, package)
        advice = Remedy(text="Install the extra.", command=missing.remedy, effort=Level.LOW)
        return not_run(job.check.id, job.subject.id, missing.what, remedy=advice)
    reasons = [
        f"{found.element}: {found.reason}"
        for kind in job.check.needs
        for element in job.subject.elements
        if isinstance(found := have[(kind, element)], Absent)
    ]
    per_element = dict.fromkeys(job.subject.elements, 0)
    for kind in job.check.needs:
        for element in job.subject.elements:
            per_element[element] += not isinstance(have[(kind, element)], Absent)
    if reasons and not all(per_element.values()):
        return not_run(job.check.id, job.subject.id, "; ".join(reasons))
    return None


def _ask(job: Job, have: Have) -> tuple[Finding, ...]:
    try:
        findings = tuple(job.check.run(have))
    except IncompleteError as incomplete:
        return (not_run(job.check.id, job.subject.id, str(incomplete)),)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 -- the one broad except: a check that raises is an error, never a pass
        # The message may quote data, so only the type and place are kept.
        return (_error(job, f"the check raised {type(error).__name__} at {_place(error)}"),)
    if not findings:
        return (_error(job, "the check gave no answer"),)
    return findings


def _error(job: Job, message: str) -> Finding:
    advice = Remedy(text="Report this with the output of the command.", command="redan check --debug", effort=Level.LOW)
    return Finding(check=job.check.id, subject=job.subject.id, outcome=Outcome.ERROR, message=message, remedy=advice)


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"


def _placed(system: System, job: Job, finding: Finding) -> Finding:
    """The finding with a line of the description; unsited findings would be refused by code hosts.

    The file is named without its folder, so that findings do not depend on where the command was called.
    """
    file = Path(system.origin.file).name
    if finding.location is not None:
        same = finding.location.file == system.origin.file
        return replace(finding, location=replace(finding.location, file=file)) if same else finding
    element = next(iter(job.subject.elements), job.subject.id.partition("+")[0])
    control = f"controls:{job.control_id}"
    line = system.line(element)
    if element in ("system", "") and f"controls.{job.control_id}" in system.origin.lines:
        line = system.line(control)
    return replace(finding, location=Location(file=file, line=line))


def _rests_on(system: System, job: Job, world: World, artifacts: Mapping[tuple[type[Artifact], str], Artifact]) -> Json:
    said = system.to_json()
    described = {key: value for key, value in said.items() if key not in _NOT_ANSWERING}
    # A check that reads how far the product is asks for a date too, and dated answers are never kept.
    described["system"] = system.about.model_dump(mode="json", exclude={"stage"})
    stance = said["controls"]
    return {
        "check": job.check.id,
        "version": job.check.version,
        "subject": job.subject.id,
        "elements": list(job.subject.elements),
        "tool": world.tool,
        "seed": world.seed,
        "described": digest_of(described),
        "stance": stance.get(job.control_id) if isinstance(stance, dict) else None,
        "artifacts": {f"{kind.__name__} {element}": found.digest for (kind, element), found in artifacts.items()},
    }


def _seed(seed: int, job: Job) -> list[int]:
    """Seeds of one job: independent of which other jobs run and in which order."""
    state = hashlib.sha256(f"{seed}\0{job.check.id}\0{job.subject.id}".encode()).digest()
    return [int.from_bytes(state[i : i + 4], "big") for i in range(0, 32, 4)]
