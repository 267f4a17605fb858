"""What the header of a column says: evidence beside its content, never instead of it."""

import re
import unicodedata
from collections.abc import Iterable

HEADER_LIMIT = 200  # a longer header is text, not a name
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONG_HINT = 5  # a hint this long may be part of a longer word, such as 'phone' in 'phonenumber'


def words(header: str) -> tuple[str, ...]:
    """The words of a header in lower case without accents: `custPhone_Nr` is ('cust', 'phone', 'nr')."""
    plain = unicodedata.normalize("NFKD", header[:HEADER_LIMIT])
    bare = "".join(c for c in plain if not unicodedata.combining(c)).replace("ß", "ss")
    return tuple(re.findall(r"[^\W_]+", _CAMEL.sub(" ", bare).lower()))


def hinted(header: str, hints: Iterable[str], denied: Iterable[str] = ()) -> bool:
    """Whether a header speaks for a kind.

    Args:
        header: name of the column.
        hints: words, or words in a row, that speak for the kind.
        denied: words that take it back.
    """
    found = words(header)
    if set(found) & set(denied):
        return False
    spaced, joined = f" {' '.join(found)} ", "".join(found)
    return any(_speaks(hint, spaced, joined) for hint in hints)


def _speaks(hint: str, spaced: str, joined: str) -> bool:
    solid = hint.replace(" ", "")
    return f" {hint} " in spaced or solid == joined or (len(solid) >= _LONG_HINT and solid in joined)
