"""How the search for the worst slice cut the rows: each region below the one it was cut from."""

from markupsafe import Markup

from redan.reports.pictures.fields import Fields
from redan.reports.pictures.rows import RowLine, footing, rows, spot
from redan.reports.pictures.scale import Scale, worded


def slice_tree(fields: Fields) -> Markup:
    """Draws `redan.findings.pictures.SliceTree`.

    Raises:
        MalformedError: a slice lacks a field.
    """
    parts, unit = fields.parts("slices"), "share"
    values = [part.number("value") for part in parts]
    intervals = [part.interval("interval") for part in parts]
    scale = Scale.over([*values, *(end for interval in intervals if interval for end in interval)], zero=True)
    whole = values[0] if values else None
    lines = [
        RowLine(
            part.text("name"),
            spot(value, interval, scale, flagged=part.flag("flagged"), expected=whole),
            f"{worded(value, unit)} of {part.number('n'):,.0f}",
            depth=int(part.number("depth")),
            flagged=part.flag("flagged"),
        )
        for part, value, interval in zip(parts, values, intervals, strict=True)
    ]
    words = Markup('<p class="key">{}; the dashed line is the rate of all rows</p>').format(fields.text("unit"))
    return rows([*lines, footing(scale, unit)]) + words
