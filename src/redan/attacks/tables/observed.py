"""What the values of one column show of it."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.tables.rules import Column, Level

Key: TypeAlias = tuple[str, object]
FEWEST = 50  # rows below which chance says too much
MOST_LEVELS = 1000


def column_of(name: str, cells: Sequence[object]) -> tuple[Column | None, list[str]]:
    """What the values of a column show of it, and what a reader should decide.

    Args:
        name: for the notes.
        cells: of a sample.

    Returns:
        None for a column that holds neither numbers nor few texts.
    """
    there = [cell for cell in cells if cell is not None and cell == cell]  # noqa: PLR0124 -- NaN is missing
    if not there:
        return Column(mutable=False), [f"column {name!r} has no value"]
    notes = [] if len(there) == len(cells) else [f"column {name!r} has missing values; such rows are not attacked"]
    kept = {key_of(cell): cell for cell in there}
    if set(kept) <= {("bool", False), ("bool", True), ("number", 0.0), ("number", 1.0)}:
        return (Column(type="bool", mutable=len(kept) > 1), notes)
    if all(isinstance(cell, int | float | np.number) for cell in there):
        return _number(name, np.array(there, dtype=np.float64), notes)
    if not all(isinstance(cell, str | int | float | bool) for cell in there):
        return None, [f"column {name!r} holds neither numbers nor texts; leave it out of the table"]
    if len(kept) > MOST_LEVELS:
        return None, [f"column {name!r} has more than {MOST_LEVELS:,} texts; leave it out of the table"]
    levels: list[Level] = sorted(
        (cell for cell in kept.values() if isinstance(cell, str | int | float | bool)), key=str
    )
    return Column(type="category", levels=tuple(levels), mutable=len(levels) > 1), notes


def _number(name: str, values: NDArray[np.float64], notes: list[str]) -> tuple[Column | None, list[str]]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return Column(mutable=False), [*notes, f"column {name!r} has no finite value"]
    whole = bool((finite == np.round(finite)).all())
    low, high = float(finite.min()), float(finite.max())
    if whole and len(np.unique(finite)) == len(finite) >= FEWEST:
        notes = [*notes, f"column {name!r} tells all rows apart; leave it out if it is an identifier"]
    return Column(type="integer" if whole else "number", low=low, high=high, mutable=low < high), notes


def key_of(level: Level | object) -> Key:
    """What tells levels apart: `1`, `"1"` and `true` are three, `1` and `1.0` are one."""
    if isinstance(level, bool | np.bool_):
        return "bool", bool(level)
    if isinstance(level, int | float | np.number):
        return "number", float(level)
    return "text", str(level)
