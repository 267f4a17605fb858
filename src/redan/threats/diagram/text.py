"""Text in a picture: widths measured on the safe side, wrapping, and escaping of hostile names."""

import unicodedata
from xml.sax.saxutils import escape

# Widths in em, not below those of DejaVu Sans, the widest face among the common fallbacks.
_NARROW, _THIN, _WIDE = frozenset("ijl|.,:;'!`I "), frozenset('frtJ()[]{}-"/\\*'), frozenset("mwMW@%&<>=+~#")
_LATIN, _BASIC_PLANE = 0x24F, 0xFFFF  # last characters of Latin Extended-B and of the Basic Multilingual Plane
_BOLD = 1.12
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, direction marks, surrogates, separators
ELLIPSIS = "…"


def width(text: str, size: float, *, bold: bool = False) -> float:
    """An upper estimate of the drawn width, in the unit of `size` (the font size)."""
    return sum(_em(character) for character in text) * size * (_BOLD if bold else 1.0)


def _em(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if ord(character) > _LATIN:
        wide = unicodedata.east_asian_width(character) in "WF" or ord(character) > _BASIC_PLANE
        return 1.4 if wide else 1.0
    if character in _NARROW:
        return 0.4
    if character in _THIN:
        return 0.5
    if character in _WIDE:
        return 1.05
    return 0.78 if character.isupper() else 0.65


def wrap(text: str, size: float, limit: float, lines: int, *, bold: bool = False) -> tuple[str, ...]:
    """The text in lines no wider than `limit`, at most `lines` of them.

    Args:
        text: one paragraph.
        size: font size, in the unit of `limit`.
        limit: greatest width of a line.
        lines: greatest number of lines; what does not fit ends in an ellipsis.
        bold: whether it is drawn in bold.

    Returns:
        One line at least; breaks after spaces and `_ - . / :`, and inside a word only where it must.
    """
    made: list[str] = []
    rest = clean(text)
    while rest and len(made) < lines:
        fit = _fit(rest, size, limit, bold=bold)
        if fit < len(rest) and len(made) == lines - 1:
            made.append(_cut(rest, size, limit, bold=bold))
            break
        at = fit if fit >= len(rest) else _break(rest, fit)
        made.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return tuple(made) or ("",)


def _fit(text: str, size: float, limit: float, *, bold: bool) -> int:
    used = 0.0
    for index, character in enumerate(text):
        used += width(character, size, bold=bold)
        if used > limit:
            return max(1, index)
    return len(text)


def _break(text: str, fit: int) -> int:
    spots = [i + 1 for i, character in enumerate(text[:fit]) if character in " _-./:,"]
    return spots[-1] if spots and spots[-1] > fit // 3 else fit


def _cut(text: str, size: float, limit: float, *, bold: bool) -> str:
    fit = _fit(text, size, limit - width(ELLIPSIS, size, bold=bold), bold=bold)
    return text[:fit].rstrip() + ELLIPSIS


def clean(text: str) -> str:
    """The text on one line, without characters that are invalid in XML or that turn the writing direction."""
    shown = ("" if unicodedata.category(c) in _HIDDEN and c not in "\t\n\r" else c for c in text)
    return " ".join("".join(shown).split())


def escaped(text: str) -> str:
    """The text as XML character data or attribute value."""
    return escape(clean(text), {'"': "&quot;", "'": "&#39;"})
