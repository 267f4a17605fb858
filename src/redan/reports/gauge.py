"""A measure drawn against its threshold: the value, its interval, and the side on which the control holds."""

from markupsafe import Markup, escape

from redan.findings import Measure
from redan.reports.words import brief, measured, number, plain_name, quantity, resting_on
from redan.terms import Outcome

_LEFT, _SPAN = 3.0, 94.0  # per cent of the width, so that marks keep their size at every width of the page
_Y, _HEIGHT = 16, 46
_MARKS = {"broken": "M-7 0L0-7L7 0L0 7z", "holds": "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z", "other": "M-5-5h10v10h-10z"}


def gauge(measure: Measure | None, outcome: Outcome) -> Markup | None:
    """A measure as a figure whose numbers are text; None when there is nothing to show.

    Args:
        measure: what was measured; its numbers share one axis with the threshold.
        outcome: decides colour and shape of the value's mark: a disc holds, a diamond is broken, a square is neither.

    Returns:
        The figure; a line of words alone when the value or the threshold is missing.
    """
    if measure is None:
        return None
    if measure.value is None or measure.threshold is None:
        return Markup('<p class="note">{}</p>').format(_sentence(measured(measure)))
    low, high = _axis(measure)
    drawn = Markup(  # noqa: S704 -- numbers made here and text escaped
        f'<svg width="100%" height="{_HEIGHT}" role="img" aria-label="{escape(measured(measure))}">'
        f"{''.join(_marks(measure, outcome, low, high))}</svg>"
    )
    return Markup('<figure class="gauge">{}{}</figure>').format(drawn, _caption(measure))


def _marks(measure: Measure, outcome: Outcome, low: float, high: float) -> list[str]:
    value, limit = (_at(float(number_ or 0), low, high) for number_ in (measure.value, measure.threshold))
    parts = [
        _zone(measure, limit),
        f'<line class="axis" x1="{_LEFT}%" x2="{_LEFT + _SPAN}%" y1="{_Y}" y2="{_Y}"/>',
        f'<line class="limit" x1="{limit:.2f}%" x2="{limit:.2f}%" y1="{_Y - 13}" y2="{_Y + 13}"/>',
    ]
    if measure.interval is not None:
        start, end = (_at(edge, low, high) for edge in measure.interval)
        parts.append(f'<line class="span" x1="{start:.2f}%" x2="{end:.2f}%" y1="{_Y}" y2="{_Y}"/>')
        parts += [f'<line class="cap" x1="{x:.2f}%" x2="{x:.2f}%" y1="{_Y - 5}" y2="{_Y + 5}"/>' for x in (start, end)]
    kind = outcome.value if outcome in (Outcome.HOLDS, Outcome.BROKEN) else "other"
    parts.append(
        f'<svg class="dot {kind}" x="{value:.2f}%" y="{_Y}" overflow="visible"><path d="{_MARKS[kind]}"/></svg>'
    )
    for edge, x, anchor in ((low, _LEFT, "start"), (high, _LEFT + _SPAN, "end")):
        words = escape(quantity(edge, measure.unit if measure.unit == "share" else ""))
        parts.append(f'<text x="{x}%" y="{_HEIGHT - 4}" text-anchor="{anchor}">{words}</text>')
    return parts


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


def _zone(measure: Measure, limit: float) -> str:
    start, end = (_LEFT, limit) if measure.comparator == "<=" else (limit, _LEFT + _SPAN)
    return f'<rect class="zone" x="{start:.2f}%" y="{_Y - 7}" width="{end - start:.2f}%" height="14"/>'


def _caption(measure: Measure) -> Markup:
    side = "at most" if measure.comparator == "<=" else "at least"
    words = [f"{plain_name(measure)}, holds with {side} {quantity(measure.threshold or 0, measure.unit, bare=True)}"]
    if measure.interval is not None:
        low, high = (brief(edge, measure.unit, bare=True) for edge in measure.interval)
        words.append(f"{number(100 * measure.confidence)}% interval {low} to {high}")
    value = brief(measure.value or 0, measure.unit, apart=(measure.threshold or 0,)) + resting_on(measure)
    return Markup("<figcaption><strong>{}</strong> <span>{}</span></figcaption>").format(value, "; ".join(words))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
