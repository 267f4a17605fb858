"""A value with its interval for each group or class, beside the value that all should have."""

from markupsafe import Markup

from redan.reports.pictures.fields import Fields, MalformedError, as_interval
from redan.reports.pictures.legend import dash, legend
from redan.reports.pictures.rows import RowLine, footing, rows, spot
from redan.reports.pictures.scale import Scale, told


def shares(fields: Fields) -> Markup:
    """Draws `redan.findings.pictures.Shares`.

    Raises:
        MalformedError: names, values and intervals are not of one length.
    """
    names, values = fields.texts("names"), fields.numbers("values")
    intervals = [as_interval(value) for value in fields.items("intervals")] or [None] * len(values)
    if not len(names) == len(values) == len(intervals):
        raise MalformedError("names")
    expected, flagged = fields.maybe("expected"), set(fields.texts("flagged"))
    ends = [end for interval in intervals if interval is not None for end in interval]
    scale = Scale.over([*values, *ends, *([] if expected is None else [expected])], zero=True)
    unit = "share" if scale.low >= 0 and scale.high <= 1 and not fields.flag("plain") else ""
    meaning = fields.held.get("meaning") or "where all of them should be"  # evidence of before has none
    lines = [
        RowLine(
            name,
            spot(value, interval, scale, flagged=name in flagged, expected=expected),
            told(value, unit),
            flagged=name in flagged,
        )
        for name, value, interval in zip(names, values, intervals, strict=True)
    ]
    key = Markup("") if expected is None else legend([dash(f"{told(expected, unit)}: {meaning}")])
    return rows([*lines, footing(scale, unit)]) + key
