"""Numbers by row and column, the deeper the tint the larger the number."""

from markupsafe import Markup

from redan.reports.pictures.fields import Fields, MalformedError, as_number
from redan.reports.pictures.scale import worded

_DEEPEST = 45  # per cent of tint; deeper, the number on it cannot be read
_MOST = 60  # rows or columns of a table that can still be looked at


def grid(fields: Fields) -> Markup:
    """Draws `redan.findings.pictures.Grid`.

    Raises:
        MalformedError: the values do not fill the grid, or it is too large to look at.
    """
    names, heads = fields.texts("rows"), fields.texts("columns")
    values = [[as_number(cell) for cell in row] if isinstance(row, list) else [] for row in fields.items("values")]
    if (
        len(values) != len(names)
        or any(len(row) != len(heads) for row in values)
        or max(len(names), len(heads)) > _MOST
    ):
        raise MalformedError("values")
    flagged = {tuple(cell) for cell in fields.items("flagged") if isinstance(cell, list)}
    unit = fields.text("unit")
    highest = (
        1.0 if unit == "share" else max((abs(v) for row in values for v in row if v is not None), default=0) or 1.0
    )
    body = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            name,
            Markup("").join(_cell(value, highest, unit, flagged=(i, j) in flagged) for j, value in enumerate(row)),
        )
        for i, (name, row) in enumerate(zip(names, values, strict=True))
    )
    top = Markup("").join(Markup('<th scope="col">{}</th>').format(head) for head in heads)
    return Markup(
        '<div class="scroll" tabindex="0" role="group" aria-label="{}"><table class="cells"><thead><tr><td></td>{}</tr>'
        "</thead><tbody>{}</tbody></table></div>"
    ).format(fields.text("title"), top, body)


def _cell(value: float | None, highest: float, unit: str, *, flagged: bool) -> Markup:
    if value is None:
        return Markup("<td></td>")
    depth = round(min(abs(value) / highest, 1.0) * _DEEPEST)
    mark = Markup(' <span aria-hidden="true">✗</span><span class="unseen">told</span>') if flagged else Markup("")
    return Markup('<td class="{}" style="--depth:{}%">{}{}</td>').format(
        "flagged" if flagged else "cell", depth, worded(value, unit), mark
    )
