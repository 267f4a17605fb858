"""Contributors by how much they gave and at which rate; chance alone stays inside the funnel.

Source: Spiegelhalter, Funnel Plots for Comparing Institutional Performance, Statistics in Medicine 24 (2005).
"""

import math

from markupsafe import Markup

from redan.reports.pictures.fields import Fields, MalformedError, as_number
from redan.reports.pictures.plane import across, below, ground, level, path, plane, up
from redan.reports.pictures.scale import Scale, worded
from redan.reports.words import plain_count


def funnel(fields: Fields) -> Markup:
    """Draws `redan.findings.pictures.Funnel`; the axis of rows is logarithmic, because contributors differ so much.

    Raises:
        MalformedError: a point or a limit lacks a field.
    """
    points = [(p.number("n"), p.number("value"), p.flag("flagged"), p.text("name")) for p in fields.parts("points")]
    limits = [_limit(value) for value in fields.items("limits")]
    counts = [*(point[0] for point in points), *(limit[0] for limit in limits)]
    if any(n < 1 for n in counts):
        raise MalformedError("n")
    x = Scale.over([math.log10(n) for n in counts])
    rates = [value for _, value, _, _ in points]
    y = Scale.over([*rates, fields.number("centre"), *_shown(limits, rates)], zero=True)
    unit = "share" if y.high <= 1 else ""
    edges = [path([(math.log10(n), side) for n, side in line], x, y, "limit") for line in _sides(limits)]
    marks = [_mark(across(x, math.log10(n)), up(y, value), flagged, name) for n, value, flagged, name in points]
    words = [(across(x, tick), f"{10**tick:,.0f}") for tick in x.ticks() if float(tick).is_integer()] or [
        (across(x, x.low), f"{10**x.low:,.0f}"),
        (across(x, x.high), f"{10**x.high:,.0f}"),
    ]
    told = sum(flagged for *_, flagged, _ in points)
    label = f"{plain_count(len(points), 'contributor')}, {told} outside what chance explains"
    drawn = plane([ground(y, unit), *edges, level(fields.number("centre"), y, "centre"), *marks, below(words)], label)
    key = Markup('<p class="key">across: rows given; up: {}; line: {} of all rows; dashed: what chance alone gives</p>')
    return drawn + key.format(fields.text("unit"), worded(fields.number("centre"), unit))


def _limit(value: object) -> tuple[float, float, float]:
    if not isinstance(value, list) or len(value) != 3:  # noqa: PLR2004 -- n, low, high
        raise MalformedError("limits")
    n, low, high = (as_number(number) for number in value)
    if n is None or low is None or high is None:
        raise MalformedError("limits")
    return n, low, high


def _shown(limits: list[tuple[float, float, float]], rates: list[float]) -> list[float]:
    """Limits of tiny contributors run to 1 and would flatten everything else."""
    roof = 2 * max(rates, default=1.0)
    return [min(high, roof) for _, _, high in limits]


def _sides(limits: list[tuple[float, float, float]]) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    return [(n, low) for n, low, _ in limits], [(n, high) for n, _, high in limits]


def _mark(x: float, y: float, flagged: bool, name: str) -> Markup:
    shape = "M-6 0L0-6L6 0L0 6z" if flagged else "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z"
    return Markup(
        '<svg class="dot {}" x="{:.2f}%" y="{:.1f}" overflow="visible"><path d="{}"><title>{}</title></path></svg>'
    ).format("broken" if flagged else "plain", x, y, shape, name)
