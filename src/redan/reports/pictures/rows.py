"""Rows of a name, a drawing and a number: what bars, shares and trees are made of; text wraps, drawings stretch."""

from collections.abc import Iterable
from typing import NamedTuple

from markupsafe import Markup

from redan.reports.pictures.scale import Scale, worded
from redan.stats.interval import Interval

HEIGHT = 22
_MIDDLE = HEIGHT / 2


class RowLine(NamedTuple):
    """One row.

    Args:
        name: at its left.
        drawing: what stands in the middle, `HEIGHT` high.
        value: at its right.
        depth: how far it is indented.
        flagged: whether it is told as broken.
    """

    name: str
    drawing: Markup
    value: str
    depth: int = 0
    flagged: bool = False


def rows(lines: Iterable[RowLine]) -> Markup:
    """All rows as a list."""
    item = Markup(
        '<li class="{}"><span class="name" style="padding-left:{}rem">{}</span>{}<span class="value">{}</span></li>'
    )
    made = [
        item.format(
            "row flagged" if line.flagged else "row", 0.9 * min(line.depth, 8), line.name, line.drawing, line.value
        )
        for line in lines
    ]
    return Markup('<ol class="rows">{}</ol>').format(Markup("").join(made))


def spot(value: float, interval: Interval | None, scale: Scale, *, flagged: bool, expected: float | None) -> Markup:
    """A value with its interval: a disc as it should be, a diamond when flagged, a line where all should be."""
    parts = [Markup('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(_MIDDLE)]
    if expected is not None:
        line = Markup('<line class="limit" x1="{0:.2f}%" x2="{0:.2f}%" y1="1" y2="{1}"/>')
        parts.append(line.format(scale.at(expected), HEIGHT - 1))
    if interval is not None:
        ends = scale.at(interval.low), scale.at(interval.high)
        parts.append(
            Markup('<line class="span" x1="{:.2f}%" x2="{:.2f}%" y1="{}" y2="{}"/>').format(*ends, _MIDDLE, _MIDDLE)
        )
    shape = "M-6 0L0-6L6 0L0 6z" if flagged else "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z"
    mark = Markup('<svg class="dot {}" x="{:.2f}%" y="{}" overflow="visible"><path d="{}"/></svg>')
    parts.append(mark.format("broken" if flagged else "plain", scale.at(value), _MIDDLE, shape))
    return drawing(parts)


def drawing(parts: Iterable[Markup]) -> Markup:
    """The middle of a row."""
    return Markup('<svg class="mid" width="100%" height="{}" aria-hidden="true">{}</svg>').format(
        HEIGHT, Markup("").join(parts)
    )


def footing(scale: Scale, unit: str) -> RowLine:
    """The axis below the rows: round numbers at their places."""
    text = Markup('<text x="{:.2f}%" y="{}" text-anchor="{}">{}</text>')
    parts = []
    for tick in scale.ticks():
        at = scale.at(tick)
        anchor = "start" if at < 5 else "end" if at > 95 else "middle"  # noqa: PLR2004 -- per cent of the width
        parts.append(text.format(at, HEIGHT - 8, anchor, worded(tick, unit)))
    return RowLine("", drawing(parts), "")
