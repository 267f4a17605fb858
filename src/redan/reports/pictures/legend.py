"""What each line of a picture is: its stroke as it is drawn, dashes included, which stays with its name."""

from collections.abc import Sequence

from markupsafe import Markup

_STROKE = (
    '<svg class="swatch" width="26" height="8" aria-hidden="true"><line class="{}" x1="1" x2="25" y1="4" y2="4"/></svg>'
)


def stroke(place: int, name: str) -> Markup:
    """The line of that place, by its name."""
    return _entry(f"line l{place}", name)


def dash(words: str) -> Markup:
    """The dashed line that stands for a bound."""
    return _entry("limit", words)


def legend(entries: Sequence[Markup], words: str = "") -> Markup:
    """All lines, and below them what else there is to know.

    Args:
        entries: of `stroke` and `dash`.
        words: such as what the axes are; nothing when empty.
    """
    below = Markup('<p class="key">{}</p>').format(words) if words else Markup("")
    return Markup('<p class="key">{}</p>').format(Markup(" ").join(entries)) + below


def _entry(style: str, name: str) -> Markup:
    return Markup('<span class="entry">' + _STROKE + " {}</span>").format(style, name)  # noqa: S704 -- no outside word
