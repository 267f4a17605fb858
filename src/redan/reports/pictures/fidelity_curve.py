"""Fidelity of copies over the number of questions, which grows by doubling; bands are intervals at each number."""

import math

from markupsafe import Markup

from redan.reports.pictures.fields import Fields, MalformedError, as_interval, as_number
from redan.reports.pictures.legend import dash, legend, stroke
from redan.reports.pictures.plane import across, below, ground, level, path, plane, up
from redan.reports.pictures.robust_curve import band
from redan.reports.pictures.scale import Scale
from redan.stats.interval import Interval

_MOST = 4  # lines whose bands can be told apart
_WORDS = 6  # along the axis


def fidelity_curve(fields: Fields) -> Markup:
    """Draws `redan.findings.extraction_picture.FidelityCurve`.

    Raises:
        MalformedError: a line is not as long as the axis, or numbers of questions do not rise from 1.
    """
    queries, parts = fields.numbers("queries"), fields.parts("lines")
    if not queries or queries[0] < 1 or queries != sorted(set(queries)) or len(parts) > _MOST:
        raise MalformedError("queries")
    at = [math.log2(count) for count in queries]
    x, y = Scale.over(at), Scale(0.0, 1.0)
    drawn, key = [ground(y, "share")], []
    for place, part in enumerate(parts):
        values = [as_number(value) for value in part.items("values")]
        intervals: list[Interval | None] = [as_interval(value) for value in part.items("intervals")]
        intervals = intervals or [None] * len(values)
        if not len(values) == len(intervals) == len(at):
            raise MalformedError("lines")
        known = [(a, v, n) for a, v, n in zip(at, values, queries, strict=True) if v is not None]
        drawn += [band(at, intervals, x, y, place), path([(a, v) for a, v, _ in known], x, y, f"line l{place}")]
        drawn += [_dot(across(x, a), up(y, v), place, v, n) for a, v, n in known]
        key.append(stroke(place, part.text("name")))
    threshold = fields.maybe("threshold")
    if threshold is not None:
        drawn.append(level(threshold, y, "limit"))
        key.append(dash(f"agreed: below {threshold:.0%}"))
    step = max(1, -(-len(queries) // _WORDS))
    drawn.append(below([(across(x, at[i]), f"{queries[i]:,.0f}") for i in range(0, len(queries), step)]))
    levels = [(part.text("name"), part.maybe("value")) for part in fields.parts("levels")]
    beside = ", ".join(f"{name} {value:.1%}" for name, value in levels if value is not None)
    words = "Across: questions, doubling; shaded: interval at each point" + (
        f"; beside them: {beside}" if beside else ""
    )
    return plane(drawn, fields.text("title")) + legend(key, words)


def _dot(x: float, y: float, place: int, value: float, count: float) -> Markup:
    return Markup(
        '<circle class="point l{}" cx="{:.2f}%" cy="{:.1f}" r="3"><title>{:.1%} at {:,.0f} questions</title></circle>'
    ).format(place, x, y, value, count)
