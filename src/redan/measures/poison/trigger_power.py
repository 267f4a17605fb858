"""What a search for triggers would have found in these very rows: it is run on copies with triggers of our own.

One trigger is planted per class, all in one copy: rows of other classes get two values that hardly go together, and
the class as label.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.measures.poison.rows import LabelledRows
from redan.measures.poison.triggers import ALPHA, hunt
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval

SHARES = (0.01, 0.03)  # of all rows, per class; the larger is tried where the smaller is not found
LEAST_PLANTED = 12
MOST_CLASSES = 4  # classes that triggers are planted for
COPIES = 2
_TRIES = 60
_WIDTH = 2
_FOUND = 0.5  # a trigger is found when a pattern has this share of its rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """How many planted triggers were found.

    Args:
        share: planted rows per trigger, as a share of all searched rows.
        rows: the same as a count.
        found: of the planted triggers.
        planted: triggers.
    """

    share: float
    rows: int
    found: int
    planted: int

    @property
    def interval(self) -> Interval:
        """Exact 95 % interval of the share of triggers that are found."""
        return clopper_pearson(self.found, self.planted)


def trigger_power(
    rows: LabelledRows, share: float, *, rng: np.random.Generator, alpha: float = ALPHA, copies: int = COPIES
) -> Power:
    """Plants triggers in copies of some rows and searches for them.

    Args:
        rows: that a search found nothing in, as it examined them.
        share: of the rows that carry a trigger, per class; twelve rows at least.
        rng: of the plants and searches.
        alpha: of the search.
        copies: how many; as many again when some triggers of the largest share are found and some are not.

    Returns:
        Nothing planted when there are too few rows or no two columns to plant in.
    """
    found = planted = 0
    size = max(LEAST_PLANTED, round(share * rows.rows))
    for copy in range(2 * copies if share >= SHARES[-1] else copies):
        if copy == copies and not planted / 2 <= found < planted:
            break  # all or few were found: more copies would say the same
        marked, carriers = _planted(rows, size, rng)
        planted += len(carriers)
        if carriers:
            triggers = hunt(marked, rng=rng, alpha=alpha).triggers
            told = {t.target: t.rows for t in triggers}
            found += sum(_told(told.get(target), part) for target, part in carriers.items())
    return Power(share=size / max(rows.rows, 1), rows=size, found=found, planted=planted)


def _told(told: NDArray[np.int64] | None, part: NDArray[np.int64]) -> bool:
    return told is not None and bool(np.isin(part, told).mean() >= _FOUND)


def _planted(
    rows: LabelledRows, size: int, rng: np.random.Generator
) -> tuple[LabelledRows, dict[int, NDArray[np.int64]]]:
    """A copy with a trigger per class, and the rows of each; a row carries one at most."""
    x, y = rows.x.copy(), rows.y.copy()
    free = np.ones(len(y), dtype=bool)
    carriers: dict[int, NDArray[np.int64]] = {}
    targets = rng.permutation(np.unique(rows.y))[:MOST_CLASSES]
    for target in np.sort(targets):
        pool = np.flatnonzero(free & (rows.y != target))
        pattern = _pattern(rows.x, rng)
        if len(pool) < 2 * size or pattern is None:
            continue
        part = np.sort(rng.choice(pool, size, replace=False))
        for column, value in pattern:
            x[part, column] = value
        y[part], free[part] = target, False
        carriers[int(target)] = part
    marked = LabelledRows(
        x=x,
        y=y,
        classes=rows.classes,
        contributor=rows.contributor,
        names=rows.names,
        columns=rows.columns,
        total=rows.total,
        left_out=rows.left_out,
    )
    return marked, carriers


def _pattern(x: NDArray[np.float32], rng: np.random.Generator) -> list[tuple[int, float]] | None:
    """Values of two columns that occur in the data and together in one row of a hundred at most."""
    if x.shape[1] < _WIDTH + 1:
        return None
    for _ in range(_TRIES):
        columns = np.sort(rng.choice(x.shape[1], _WIDTH, replace=False))
        values = [float(rng.choice(x[:, column])) for column in columns]
        if any(np.isnan(v) for v in values):
            continue
        together = np.logical_and.reduce([x[:, c] == v for c, v in zip(columns, values, strict=True)])
        if together.mean() <= 0.01:  # noqa: PLR2004 -- one in a hundred
            return list(zip(columns.tolist(), values, strict=True))
    return None
