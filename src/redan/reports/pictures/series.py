"""Something over time or over a parameter: lines, gaps where nothing is known, and the alarm's threshold."""

from itertools import groupby

from markupsafe import Markup

from redan.reports.pictures.fields import Fields, MalformedError, as_number
from redan.reports.pictures.legend import dash, legend, stroke
from redan.reports.pictures.plane import across, below, ground, level, path, plane, up
from redan.reports.pictures.scale import Scale, worded

_MOST = 6  # lines that can be told apart
_WORDS = 5  # along the axis


def series(fields: Fields) -> Markup:
    """Draws `redan.findings.pictures.Series`.

    Raises:
        MalformedError: a line is not as long as the axis, or there are too many lines.
    """
    x_words, unit = fields.texts("x"), fields.text("unit")
    lines = [
        (line.text("name"), [as_number(value) for value in line.items("values")]) for line in fields.parts("lines")
    ]
    if not x_words or any(len(values) != len(x_words) for _, values in lines) or len(lines) > _MOST:
        raise MalformedError("lines")
    threshold = fields.maybe("threshold")
    known = [value for _, values in lines for value in values if value is not None]
    y = Scale.over([*known, *([] if threshold is None else [threshold])], zero=True)
    x = Scale(0.0, float(max(len(x_words) - 1, 1)))
    parts = [ground(y, unit)]
    for place, (_, values) in enumerate(lines):
        parts += [path(run, x, y, f"line l{place}") for run in _runs(values)]
        parts += [_dot(across(x, run[0][0]), up(y, run[0][1]), place) for run in _runs(values) if len(run) == 1]
    if threshold is not None:
        parts.append(level(threshold, y, "limit"))
    step = max(1, -(-len(x_words) // _WORDS))
    parts.append(below([(across(x, float(i)), x_words[i]) for i in range(0, len(x_words), step)]))
    return plane(parts, fields.text("title")) + _key([name for name, _ in lines], threshold, unit)


def _runs(values: list[float | None]) -> list[list[tuple[float, float]]]:
    """Stretches without a gap."""
    pairs = list(enumerate(values))
    return [
        [(float(i), value) for i, value in run if value is not None]
        for known, run in groupby(pairs, key=lambda pair: pair[1] is not None)
        if known
    ]


def _dot(x: float, y: float, place: int) -> Markup:
    return Markup('<circle class="point l{}" cx="{:.2f}%" cy="{:.1f}" r="3"/>').format(place, x, y)


def _key(names: list[str], threshold: float | None, unit: str) -> Markup:
    entries = [stroke(i, name) for i, name in enumerate(names)]
    if threshold is not None:
        entries.append(dash(f"alarm at {worded(threshold, unit)}"))
    return legend(entries)
