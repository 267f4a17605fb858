"""When the last search was made: its own word, bounded by what the ledger saw (docs/adr/0024-dates-of-searches.md)."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from redan.artifacts.history import Event
from redan.artifacts.pipeline_files import AuditFile
from redan.controls import pipeline
from redan.controls.contract import Have
from redan.controls.statement import moment, place
from redan.findings import Finding, Measure, broken, holds, not_run
from redan.measures.dependencies.audit import Audit
from redan.system.retention import parse_duration

RECENT = "AIPS-TRA-04/analysis-is-recent"
DEFAULT_EVERY = "30 days"
_CLOCK_SLACK = dt.timedelta(days=1)  # clocks of two machines, and time zones that a tool left out


def recency(have: Have) -> Iterator[Finding]:
    """Whether the last search was made within the agreed interval.

    Args:
        have: with the result of the search.
    """
    where = place(have.system, pipeline.PIPELINE, "audit")
    found = pipeline.audit(have)
    finding = (
        not_run(RECENT, have.subject.id, found, remedy=pipeline.SEARCH)
        if isinstance(found, str)
        else _dated(have, found)
    )
    yield replace(finding, location=where)


def _dated(have: Have, found: Audit) -> Finding:
    seen = _first_seen(have)
    if found.made is None:
        return _undated(have, found, seen)
    today = pipeline.end_of(have.now)
    if found.made > today + _CLOCK_SLACK:
        return _too_old(have, f"The search says that it was made on {found.made.date()}, which is in the future.", None)
    if seen is not None and found.made > seen.at + _CLOCK_SLACK:
        text = f"The search says that it was made on {found.made.date()}, but the ledger knows it since {moment(seen)}."
        return _too_old(have, text, None)
    return _judged(have, found.made.date(), f"The last search was made on {found.made.date()}")


def _undated(have: Have, found: Audit, seen: Event | None) -> Finding:
    """A document without a date is as old as its first sight at least, and as young as its newest advisory at most."""
    if seen is not None and _is_over(have, seen.at.date()):
        text = f"The search has no date; the ledger knows its result since {moment(seen)}, longer than {_every(have)}."
        return _too_old(have, text, seen.at.date())
    day = None if found.knows_until is None else found.knows_until.date()
    if day is not None and day <= have.now and not _is_over(have, day):
        text = f"The search has no date; it knows an advisory of {day}, so it was made within {_every(have)}."
        return holds(RECENT, have.subject.id, text, measure=_age(have, day))
    text = "The result of the search does not say when it was made, so nobody can tell whether it is recent."
    return not_run(RECENT, have.subject.id, text, remedy=pipeline.SEARCH)


def _judged(have: Have, day: dt.date, text: str) -> Finding:
    if _is_over(have, day):
        return _too_old(have, f"{text}, {(have.now - day).days} days ago; agreed are {_every(have)}.", day)
    return holds(RECENT, have.subject.id, f"{text}, within {_every(have)}.", measure=_age(have, day))


def _every(have: Have) -> str:
    stated = have.system.pipeline.audited_every
    return stated or f"{DEFAULT_EVERY} (the default: no interval is stated)"


def _due(have: Have, day: dt.date) -> dt.date:
    return parse_duration(have.system.pipeline.audited_every or DEFAULT_EVERY).after(day)


def _is_over(have: Have, day: dt.date) -> bool:
    return _due(have, day) < have.now


def _age(have: Have, day: dt.date) -> Measure:
    return Measure(
        name="days_since_search",
        value=float(max((have.now - day).days, 0)),
        threshold=float((_due(have, day) - day).days),
        unit="days",
    )


def _too_old(have: Have, text: str, day: dt.date | None) -> Finding:
    measure = None if day is None else _age(have, day)
    return broken(RECENT, have.subject.id, text, pipeline.SEARCH, measure=measure)


def _first_seen(have: Have) -> Event | None:
    found = next(iter(have.all(AuditFile)), None)
    return None if found is None else have.history.first("described", "pipeline.audit", found.digest)
