"""A row for each class: mean of real pictures, what a generator makes of a copy, and of a baseline."""

from markupsafe import Markup

from redan.findings.portrait_picture import MOST_CLASSES
from redan.reports.pictures.fields import Fields, MalformedError
from redan.reports.pictures.gallery import checked_png

_MOST = 6


def portraits(fields: Fields) -> Markup:
    """Draws `redan.findings.portrait_picture.PortraitRows`.

    Raises:
        MalformedError: a picture is no small PNG, or there are too many.
    """
    rows = fields.parts("rows")
    if not rows or len(rows) > MOST_CLASSES:
        raise MalformedError("rows")
    head = Markup("<tr><th>class</th><th>real, mean</th><th>made, mean</th><th>made</th><th>baseline</th></tr>")
    body = Markup("").join(_row(one) for one in rows)
    note = Markup('<p class="key">{}</p>').format(fields.text("note"))
    return Markup('<table class="portraits">{}{}</table>').format(head, body) + note


def _row(row: Fields) -> Markup:
    words, samples = row.text("words"), row.texts("samples")
    if len(samples) > _MOST:
        raise MalformedError("samples")
    cells = [_image(row.text("real"), f"real, {words}"), _image(row.text("made"), f"made, {words}")]
    cells.append(Markup("").join(_image(one, f"made, {words}") for one in samples))
    cells.append(_image(row.text("twin"), f"baseline, {words}"))
    return Markup("<tr><th>{}</th>{}</tr>").format(
        words, Markup("").join(Markup("<td>{}</td>").format(one) for one in cells)
    )


def _image(uri: str, words: str) -> Markup:
    return Markup('<img src="{}" alt="{}" width="44" height="44">').format(checked_png(uri), words)
