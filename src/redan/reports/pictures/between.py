"""Certified <= true <= empirical: solid is proved, hatched is unknown, the rest was broken."""

from markupsafe import Markup

from redan.reports.pictures.fields import Fields, MalformedError, as_interval
from redan.reports.pictures.rows import HEIGHT, RowLine, drawing, footing, rows
from redan.reports.pictures.scale import Scale, worded
from redan.stats.interval import Interval

_KEY = Markup(
    '<p class="key"><span class="box proved"></span> certified <span class="box unknown"></span> neither proved nor '
    'broken <span class="box fallen"></span> broken; line: where the true share lies</p>'
)


def between(fields: Fields) -> Markup:
    """Draws `redan.findings.attack_pictures.Between`.

    Raises:
        MalformedError: names and shares are not of one length, or a share is none.
    """
    names, certified, empirical = fields.texts("names"), fields.numbers("certified"), fields.numbers("empirical")
    true = [as_interval(value) for value in fields.items("true")]
    if not len(names) == len(certified) == len(empirical) == len(true):
        raise MalformedError("names")
    if not all(0 <= value <= 1 for value in (*certified, *empirical)):
        raise MalformedError("certified")
    scale = Scale(0.0, 1.0)
    lines = [
        RowLine(
            name, _bar(low, high, span, scale), f"{worded(low, 'share')} to {worded(high, 'share')}", flagged=low > high
        )
        for name, low, high, span in zip(names, certified, empirical, true, strict=True)
    ]
    return rows([*lines, footing(scale, "share")]) + _KEY


def _bar(low: float, high: float, true: Interval | None, scale: Scale) -> Markup:
    bar = Markup('<rect class="{}" x="{:.2f}%" y="4" width="{:.2f}%" height="11" rx="1.5"/>')
    ends = ((0.0, low, "proved"), (low, max(low, high), "unknown"), (max(low, high), 1.0, "fallen"))
    parts = [bar.format(kind, scale.at(a), scale.at(b) - scale.at(a)) for a, b, kind in ends]
    if true is not None:
        parts.append(
            Markup('<line class="span" x1="{:.2f}%" x2="{:.2f}%" y1="{}" y2="{}"/>').format(
                scale.at(true.low), scale.at(true.high), HEIGHT - 3, HEIGHT - 3
            )
        )
    return drawing(parts)
