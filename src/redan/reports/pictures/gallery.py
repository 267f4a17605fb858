"""Clean, adversarial and difference pictures of a few samples, each a small PNG inside of the page."""

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
    note = fields.text("note")
    items = Markup("").join(_shot(shot) for shot in shots)
    key = Markup('<p class="key">each: clean, adversarial, difference. {}</p>').format(note)
    return Markup('<ol class="shots">{}</ol>').format(items) + key


def _shot(shot: Fields) -> Markup:
    words = shot.text("words")
    image = Markup('<img src="{}" alt="{}: {}" width="72" height="72">')
    images = Markup("").join(image.format(checked(shot.text(side)), side, words) for side in _SIDES)
    return Markup('<li class="shot"><span class="trio">{}</span><span class="words">{}</span></li>').format(
        images, words
    )


def checked(uri: str) -> str:
    """A data URI of a small PNG, as it was given.

    Raises:
        MalformedError: it is none.
    """
    if len(uri) > LONGEST_URI or _PNG.fullmatch(uri) is None:
        raise MalformedError("picture")
    return uri
