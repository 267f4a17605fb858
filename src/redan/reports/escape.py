"""Hostile text in Markdown: it stays in its line and cell, and becomes neither markup, link, mention nor HTML.

Source: CommonMark 0.31 sections 2.4 and 6; GitHub Flavored Markdown, tables and autolinks.
"""

import re

_MARKS = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>#|!~$"} | {"&": "&amp;", "@": "&#64;"})
_AUTOLINK = re.compile(r"://|\bwww\.", re.IGNORECASE)
_LINKS = {"://": "&#58;//"}


def inline(text: str) -> str:
    """Text that shows as itself in a paragraph, list item or cell.

    Args:
        text: of anyone.

    Returns:
        One line; characters that no reader can see are written as escapes.
    """
    shown = "".join(c if c.isprintable() or c in " \t\n\r" else c.encode("unicode_escape").decode() for c in text)
    escaped = " ".join(shown.split()).replace("<", "\0").replace(">", "\1").translate(_MARKS)
    escaped = escaped.replace("\0", "&lt;").replace("\1", "&gt;")
    return _AUTOLINK.sub(lambda m: _LINKS.get(m[0], f"{m[0][:-1]}&#46;"), escaped)


def code(text: str) -> str:
    """Text that shows as itself between backticks."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split()).replace("`", "'").replace("|", "¦")
