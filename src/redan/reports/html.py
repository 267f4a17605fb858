"""HTML: one self-contained page that works without scripts, prints, and holds no row of data."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.resources import files

from jinja2 import BaseLoader, Environment, StrictUndefined
from markupsafe import Markup

from redan.reports.material import UNANSWERED, Material, is_silent
from redan.reports.view import controls, entry, threat_rows
from redan.reports.words import MARKS, plain_count, tally, unanswered
from redan.runner.records import NO_CHECK
from redan.terms import Outcome, Property, Stage, Verdict
from redan.threats.diagram import diagram
from redan.threats.matrix import matrix
from redan.threats.records import RiskLevel

WORST = 5
THREATS = 10  # threats that the page shows before it folds the rest
_READABLE = 0.8  # the smallest scale of the diagram, in which its words can still be read; beyond it scrolls
_WORDS = {
    Verdict.MET: "Gate met",
    Verdict.NOT_MET: "Gate not met",
    Verdict.INCOMPLETE: "Evidence incomplete",
}
_VERDICT_MARKS = {Verdict.MET: "✓", Verdict.NOT_MET: "✗", Verdict.INCOMPLETE: "?"}


def render(material: Material) -> bytes:
    """The page, as UTF-8; everything that comes from the description is escaped."""
    return filled("page.html.j2", _context(material))


def filled(template: str, context: Mapping[str, object]) -> bytes:
    """A template of the folder `page`, filled and escaped, with the style and the marks that all pages share.

    Args:
        template: its file.
        context: what it names.
    """
    environment = Environment(
        loader=BaseLoader(), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    folder = files("redan.reports").joinpath("page")
    body = environment.from_string(folder.joinpath(template).read_text(encoding="utf-8"))
    styles = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "pictures.css"))
    style = Markup(styles)  # noqa: S704 -- our own files
    return body.render(style=style, marks={o.value: m for o, m in MARKS.items()}, **context).encode() + b"\n"


def _context(material: Material) -> dict[str, object]:
    worst = material.worst(WORST)
    pressing = bool(worst) and worst[0][1].required
    judgement, results = material.judgement, material.results
    threats = threat_rows(material)
    return {
        "tool": results.tool,
        "name": material.system.about.name,
        "purpose": material.system.about.purpose,
        "verdict": judgement.verdict.value,
        "verdict_mark": _VERDICT_MARKS[judgement.verdict],
        "verdict_words": _WORDS[judgement.verdict],
        "verdict_why": tally(material),
        "bar": _bar(material),
        "facts": tuple(_facts(material)),
        "first_title": "Mend these first" if pressing else "What to do next",
        "rest": _rest(material),
        "unanswered": unanswered(material),
        "worst": [_worst(material, index) for index in range(len(worst))],
        "diagram": _diagram(material),
        "threat_lead": _lead(material),
        "threats": threats[:THREATS],
        "more_threats": threats[THREATS:],
        "more_levels": _levels(threats[THREATS:]),
        "held_ids": {control for control, outcome in material.held.items() if outcome is Outcome.HOLDS},
        "excluded": material.analysis.excluded,
        "stages": [stage.value for stage in Stage],
        "matrix": tuple(_matrix(material)),
        "families": controls(material),
        "proof": tuple(_proof(material)),
        "reproduce": material.reproduce,
    }


def _rest(material: Material) -> str:
    """What a page without a broken control still owes."""
    open_ = [row for row in material.judgement.rows if row.outcome in UNANSWERED]
    silent = sum(is_silent(row) for row in open_)
    parts = ["Nothing is broken."]
    if len(open_) > silent:
        parts.append(f"{plain_count(len(open_) - silent, 'control')} below still have questions without an answer.")
    if silent:
        parts.append(
            f"{plain_count(silent, 'control')} of the catalogue have no check yet, and none counts as holding."
        )
    return " ".join(parts)


def _levels(threats: list[dict[str, object]]) -> str:
    counts = Counter(str(threat["risk"]) for threat in threats)
    return ", ".join(f"{counts[level]} {level}" for level in reversed(RiskLevel) if counts[level])


def _diagram(material: Material) -> Markup:
    drawn = diagram(material.system, material.analysis.threats)
    found = re.search(r' width="([\d.]+)"', drawn)
    least = round(float(found[1]) * _READABLE) if found else 0
    whole = Markup(drawn)  # noqa: S704 -- the diagram escapes every name itself
    return Markup('<div class="sheet" style="min-width:{}px">{}</div>').format(least, whole)


def _bar(material: Material) -> Markup:
    """How many controls have each outcome; those that no check asks about yet stand apart from those left unrun."""
    states = Counter(NO_CHECK if is_silent(row) else row.outcome.value for row in material.judgement.rows)
    marks = {**{outcome.value: mark for outcome, mark in MARKS.items()}, NO_CHECK: "·"}
    shown = [(name, name.replace(" ", "-"), states[name]) for name in marks if states[name]]
    spans = Markup("").join(
        Markup('<span class="{}" style="flex:{}"></span>').format(style, count) for _, style, count in shown
    )
    items = Markup("").join(
        Markup('<li><span class="swatch {}" aria-hidden="true">{}</span> <strong>{}</strong> {}</li>').format(
            style, marks[name], count, name
        )
        for name, style, count in shown
    )
    label = ", ".join(f"{count} {name}" for name, _, count in shown)
    return Markup(
        '<p class="bar-title">The {} of the catalogue</p>'
        '<div class="bar" role="img" aria-label="{}">{}</div><ul class="legend">{}</ul>'
    ).format(plain_count(sum(states.values()), "control"), label, spans, items)


def _facts(material: Material) -> Iterator[tuple[str, str]]:
    results, about = material.results, material.system.about
    yield "Checked", f"{results.at:%Y-%m-%d %H:%M} UTC"
    yield "Stage", results.stage.value
    yield "Owner", about.owner or "not stated"
    yield "Policy", results.policy_sha256[:12]
    yield "Signed by key", material.key_id[:12] or "not signed"
    yield "Seed", str(results.seed)


def _worst(material: Material, index: int) -> dict[str, object]:
    row, judged = material.worst(WORST)[index]
    same = [j for j in row.findings if j.finding.check == judged.finding.check]
    broken = sum(j.finding.outcome is Outcome.BROKEN for j in same)
    return {
        **entry(judged),
        "control": row.control_id,
        "title": row.title,
        "more": broken - 1,
    }


def _lead(material: Material) -> str:
    count = len(material.analysis.threats)
    if count == 0:
        return "The description names nothing that a known attack applies to."
    return (
        f"{plain_count(count, 'threat')} derived from the description, each with the fact that makes it apply. "
        "What remains counts only controls that hold by evidence."
    )


def _matrix(material: Material) -> Iterator[dict[str, object]]:
    cells = matrix(material.analysis.threats, material.held)
    for harm in Property:
        row = [cell for stage in Stage for cell in cells if cell.stage is stage and cell.harm is harm]
        yield {
            "harm": harm.value,
            "cells": [
                {
                    "count": cell.threat_count,
                    "worst": cell.worst and cell.worst.value,
                    "remaining": cell.remaining and cell.remaining.value,
                }
                for cell in row
            ],
        }


def _proof(material: Material) -> Iterator[tuple[str, str]]:
    yield "Policy SHA-256", material.results.policy_sha256
    yield "Description SHA-256", material.results.description_sha256
    yield "Key id", material.key_id or "not signed"
    stale = sum(row.outcome in UNANSWERED for row in material.judgement.rows)
    yield "Signed statements", f"{len(material.evidence)} controls, {stale} of them not answered, stale or in error"
