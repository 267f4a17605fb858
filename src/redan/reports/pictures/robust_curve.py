"""Accuracy over the radius of an attack; bands are intervals at each radius by itself."""

from markupsafe import Markup

from redan.reports.pictures.fields import Fields, MalformedError, as_interval, as_number
from redan.reports.pictures.legend import legend, stroke
from redan.reports.pictures.plane import HEIGHT, LEFT, RIGHT, TOP, across, below, ground, path, plane, up
from redan.reports.pictures.scale import Scale
from redan.stats.interval import Interval

_MOST = 4  # lines whose bands can be told apart
_WIDTH = 100.0 - LEFT - RIGHT


def robust_curve(fields: Fields) -> Markup:
    """Draws `redan.findings.attack_pictures.RobustCurve`.

    Raises:
        MalformedError: a line is not as long as the axis, or radii do not rise.
    """
    eps, parts = fields.numbers("eps"), fields.parts("lines")
    if not eps or eps != sorted(eps) or len(parts) > _MOST:
        raise MalformedError("eps")
    x, y = Scale.over(eps, zero=True), Scale(0.0, 1.0)
    drawn, names = [ground(y, "share")], []
    for place, part in enumerate(parts):
        values = [as_number(value) for value in part.items("values")]
        intervals = [as_interval(value) for value in part.items("intervals")] or [None] * len(values)
        if not len(values) == len(intervals) == len(eps):
            raise MalformedError("lines")
        known = [(e, v) for e, v in zip(eps, values, strict=True) if v is not None]
        drawn.append(band(eps, intervals, x, y, place))
        drawn.append(path(known, x, y, f"line l{place}"))
        drawn += [_dot(across(x, e), up(y, v), place, e, v) for e, v in known]
        names.append(part.text("name"))
    drawn.append(below([(across(x, tick), f"{tick:g}") for tick in x.ticks()]))
    key = [stroke(i, name) for i, name in enumerate(names)]
    words = f"Across: radius in {fields.text('norm')}; shaded: interval at each radius"
    return plane(drawn, fields.text("title")) + legend(key, words)


def band(eps: list[float], intervals: list[Interval | None], x: Scale, y: Scale, place: int) -> Markup:
    """The ground between the ends of intervals, for the line of that place."""
    ends = [(e, one) for e, one in zip(eps, intervals, strict=True) if one is not None]
    if not ends:
        return Markup("")
    rim = [(e, one.high) for e, one in ends] + [(e, one.low) for e, one in reversed(ends)]
    steps = " ".join(f"{x.at(a):.2f},{100 - y.at(b):.2f}" for a, b in rim)
    return Markup(
        '<svg x="{}%" y="{}" width="{}%" height="{}" viewBox="0 0 100 100" preserveAspectRatio="none">'
        '<polygon class="band l{}" points="{}"/></svg>'
    ).format(LEFT, TOP, _WIDTH, HEIGHT, place, steps)


def _dot(x: float, y: float, place: int, eps: float, value: float) -> Markup:
    return Markup(
        '<circle class="point l{}" cx="{:.2f}%" cy="{:.1f}" r="3"><title>{:.1%} at {:g}</title></circle>'
    ).format(place, x, y, value, eps)
