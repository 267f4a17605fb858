"""Bins fixed once, from the reference alone: edges of numbers with open ends, levels with one bin for the rest.

Edges that are drawn over reference and current together can be blinded: one row of a million squeezes everything else
into a single bin. Edges that each engine computes anew differ from engine to engine. So they are frozen.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.canon import Json

Counts: TypeAlias = NDArray[np.int64]
QUANTILES = tuple(i / 20 for i in range(1, 20))
MOST_LEVELS = 50
DIGITS = 12  # engines agree on so many of an interpolated quantile
SHOWN = 4  # digits of an edge in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """How the values of one column are counted; the first count is always that of missing values.

    Args:
        name: of the column.
        kind: `number` (edges), `length` (edges over the length of texts) or `level` (one bin per level, then the rest).
        edges: rising; bins are (-inf, e0), [e0, e1), ..., [ek, inf).
        levels: as text, most frequent first.
        whole: whether the numbers are whole.
        private: whether levels and edges must not be shown.
    """

    name: str
    kind: Literal["number", "length", "level"]
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    whole: bool = False
    private: bool = False

    @property
    def size(self) -> int:
        """How many counts there are, missing values included."""
        return 2 + len(self.levels if self.kind == "level" else self.edges)

    @property
    def ordered(self) -> bool:
        """Whether the bins have an order."""
        return self.kind != "level"

    def words(self) -> tuple[str, ...]:
        """A word for each bin, for readers."""
        if self.private:
            return ("missing", *(f"bin {i}" for i in range(1, self.size)))
        if self.kind == "level":
            return ("missing", *self.levels, "other")
        return ("missing", *_ranges(self.edges))

    def to_json(self) -> dict[str, Json]:
        """The bins as the frozen reference writes them."""
        return {"name": self.name, "kind": self.kind, "edges": [*self.edges], "levels": [*self.levels]}


def edges_of(quantiles: Iterable[float], *, whole: bool) -> tuple[float, ...]:
    """Edges from quantiles of the reference; a value that many rows share gets a bin of its own.

    Args:
        quantiles: rising; those that are not finite are passed over.
        whole: whether the values are whole numbers, each of which may be shared by many rows.
    """
    values = [float(q) for q in quantiles if math.isfinite(q)]
    shared = {v for v, w in itertools.pairwise(values) if v == w}
    edges: set[float] = set()
    for value in values:
        if value in shared or (whole and value == math.floor(value)):
            edges |= {value, float(np.nextafter(value, math.inf)) if not whole else value + 1.0}
        else:
            edges.add(float(f"{value:.{DIGITS}g}"))
    return tuple(sorted(edges))


def counted(values: ArrayLike, bins: Bins) -> Counts:
    """Counts of an array of numbers; NaN is missing.

    Args:
        values: shape (n,), numbers; texts for levels, None is missing.
        bins: for them.
    """
    if bins.kind == "level":
        return level_counts(((None if _missing(v) else str(v), 1) for v in np.asarray(values, dtype=object)), bins)
    numbers = np.asarray(values, dtype=np.float64).reshape(-1)
    present = numbers[~np.isnan(numbers)]
    places = np.searchsorted(np.array(bins.edges), present, side="right")
    found = np.bincount(places, minlength=len(bins.edges) + 1)
    return np.concatenate([[len(numbers) - len(present)], found]).astype(np.int64)


def level_counts(pairs: Iterable[tuple[str | None, int]], bins: Bins) -> Counts:
    """Counts of levels from (level, rows) pairs; what the reference does not name is counted with the rest."""
    place = {level: i for i, level in enumerate(bins.levels, start=1)}
    found = np.zeros(bins.size, dtype=np.int64)
    for level, rows in pairs:
        found[0 if level is None else place.get(level, bins.size - 1)] += rows
    return found


def coarser(reference: Counts, share: float) -> NDArray[np.int64]:
    """Joins neighbouring bins until each holds a share of the reference; the first bin (missing) stays alone.

    Args:
        reference: shape (b,), rows in each bin.
        share: of the rows that are not missing.

    Returns:
        Shape (b,): the new bin of each bin, from 0.
    """
    total, held, to = reference[1:].sum(), 0, 1
    found = [0]
    for count in reference[1:]:
        found.append(to)
        held += int(count)
        if held >= share * total:
            held, to = 0, to + 1
    if held < share * total and to > 1 and found[-1] == to:
        found = [min(f, to - 1) if f else 0 for f in found]  # what is left joins the last full bin
    return np.array(found, dtype=np.int64)


def joined(counts: Counts, to: NDArray[np.int64]) -> Counts:
    """Counts over joined bins."""
    return np.bincount(to, weights=counts, minlength=int(to.max()) + 1).astype(np.int64)


def _ranges(edges: Sequence[float]) -> list[str]:
    if not edges:
        return ["any value"]
    words = [f"below {edges[0]:.{SHOWN}g}"]
    for low, high in itertools.pairwise(edges):
        alone = high == np.nextafter(low, math.inf) or (high == low + 1 and low == math.floor(low))
        words.append(f"{low:.{SHOWN}g}" if alone else f"{low:.{SHOWN}g} to {high:.{SHOWN}g}")
    return [*words, f"from {edges[-1]:.{SHOWN}g}"]


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
