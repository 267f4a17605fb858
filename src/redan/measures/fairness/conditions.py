"""What an attacker can choose about an input: its levels, and bands of its numbers, as conditions on rows."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.errors import escaped
from redan.measures.columns import is_prose, numbers
from redan.measures.fairness.answers import level_of

if TYPE_CHECKING:
    import pyarrow as pa

BANDS = 8
MOST_LEVELS = 50  # more levels than this are told by rank, not by name
TRIED_LEVELS = 30
_FEW_NUMBERS = 12
_LONGEST = 60


class Condition(NamedTuple):
    """A set of rows that a value of one input describes.

    Args:
        feature: the input.
        text: such as `region = north` or `amount at least 250`.
        rows: shape (n,), whether a row is in it.
    """

    feature: str
    text: str
    rows: NDArray[np.bool_]


def conditions(rows: "pa.Table", features: Sequence[str], least: int) -> list[Condition]:
    """Every condition on one input that at least some rows meet and at least some do not.

    Args:
        rows: n rows of a bounded sample.
        features: columns to look at; free text and nested values give none.
        least: fewest rows in and outside of a condition.

    Returns:
        In the order of the features, without conditions that describe the same rows.
    """
    kept: list[Condition] = []
    seen: set[bytes] = set()
    for feature in features:
        for one in _of(feature, rows[feature]):
            inside = int(one.rows.sum())
            key = np.packbits(one.rows).tobytes()
            if least <= inside <= len(one.rows) - least and key not in seen:
                seen.add(key)
                kept.append(one)
    return kept


def _of(feature: str, cells: "pa.ChunkedArray") -> Iterator[Condition]:
    import pyarrow as pa

    kind = cells.type
    if pa.types.is_dictionary(kind):
        yield from _of(feature, cells.cast(kind.value_type))
        return
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        return
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        yield from _moments(feature, cells)
        return
    if pa.types.is_boolean(kind):
        yield from _levels(feature, cells.to_pylist())
        return
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        yield from _numbers(feature, np.asarray(cells.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64))
        return
    texts = [None if v is None else str(v).strip() for v in cells.to_pylist()]
    read = numbers(texts)
    if read is not None:
        yield from _numbers(feature, read)
    elif not is_prose([t for t in texts if t][:1000]) or len(set(texts)) <= MOST_LEVELS:
        yield from _levels(feature, texts)


def _moments(feature: str, cells: "pa.ChunkedArray") -> Iterator[Condition]:
    import pyarrow as pa

    if pa.types.is_time(cells.type):
        return
    values = cells.cast(pa.timestamp("s"), safe=False).to_numpy().astype("datetime64[s]")
    seconds = values.astype(np.float64)
    seconds[np.isnat(values)] = np.nan
    yield from _bands(feature, seconds, lambda edge: str(np.datetime64(int(edge), "s"))[:10])


def _numbers(feature: str, values: NDArray[np.float64]) -> Iterator[Condition]:
    if len(np.unique(values[~np.isnan(values)])) <= _FEW_NUMBERS:
        yield from _levels(feature, [None if np.isnan(v) else float(v) for v in values])
        return
    yield from _bands(feature, values, lambda edge: f"{edge:g}")


def _bands(feature: str, values: NDArray[np.float64], write: Callable[[float], str]) -> Iterator[Condition]:
    """Bands between quantiles, and everything below or above each of them."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return
    edges = np.unique(np.quantile(finite, np.arange(1, BANDS) / BANDS))
    words = [write(float(edge)) for edge in edges]
    missing = np.isnan(values)
    yield Condition(feature, f"{feature} missing", missing)
    for edge, word in zip(edges, words, strict=True):
        yield Condition(feature, f"{feature} below {word}", ~missing & (values < edge))
        yield Condition(feature, f"{feature} at least {word}", ~missing & (values >= edge))
    for i in range(len(edges) - 1):
        text = f"{feature} from {words[i]} to below {words[i + 1]}"
        yield Condition(feature, text, (values >= edges[i]) & (values < edges[i + 1]))


def _levels(feature: str, cells: Sequence[object]) -> Iterator[Condition]:
    levels = np.array([level_of(v) or "" for v in cells])
    names, counts = np.unique(levels, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:TRIED_LEVELS]
    for rank, i in enumerate(order, 1):
        shown = escaped(str(names[i])[:_LONGEST]) if len(names) <= MOST_LEVELS else f"its value of rank {rank} by rows"
        text = f"{feature} = {shown}" if names[i] else f"{feature} missing"
        yield Condition(feature, text, levels == names[i])
