"""Columns of a bounded sample as what trees can learn from: ranks for ordered values, codes for unordered ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

NUMERIC_SHARE = 0.95  # a text column is read as numbers when at least this share of its filled cells are numbers
FEW_LEVELS = 10  # trees reach every subset of so few levels from their order alone
LONGEST_NUMBER = 40
PROSE_WORDS = 4.0  # identifiers, names and categories have fewer words on average than sentences


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One input, ready for trees.

    Args:
        name: of the column.
        kind: `ordered` (dense ranks), `nominal` (level codes without an order) or `prose` (free text, no values).
        values: shape (n,), float32, NaN where missing; empty for prose.
    """

    name: str
    kind: Literal["ordered", "nominal", "prose"]
    values: NDArray[np.float32]


def encode(name: str, cells: "pa.ChunkedArray") -> Column:
    """One column of a sample as ranks or codes: only order and equality survive, so no scale can dominate.

    Args:
        name: of the column.
        cells: length n, of any type.

    Returns:
        Prose for free text and for nested values, which neither order nor equality describe.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = cells.type
    if pa.types.is_dictionary(kind):
        return encode(name, cells.cast(kind.value_type))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text(name, [None if text is None else text.strip() for text in cells.to_pylist()])
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return Column(name=name, kind="ordered", values=ranks(_floats(cells.cast(pa.float64(), safe=False))))
    if pa.types.is_decimal(kind):
        return Column(name=name, kind="ordered", values=ranks(_floats(pc.cast(cells, pa.float64(), safe=False))))
    if pa.types.is_temporal(kind):
        return Column(
            name=name, kind="ordered", values=_codes([None if v is None else str(v) for v in cells.to_pylist()])
        )
    return Column(name=name, kind="prose", values=np.empty(0, dtype=np.float32))


def ranks(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Dense ranks from 0; NaN stays NaN, infinities are the ends.

    Args:
        values: shape (n,).
    """
    found = np.full(len(values), np.nan, dtype=np.float32)
    present = ~np.isnan(values)
    found[present] = np.unique(values[present], return_inverse=True)[1]
    return found


def is_prose(texts: Sequence[str]) -> bool:
    """Whether texts are sentences rather than names, categories or identifiers.

    Args:
        texts: filled cells; few are enough.
    """
    return bool(texts) and sum(len(text.split()) for text in texts) / len(texts) >= PROSE_WORDS


def numbers(texts: Sequence[str | None]) -> NDArray[np.float64] | None:
    """Texts as numbers, NaN where empty or not one; None when they are not numbers.

    Args:
        texts: n cells, stripped; None where missing.
    """
    found = np.array([_number(text) for text in texts], dtype=np.float64)
    filled = sum(bool(text) for text in texts)
    return found if filled and np.count_nonzero(~np.isnan(found)) >= NUMERIC_SHARE * filled else None


def _text(name: str, texts: list[str | None]) -> Column:
    read = numbers(texts)
    if read is not None:
        return Column(name=name, kind="ordered", values=ranks(read))
    filled = [text for text in texts if text]
    levels = len(set(filled))
    if levels > len(filled) / 2 and is_prose(filled):
        return Column(name=name, kind="prose", values=np.empty(0, dtype=np.float32))
    values = _codes([text or None for text in texts])
    return Column(name=name, kind="ordered" if levels <= FEW_LEVELS else "nominal", values=values)


def _codes(texts: Sequence[str | None]) -> NDArray[np.float32]:
    order = {text: code for code, text in enumerate(sorted({t for t in texts if t is not None}))}
    return np.array([np.nan if t is None else order[t] for t in texts], dtype=np.float32)


def _floats(cells: "pa.ChunkedArray") -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.asarray(cells.to_numpy(), dtype=np.float64)
    return found


def _number(text: str | None) -> float:
    if not text or "_" in text or len(text) > LONGEST_NUMBER:  # float() takes '1_000', no table does
        return np.nan
    try:
        return float(text)
    except ValueError:
        return np.nan
