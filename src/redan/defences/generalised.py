"""Columns of quasi-identifiers as ranks, and groups of their values as words such as `20 to 34` or `123**`."""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError
from redan.measures.anonymity.groups import MARKS
from redan.measures.columns import numbers

if TYPE_CHECKING:
    import pyarrow as pa

ALL = "*"
_NAMED = 5  # a set of more words is written by its ends
_LONG = 100  # characters; longer words are taken out rather than repeated


class Said(NamedTuple):
    """What is written instead of the values of one group.

    Args:
        text: the words; None when all of them are missing.
        loss: share of the column's other values that a value can no longer be told from, in [0, 1].
    """

    text: str | None
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One quasi-identifier.

    Args:
        name: of the column.
        ranks: shape (n,), dense; 0 is missing where anything is.
        texts: the distinct values as text, by rank, without the missing one.
        ordered: whether values between two others belong to their range: numbers and times.
        gaps: whether anything is missing.
    """

    name: str
    ranks: NDArray[np.int64]
    texts: tuple[str, ...]
    ordered: bool
    gaps: bool

    def said(self, ranks: NDArray[np.int64]) -> Said:
        """What is written instead of some values.

        Args:
            ranks: shape (m,), m >= 1.
        """
        held = np.unique(ranks)
        missing = self.gaps and bool(held[0] == 0)
        places = [int(rank) - self.gaps for rank in (held[1:] if missing else held)]
        if not places:
            return Said(None, 0.0)
        text, covered = self._words(places)
        whole = len(self.texts) + self.gaps
        loss = (covered + missing - 1) / (whole - 1) if whole > 1 else 0.0
        if missing and text != ALL:
            text = f"{text} or missing"
        return Said(text, min(1.0, loss))

    def _words(self, places: Sequence[int]) -> tuple[str, int]:
        """Words for some distinct values, and how many values of the column these words stand for."""
        texts = [self.texts[place] for place in places]
        if len(texts) == 1:
            return texts[0] if len(texts[0]) <= _LONG else ALL, 1
        if len(texts) == len(self.texts) or any(len(text) > _LONG for text in texts):
            return ALL, len(self.texts)
        choices = [(f"{texts[0]} to {texts[-1]}", places[-1] - places[0] + 1)]
        if not self.ordered:
            choices = [*self._prefix(texts), *self._set(texts), *choices]
        return min(choices, key=lambda choice: choice[1])

    def _prefix(self, texts: Sequence[str]) -> list[tuple[str, int]]:
        """Codes of one length that begin alike, as postcodes do: their beginning, and stars for the rest."""
        low, high, length = texts[0], texts[-1], len(texts[0])  # sorted, so these two differ earliest
        alike = next(i for i in range(length + 1) if i == length or i == len(high) or low[i] != high[i])
        coded = all(len(text) == length and any(c.isdigit() for c in text) for text in texts)
        if not alike or not coded:
            return []
        head = low[:alike]
        covered = bisect_right(self.texts, head + "\U0010ffff") - bisect_left(self.texts, head)
        return [(head + ALL * (length - alike), covered)]

    def _set(self, texts: Sequence[str]) -> list[tuple[str, int]]:
        return [("{" + ", ".join(texts) + "}", len(texts))] if len(texts) <= _NAMED else []


def axis(name: str, column: "pa.ChunkedArray") -> Axis:
    """A column as ranks; words in the order of their letters, so that codes that begin alike lie together.

    Args:
        name: of the column.
        column: length n, of any type but a nested one.

    Raises:
        InputError: it holds nested values.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_nested(column.type):
        raise InputError(f"column {name!r} holds nested values", remedy="leave it out of the quasi-identifiers")
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    ordered = not (pa.types.is_string(plain.type) or pa.types.is_large_string(plain.type))
    if pa.types.is_floating(plain.type):
        plain = pc.if_else(pc.is_nan(plain), None, plain)
    coded = plain.combine_chunks().dictionary_encode()
    values = coded.dictionary.to_pylist()
    taken = [v is None or (isinstance(v, str) and v.strip() in MARKS) for v in values]
    kept = [i for i, gone in enumerate(taken) if not gone]
    read = None if ordered else _as_numbers([values[i] for i in kept])
    kept.sort(key=(lambda i: values[i]) if read is None else (lambda i: read[values[i]]))
    place = np.full(len(values) + 1, -1, dtype=np.int64)  # the last one is null
    place[kept] = np.arange(len(kept))
    indices = pc.fill_null(coded.indices, len(values)).to_numpy(zero_copy_only=False).astype(np.int64)
    ranks = place[indices]
    gaps = bool((ranks < 0).any())
    return Axis(
        name=name,
        ranks=ranks + gaps,
        texts=tuple(_text(values[i]) for i in kept),
        ordered=(ordered and not pa.types.is_boolean(plain.type)) or read is not None,
        gaps=gaps,
    )


def _as_numbers(texts: list[str]) -> dict[str, float] | None:
    """Numbers written as text, unless they are codes of one length, whose beginnings mean more than their size."""
    stripped = [text.strip() for text in texts]
    read = numbers(stripped)
    if read is None or np.isnan(read).any() or len({len(text) for text in stripped}) == 1:
        return None
    return dict(zip(texts, map(float, read), strict=True))


def _text(value: Any) -> str:  # noqa: ANN401 -- a cell as Python gives it
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, dt.datetime) and value.tzinfo is None and value.time() == dt.time():
        return str(value.date())
    return value.strip() if isinstance(value, str) else str(value)
