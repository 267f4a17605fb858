"""Clean, adversarial and difference pictures of a few samples, or three others; each a small PNG inside of the page."""

import re

from markupsafe import Markup

from redan.findings.attack_pictures import MOST_SHOTS
from redan.reports.pictures.fields import Fields, MalformedError

LONGEST_URI = 24_000  # characters; a thumbnail of 64 by 64 in colour is below it even when it is noise
_PNG = re.compile(r"data:image/png;base64,iVBORw0KGgo[A-Za-z0-9+/]+={0,2}")
_SIDES = ("clean", "adversarial", "difference")


def gallery(fields: Fields) -> Markup:
    """Draws `redan.findings.attack_pictures.Gallery`.

    Raises:
        MalformedError: a picture is no small PNG, or there are too many.
    """
    shots = fields.parts("shots")
    if not shots or len(shots) > MOST_SHOTS:
        raise MalformedError("shots")
    names = fields.texts("names") if "names" in fields.held else [*_SIDES]
    if len(names) != len(_SIDES):
        raise MalformedError("names")
    items = Markup("").join(_shot(shot, names) for shot in shots)
    key = Markup('<p class="key">Each: {}. {}</p>').format(", ".join(names), fields.text("note"))
    return Markup('<ol class="shots">{}</ol>').format(items) + key


def _shot(shot: Fields, names: list[str]) -> Markup:
    words = shot.text("words")
    image = Markup('<img src="{}" alt="{}: {}" width="72" height="72">')
    images = Markup("").join(
        image.format(checked_png(shot.text(side)), name, words) for side, name in zip(_SIDES, names, strict=True)
    )
    return Markup('<li class="shot"><span class="trio">{}</span><span class="words">{}</span></li>').format(
        images, words
    )


def checked_png(uri: str) -> str:
    """A data URI that is a small PNG.

    Raises:
        MalformedError: it is none.
    """
    if len(uri) > LONGEST_URI or _PNG.fullmatch(uri) is None:
        raise MalformedError("picture")
    return uri
