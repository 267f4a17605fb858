"""Plan: which checks apply to a system, about what, and in which order; reads no file."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from redan.controls import catalogue
from redan.controls.catalogue import Control
from redan.controls.contract import Check, Subject
from redan.controls.decision import decision_check
from redan.system.system import System
from redan.terms import Kind, Tier

_CHEAP_FIRST = (Tier.INSTANT, Tier.SECONDS, Tier.MINUTES, Tier.GPU)


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one check about one subject."""

    check: Check
    subject: Subject

    @property
    def control_id(self) -> str:
        """The control that the check belongs to."""
        return self.check.id.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be asked.

    Args:
        system: the description.
        controls: the whole catalogue in guideline order: nothing is left out of the results.
        jobs: cheap first, then in catalogue order.
        unsubjected: full ids of live checks that found nothing in the system to ask about.
        budget: the dearest tier that may run.
    """

    system: System
    controls: tuple[Control, ...]
    jobs: tuple[Job, ...]
    unsubjected: tuple[str, ...]
    budget: Tier

    def allows(self, tier: Tier) -> bool:
        """Whether a check of this tier is within the budget."""
        return _CHEAP_FIRST.index(tier) <= _CHEAP_FIRST.index(self.budget)


def plan(
    system: System,
    *,
    controls: Mapping[str, Control] | None = None,
    only: Iterable[str] = (),
    budget: str | None = None,
) -> Plan:
    """Which checks apply to a system.

    Args:
        system: the description.
        controls: the catalogue; the shipped one when None.
        only: control or check ids to ask alone; the rest of the catalogue stays in the results as not run.
        budget: dearest tier; the policy's when None.

    Returns:
        The plan; its jobs are empty when nothing applies.
    """
    shelf = tuple((catalogue.load() if controls is None else controls).values())
    wanted = frozenset(only)
    jobs: list[Job] = []
    bare: list[str] = []
    for check in _live(shelf):
        if wanted and not wanted & {check.id, check.id.partition("/")[0]}:
            continue
        subjects = tuple(check.subjects(system))
        jobs.extend(Job(check, subject) for subject in subjects)
        if not subjects:
            bare.append(check.id)
    jobs.sort(key=lambda job: _CHEAP_FIRST.index(job.check.tier))
    return Plan(
        system=system,
        controls=shelf,
        jobs=tuple(jobs),
        unsubjected=tuple(bare),
        budget=Tier(budget or system.policy.budget),
    )


def _live(shelf: Iterable[Control]) -> Iterator[Check]:
    for control in shelf:
        if control.kind is Kind.CONSIDER:
            yield decision_check(control)
        yield from catalogue.checks(control)
