"""True-positive over false-positive rates, both by powers of ten; the shaded band is the interval of the first line."""

import math

from markupsafe import Markup

from redan.reports.pictures.fields import Fields, MalformedError, as_interval, as_number
from redan.reports.pictures.legend import dash, legend, stroke
from redan.reports.pictures.plane import HEIGHT, LEFT, TOP, across, below, level, path, plane, up
from redan.reports.pictures.robust_curve import band
from redan.reports.pictures.scale import Scale, worded
from redan.stats.interval import Interval

_MOST = 4  # lines whose strokes can be told apart
_LEAST = 1e-6


def log_roc(fields: Fields) -> Markup:
    """Draws `redan.findings.roc_picture.LogRoc`.

    Raises:
        MalformedError: a line is not as long as the axis, or rates do not rise within (0, 1].
    """
    rates, parts = fields.numbers("rates"), fields.parts("lines")
    if len(rates) < 2 or rates != sorted(set(rates)) or rates[0] < _LEAST or rates[-1] > 1 or len(parts) > _MOST:  # noqa: PLR2004
        raise MalformedError("rates")
    at = [math.log10(rate) for rate in rates]
    floor = at[0]
    x, y = Scale(floor, 0.0), Scale(floor, 0.0)
    drawn = [_ground(y), path([(floor, floor), (0.0, 0.0)], x, y, "axis")]
    key = []
    for place, part in enumerate(parts):
        values = [as_number(value) for value in part.items("values")]
        intervals = [as_interval(value) for value in part.items("intervals")] or [None] * len(values)
        if not len(values) == len(intervals) == len(at):
            raise MalformedError("lines")
        logs = [(a, max(floor, math.log10(v))) for a, v in zip(at, values, strict=True) if v is not None and v > 0]
        drawn += [
            band(at, [_logged(one, floor) for one in intervals], x, y, place),
            path(logs, x, y, f"line l{place}"),
        ]
        key.append(stroke(place, part.text("name")))
    multiple = fields.maybe("multiple")
    if multiple is not None and multiple >= 1:
        drawn.append(path([(floor, floor + math.log10(multiple)), (-math.log10(multiple), 0.0)], x, y, "limit"))
        key.append(dash(f"agreed: {multiple:g} times as many"))
    lowest = fields.maybe("lowest")
    if lowest is not None and rates[0] <= lowest <= 1:
        drawn.append(_shown(across(x, math.log10(lowest))))
    drawn.append(below([(across(x, power), worded(10.0**power, "share")) for power in _powers(floor)]))
    mark = "" if lowest is None else f"; upright line: {worded(lowest, 'share')}, the lowest rate that can be shown"
    words = (
        "Across: share of non-members taken for members, up: share of members found, both by powers of ten; thin line: "
        f"chance{mark}; shaded: interval of the first"
    )
    return plane(drawn, fields.text("title")) + legend(key, words)


def _powers(floor: float) -> list[int]:
    return list(range(math.ceil(floor - 1e-9), 1))


def _logged(one: Interval | None, floor: float) -> Interval | None:
    if one is None:
        return None
    low, high = (max(floor, math.log10(end)) if end > 0 else floor for end in one)
    return Interval(low, min(high, 0.0))


def _ground(y: Scale) -> Markup:
    text = Markup('<text x="{}%" y="{:.1f}" text-anchor="end">{}</text>')
    return Markup("").join(
        level(power, y, "axis") + text.format(LEFT - 1, up(y, power) + 4, worded(10.0**power, "share"))
        for power in _powers(y.low)
    )


def _shown(at: float) -> Markup:
    return Markup('<line class="axis" x1="{0:.2f}%" x2="{0:.2f}%" y1="{1}" y2="{2}"/>').format(at, TOP, TOP + HEIGHT)
