"""A plane with two axes; lines stretch with the page, text and points keep their size."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from redan.reports.pictures.scale import Scale, worded

LEFT, RIGHT, TOP, HEIGHT = 11.0, 2.0, 8, 190  # per cent of the width; pixels
_WIDTH = 100.0 - LEFT - RIGHT
_LETTER = 2.3  # per cent of the width, with a little air, where the page is a telephone's


def across(scale: Scale, value: float) -> float:
    """Per cent of the picture's width."""
    return LEFT + _WIDTH * scale.at(value) / 100


def up(scale: Scale, value: float) -> float:
    """Pixels from the picture's top."""
    return TOP + HEIGHT * (1 - scale.at(value) / 100)


def path(points: Sequence[tuple[float, float]], x: Scale, y: Scale, style: str) -> Markup:
    """A line through points; it stretches with the page, its stroke does not."""
    if not points:
        return Markup("")
    steps = " ".join(f"{x.at(a):.2f},{100 - y.at(b):.2f}" for a, b in points)
    return Markup(
        '<svg x="{}%" y="{}" width="{}%" height="{}" viewBox="0 0 100 100" preserveAspectRatio="none" '
        'overflow="visible">'
        '<polyline class="{}" points="{}" vector-effect="non-scaling-stroke"/></svg>'
    ).format(LEFT, TOP, _WIDTH, HEIGHT, style, steps)


def level(value: float, y: Scale, style: str) -> Markup:
    """A line across the plane at one height."""
    return Markup('<line class="{0}" x1="{1}%" x2="{2}%" y1="{3:.1f}" y2="{3:.1f}"/>').format(
        style, LEFT, LEFT + _WIDTH, up(y, value)
    )


def ground(y: Scale, unit: str) -> Markup:
    """Lines across at round numbers, each with its number at the left."""
    text = Markup('<text x="{}%" y="{:.1f}" text-anchor="end">{}</text>')
    return Markup("").join(
        level(tick, y, "axis") + text.format(LEFT - 1, up(y, tick) + 4, worded(tick, unit)) for tick in y.ticks()
    )


def below(words: Iterable[tuple[float, str]]) -> Markup:
    """Words below the plane, at per cent of its width, left to right; one that would lie on another is left out."""
    text = Markup('<text x="{:.2f}%" y="{}" text-anchor="{}">{}</text>')
    return Markup("").join(
        text.format(at, TOP + HEIGHT + 17, "end" if at > 92 else "start" if at < LEFT + 3 else "middle", word)  # noqa: PLR2004
        for at, word in _apart(words)
    )


def _apart(words: Iterable[tuple[float, str]]) -> list[tuple[float, str]]:
    kept: list[tuple[float, str]] = []
    for at, word in words:
        if not kept or at - kept[-1][0] >= _LETTER * (len(word) + len(kept[-1][1])) / 2:
            kept.append((at, word))
    return kept


def plane(parts: Iterable[Markup], label: str) -> Markup:
    """The whole picture."""
    return Markup('<svg class="plane" width="100%" height="{}" role="img" aria-label="{}">{}</svg>').format(
        TOP + HEIGHT + 24, label, Markup("").join(parts)
    )
