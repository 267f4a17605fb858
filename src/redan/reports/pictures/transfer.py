"""Transfer of attacks, source by target: share, interval and number in each cell, the white box below."""

from markupsafe import Markup

from redan.canon import Json
from redan.reports.pictures.fields import Fields, MalformedError, as_interval, as_number
from redan.reports.pictures.scale import worded
from redan.stats.interval import Interval

_DEEPEST = 45  # per cent of tint; deeper, the number on it cannot be read
_MOST = 30


def transfer(fields: Fields) -> Markup:
    """Draws `redan.findings.transfer_picture.TransferMatrix`.

    Raises:
        MalformedError: the cells do not fill the matrix, or it is too large to look at.
    """
    sources, targets = fields.texts("sources"), fields.texts("targets")
    rows = [row if isinstance(row, list) else [] for row in fields.items("cells")]
    own = fields.items("own")
    if len(rows) != len(sources) or any(len(row) != len(targets) for row in (*rows, own)):
        raise MalformedError("cells")
    if max(len(sources), len(targets)) > _MOST:
        raise MalformedError("targets")
    top = Markup("").join(Markup('<th scope="col">{}</th>').format(name) for name in targets)
    body = Markup("").join(_row(name, row) for name, row in zip(sources, rows, strict=True))
    return Markup(
        '<div class="scroll" tabindex="0" role="group" aria-label="{}"><table class="cells"><thead><tr>'
        "<td>made on ↓ tried on →</td>{}</tr></thead><tbody>{}</tbody><tfoot>{}</tfoot></table></div>"
        '<p class="key">{}</p>'
    ).format(fields.text("title"), top, body, _row("knows the model", own), fields.text("words"))


def _row(name: str, cells: list[Json]) -> Markup:
    drawn = Markup("").join(_cell(cell) for cell in cells)
    return Markup('<tr><th scope="row">{}</th>{}</tr>').format(name, drawn)


def _cell(held: Json) -> Markup:
    if held is None:
        return Markup("<td></td>")
    fields = Fields.of(held)
    value, n, interval = fields.number("value"), fields.number("n"), as_interval(fields.held.get("interval"))
    if interval is None or as_number(value) is None or not 0 <= value <= 1:
        raise MalformedError("value")
    flagged = fields.flag("flagged")
    mark = Markup(' <span aria-hidden="true">✗</span><span class="unseen">told</span>') if flagged else Markup("")
    return Markup('<td class="{}" style="--depth:{}%">{}{}<small>{}, n {}</small></td>').format(
        "flagged" if flagged else "cell",
        round(value * _DEEPEST),
        worded(value, "share"),
        mark,
        _span(interval),
        f"{n:,.0f}",
    )


def _span(interval: Interval) -> str:
    return f"{100 * interval.low:.0f} to {100 * interval.high:.0f}%"
