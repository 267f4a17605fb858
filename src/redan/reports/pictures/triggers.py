"""Mask, pattern and an example of the smallest trigger of each class."""

from markupsafe import Markup

from redan.findings.trigger_picture import MOST_TRIGGERS
from redan.reports.pictures.fields import Fields, MalformedError
from redan.reports.pictures.gallery import checked_png

_SIDES = ("mask", "pattern", "example")


def triggers(fields: Fields) -> Markup:
    """Draws `redan.findings.trigger_picture.Triggers`.

    Raises:
        MalformedError: a picture is no small PNG, or there are too many.
    """
    shots = fields.parts("shots")
    if not shots or len(shots) > MOST_TRIGGERS:
        raise MalformedError("shots")
    items = Markup("").join(_shot(shot) for shot in shots)
    key = Markup('<p class="key">Each: mask, pattern, an example with both. {}</p>').format(fields.text("note"))
    return Markup('<ol class="shots">{}</ol>').format(items) + key


def _shot(shot: Fields) -> Markup:
    words, flagged = shot.text("words"), shot.flag("flagged")
    image = Markup('<img src="{}" alt="{}: {}" width="72" height="72">')
    images = Markup("").join(
        image.format(checked_png(shot.text(side)), side, words)
        for side in _SIDES
        if side != "example" or shot.text(side)
    )
    mark = Markup(' <span aria-hidden="true">✗</span><span class="unseen">told</span>') if flagged else Markup("")
    return Markup('<li class="shot"><span class="trio">{}</span><span class="words">{}{}</span></li>').format(
        images, words, mark
    )
