"""Table cells that an attack changed: what they held, and what they became."""

from itertools import groupby

from markupsafe import Markup

from redan.findings.attack_pictures import MOST_CELLS
from redan.reports.pictures.fields import Fields, MalformedError

_LONGEST = 60  # characters of a value


def cells(fields: Fields) -> Markup:
    """Draws `redan.findings.attack_pictures.Cells`.

    Raises:
        MalformedError: a change lacks a field, or there are too many.
    """
    changes = fields.parts("changes")
    if len(changes) > MOST_CELLS:
        raise MalformedError("changes")
    body = Markup("").join(
        _sample(row, list(group)) for row, group in groupby(changes, key=lambda change: change.text("row"))
    )
    return Markup(
        '<div class="scroll" tabindex="0" role="group" aria-label="{}"><table class="cells changes"><thead><tr>'
        '<th scope="col">sample</th><th scope="col">column</th><th scope="col">before</th><th scope="col">after</th>'
        "</tr></thead><tbody>{}</tbody></table></div>"
    ).format(fields.text("title"), body)


def _sample(row: str, changes: list[Fields]) -> Markup:
    line = Markup("<tr>{}<td>{}</td><td>{}</td><td>{}</td></tr>")
    head = Markup('<th scope="rowgroup" rowspan="{}">{}</th>').format(len(changes), row)
    return Markup("").join(
        line.format(
            head if i == 0 else Markup(""), *(_short(change.text(key)) for key in ("column", "before", "after"))
        )
        for i, change in enumerate(changes)
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
