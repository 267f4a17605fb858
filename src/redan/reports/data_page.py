"""The page of a `redan data` verb: its findings with their pictures, self-contained, and no row of data."""

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import redan
from redan.canon import Json
from redan.findings import Finding
from redan.reports.gauge import gauge
from redan.reports.html import filled
from redan.reports.pictures import drawn
from redan.reports.words import MARKS, about
from redan.terms import Outcome

_WORST_FIRST = (Outcome.BROKEN, Outcome.ERROR, Outcome.NOT_RUN, Outcome.HOLDS, Outcome.NOT_APPLICABLE)
_WORDS: Mapping[Outcome, tuple[str, str]] = MappingProxyType(
    {
        Outcome.BROKEN: ("not-met", "Something was found"),
        Outcome.ERROR: ("incomplete", "Could not be told"),
        Outcome.NOT_RUN: ("incomplete", "Could not be told"),
        Outcome.HOLDS: ("met", "Nothing was found"),
        Outcome.NOT_APPLICABLE: ("met", "Nothing to look at"),
    }
)


def render(title: str, files: Iterable[str], findings: Iterable[Finding]) -> bytes:
    """The page, as UTF-8; everything that comes from the data or the user is escaped.

    Args:
        title: the command.
        files: names of the files that were looked at.
        findings: with pictures in their detail; the worst come first.
    """
    ranked = sorted(findings, key=lambda finding: _rank(finding.outcome))
    counts = Counter(finding.outcome for finding in ranked)
    worst = ranked[0].outcome if ranked else Outcome.NOT_RUN
    verdict, words = _WORDS.get(worst, _WORDS[Outcome.NOT_RUN])
    context = {
        "tool": redan.__version__,
        "title": title,
        "files": [*files],
        "verdict": verdict,
        "words": words,
        "mark": MARKS[worst],
        "tally": ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in _WORST_FIRST if counts[outcome]),
        "items": [_item(finding) for finding in ranked],
        "samples": any(_shows_samples(finding) for finding in ranked),
    }
    return filled("data.html.j2", context)


def _shows_samples(finding: Finding) -> bool:
    """Whether a gallery, changed cells, or an example of a trigger are among its pictures."""
    held = finding.detail.get("pictures")
    some = [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []
    return any(one.get("kind") in {"gallery", "cells"} or _has_example(one.get("shots")) for one in some)


def _has_example(shots: Json) -> bool:
    return isinstance(shots, list) and any(isinstance(one, dict) and one.get("example") for one in shots)


def _rank(outcome: Outcome) -> int:
    return _WORST_FIRST.index(outcome) if outcome in _WORST_FIRST else len(_WORST_FIRST)


def _item(finding: Finding) -> dict[str, object]:
    return {
        "outcome": finding.outcome.value,
        "about": about(finding),
        "message": finding.message,
        "gauge": gauge(finding.measure, finding.outcome),
        "pictures": drawn(finding),
        "remedy": finding.remedy,
        "check": finding.check,
    }
