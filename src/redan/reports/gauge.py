"""A measure drawn against its threshold: the value, its interval, and the side on which the control holds."""

from markupsafe import Markup, escape

from redan.findings import Measure
from redan.reports.words import measured, number
from redan.terms import Outcome

_WIDTH, _HEIGHT, _LEFT, _SPAN, _Y = 560, 58, 14, 400, 24


def gauge(measure: Measure | None, outcome: Outcome) -> Markup | None:
    """An inline SVG of a measure; None when there is nothing to draw, which a caption then says in words.

    Args:
        measure: what was measured; its numbers share one axis with the threshold.
        outcome: colours the value.
    """
    if measure is None:
        return None
    if measure.value is None or measure.threshold is None:
        return Markup('<p class="note">{}</p>').format(measured(measure))
    low, high = _axis(measure)
    parts = [_zone(measure, low, high), f'<line class="axis" x1="{_LEFT}" x2="{_LEFT + _SPAN}" y1="{_Y}" y2="{_Y}"/>']
    if measure.interval is not None:
        start, end = (_at(value, low, high) for value in measure.interval)
        parts.append(f'<line class="span" x1="{start:.1f}" x2="{end:.1f}" y1="{_Y}" y2="{_Y}"/>')
    limit = _at(measure.threshold, low, high)
    parts.append(f'<line class="limit" x1="{limit:.1f}" x2="{limit:.1f}" y1="{_Y - 12}" y2="{_Y + 12}"/>')
    dot = _at(measure.value, low, high)
    colour = outcome.value if outcome in (Outcome.HOLDS, Outcome.BROKEN) else "other"
    parts.append(f'<circle class="dot {colour}" cx="{dot:.1f}" cy="{_Y}" r="6"/>')
    parts.append(_caption(measure))
    title = escape(measured(measure))
    return Markup(  # noqa: S704 -- numbers made here and text escaped above
        f'<svg class="gauge" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="{title}"><title>{title}</title>{"".join(parts)}</svg>'
    )


def _axis(measure: Measure) -> tuple[float, float]:
    """The range of the axis: zero, the values, the threshold, and n where the value counts among n."""
    shown = [0.0, float(measure.value or 0), float(measure.threshold or 0), *(measure.interval or ())]
    if measure.unit == "share":
        shown.append(1.0)
    elif measure.n is not None and measure.n >= max(shown) and measure.unit == "rows":
        shown.append(float(measure.n))
    low, high = min(shown), max(shown)
    return (low, high) if high > low else (low, low + 1.0)


def _at(value: float, low: float, high: float) -> float:
    return _LEFT + _SPAN * (min(max(value, low), high) - low) / (high - low)


def _zone(measure: Measure, low: float, high: float) -> str:
    edge = _at(float(measure.threshold or 0), low, high)
    start, end = (_LEFT, edge) if measure.comparator == "<=" else (edge, _LEFT + _SPAN)
    return f'<rect class="zone" x="{start - 4:.1f}" y="{_Y - 10}" width="{end - start + 8:.1f}" height="20" rx="4"/>'


def _caption(measure: Measure) -> str:
    value = escape(f"{number(measure.value or 0)} {measure.unit}".strip())
    n = "" if measure.n is None else f" of {measure.n:,}" if measure.unit == "rows" else f", n = {measure.n:,}"
    below = f"{measure.name.replace('_', ' ')}; holds {'up to' if measure.comparator == '<=' else 'from'} "
    below += number(measure.threshold or 0)
    if measure.interval is not None:
        below += (
            f"; {measure.confidence:.0%} interval {number(measure.interval.low)} to {number(measure.interval.high)}"
        )
    return (
        f'<text class="value" x="{_LEFT + _SPAN + 14}" y="{_Y + 4}">{value}{escape(n)}</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 5}">{escape(below)}</text>'
    )
