"""A series of numbers as a line in words' size: inline SVG, without a style, a script or a colour of its own."""

import math
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

_WIDE: Final = 240.0
_HIGH: Final = 48.0
_EDGE: Final = 2.0


def sparkline(
    values: Sequence[float | None], says: str, *, limit: float | None = None, logarithmic: bool = False
) -> Markup:
    """The drawing.

    Args:
        values: in their order, at even distances; None leaves a gap.
        says: what it shows, for who cannot see it.
        limit: a line across, such as where an alarm begins.
        logarithmic: whether equal distances are equal factors; numbers below a thousandth count as that.

    Returns:
        An `svg` element; without numbers, an empty one.
    """
    scaled = [None if v is None or not math.isfinite(v) else _scaled(v, logarithmic=logarithmic) for v in values]
    top = None if limit is None else _scaled(limit, logarithmic=logarithmic)
    seen = [v for v in scaled if v is not None] + ([] if top is None else [top])
    low, high = (min(seen), max(seen)) if seen else (0.0, 0.0)
    low = min(0.0, low)  # an e-value of 1 is evidence of nothing
    span = (high - low) or 1.0

    def y(value: float) -> float:
        return _HIGH - _EDGE - (value - low) / span * (_HIGH - 2 * _EDGE)

    step = _WIDE / max(1, len(scaled) - 1)
    parts = [
        f'<svg class="spark" viewBox="0 0 {_WIDE:g} {_HIGH:g}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(says)}">'
    ]
    for run in _runs(scaled):
        points = [(place * step, y(value)) for place, value in run]
        if len(points) == 1:
            points.append((points[0][0] + 1.0, points[0][1]))
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        area = f"{points[0][0]:.1f},{_HIGH:g} {line} {points[-1][0]:.1f},{_HIGH:g}"
        parts.append(f'<polygon class="area" points="{area}"/><polyline class="line" points="{line}"/>')
    if top is not None:
        parts.append(f'<line class="limit" x1="0" x2="{_WIDE:g}" y1="{y(top):.1f}" y2="{y(top):.1f}"/>')
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 -- numbers and an escaped text


def _scaled(value: float, *, logarithmic: bool) -> float:
    return math.log10(max(1e-3, value)) if logarithmic else value


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Neighbours without a gap between them."""
    found: list[list[tuple[int, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            found.append([])
        else:
            found[-1].append((place, value))
    return [run for run in found if run]
