"""What was tried as findings of the controls that it answers."""

from collections.abc import Iterable, Iterator

from redan.findings import Finding, Remedy
from redan.probes.tried import Tried
from redan.terms import Outcome


def findings_of(tried: Iterable[Tried], subject: str) -> tuple[Finding, ...]:
    """One finding for each thing that was tried and each check that it answers.

    Args:
        tried: what came of a probe.
        subject: of the findings, such as `endpoint:api`.

    Returns:
        In the order of what was tried; the part of a finding is the name of the probe.
    """
    return tuple(found for one in tried for found in _of(one, subject))


def _of(one: Tried, subject: str) -> Iterator[Finding]:
    said = f"{one.tries}: {one.seen}"
    remedy = Remedy(text=one.remedy) if one.outcome in {Outcome.BROKEN, Outcome.NOT_RUN, Outcome.ERROR} else None
    for check in one.checks:
        yield Finding(
            check=check,
            subject=subject,
            outcome=one.outcome,
            message=said[:1].upper() + said[1:],
            part=one.name,
            remedy=remedy,
            detail={"incident": one.incident} if one.incident else {},
        )
