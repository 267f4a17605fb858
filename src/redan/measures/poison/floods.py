"""Copies of rows, and of whole classes, far beyond what the data explains by itself.

Rows of few categories coincide without any copying, and then there are rows beside them that differ in one column only:
the more coincidences, the more near misses. Copying a row adds coincidences and no near misses. How many of the one go
with the other is learnt from the repeated rows of the data itself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.measures.near_duplicates import stand_alone
from redan.measures.poison.neighbours import Multiplicities, multiplicities
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval
from redan.tables import Table

LEVEL = 0.001  # chance that any row of clean data is told, if coincidences scatter as Poisson's law says
FEWEST = 10  # copies of a row that are worth telling
LEARNT = 20  # repeated rows that a ratio is learnt from, at least
REPEATED = 5  # copies from which on a row teaches it
SPREADS = 4.0
RATIOS = (1.0, 3.0)  # the learnt ratio stays within; real tables of categories come to 0.3 to 0.6 at most
CLASS_ROWS = 20  # distinct rows from which on a class says something
CLASS_COPIES = 0.02  # share of copies in a class that is let pass, and then three times that of the others
TIMES = 3.0


class Flood(NamedTuple):
    """A row that was copied.

    Args:
        copies: how often it occurs.
        explained: the most that its neighbours explain.
        label: number of its class; -1 without a label.
    """

    copies: int
    explained: int
    label: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCopies:
    """Rows of one class that are copies of others.

    Args:
        name: the label, as text.
        rows: of the class, without rows that are told by themselves.
        copies: rows beyond the first of their kind.
        common: the number that divides how often every row of the class occurs; 1 when there is none.
        alone: whether copies without neighbours are more than chance leaves.
        usual: share of copies in the other classes.
        enough: whether it has twenty distinct rows; a smaller one is never told.
        seen: whether this class, had it been doubled by drawing from it at random, would be told.
    """

    name: str
    rows: int
    copies: int
    common: int
    alone: bool
    usual: float
    enough: bool
    seen: bool

    @property
    def share(self) -> float:
        """Copies among the rows of the class."""
        return self.copies / max(self.rows, 1)

    @property
    def interval(self) -> Interval:
        """Exact 95 % interval of the share."""
        return clopper_pearson(self.copies, max(self.rows, 1))

    @property
    def flooded(self) -> bool:
        """Whether it was copied in bulk: the copies are no coincidence, and the other classes have far fewer."""
        return self.common > 1 or (self.alone and _beyond(self.interval.low, self.usual))


@dataclass(frozen=True, slots=True, kw_only=True)
class Floods:
    """What a search for floods found.

    Args:
        rows: told ones, the largest first.
        classes: every class; empty without a label.
        total: rows of the data.
        distinct: different rows among them.
        columns: that were compared.
        seen_copies: copies of a row picked at random that would be told in eight of ten cases.
        tried: rows in which copies were planted for that.
    """

    rows: tuple[Flood, ...]
    classes: tuple[ClassCopies, ...]
    total: int
    distinct: int
    columns: tuple[str, ...]
    seen_copies: int
    tried: int

    @property
    def flooding(self) -> int:
        """Rows that are copies of the told ones."""
        return sum(flood.copies - 1 for flood in self.rows)


def floods(table: Table, columns: Sequence[str], *, label: str | None = None, rng: np.random.Generator) -> Floods:
    """Searches for rows, and classes, that were copied to gain weight.

    Source: the chance of many coincidences as Poisson's law has it, with a mean learnt from near misses; for classes,
    copies that stand alone as in `redan.measures.near_duplicates`.

    Args:
        table: the data.
        columns: inputs: no identifiers, row numbers, times or contributors, which tell copies apart.
        label: column of the class, compared like an input.
        rng: of the rows in which copies are planted for a trial.

    Raises:
        IncompleteError: there are fewer than 100 rows, or no columns.
        InputError: there is no such column.
    """
    found = multiplicities(table, columns, label, rng)
    usual = max(1.0, float(np.median(found.counts)))  # a table that was copied as a whole gives no row more weight
    ratio = _ratio(found, usual)
    bounds = np.array([_most(n, ratio, usual, found.distinct) for n in found.near])
    beyond = found.copies > bounds
    told = [
        Flood(int(found.copies[i]), int(bounds[i]), int(found.kinds[i])) for i in np.flatnonzero(found.ranked & beyond)
    ]
    needed = np.sort(bounds[found.drawn] + 1 - found.copies[found.drawn])
    return Floods(
        rows=tuple(sorted(told, key=lambda flood: -flood.copies)),
        classes=_classes(found, told, beyond, rng),
        total=table.rows,
        distinct=found.distinct,
        columns=found.columns,
        seen_copies=max(1, int(needed[math.ceil(0.8 * len(needed)) - 1])),
        tried=len(needed),
    )


def _ratio(found: Multiplicities, usual: float) -> float:
    """Coincidences per near miss that clean rows may come to."""
    taught = found.ranked & (found.copies >= REPEATED * usual)
    low, high = RATIOS
    if taught.sum() < LEARNT:
        return low
    seen = np.log(found.copies[taught] / (found.near[taught] + usual))
    middle = float(np.median(seen))
    spread = 1.4826 * float(np.median(np.abs(seen - middle)))
    return min(max(math.exp(middle + SPREADS * spread), low), high)


def _most(near: float, ratio: float, usual: float, distinct: int) -> int:
    """The most copies that are put down to chance, beside so many near misses."""
    from scipy.stats import poisson

    mean = ratio * (near / usual + 1.0)
    return max(FEWEST - 1, math.ceil(usual * float(poisson.isf(LEVEL / max(distinct, 1), mean))))


def _classes(
    found: Multiplicities, told: Sequence[Flood], beyond: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[ClassCopies, ...]:
    plain, drawn = _plain(found, told, beyond)
    classes = []
    for kind, name in enumerate(found.classes):
        counts = found.counts[plain & (found.labels == kind)]
        others = found.counts[plain & (found.labels != kind)]
        spare, rest = int((others - 1).sum()), int(others.sum())
        of_kind = drawn & (found.kinds == kind)
        enough = len(counts) >= CLASS_ROWS
        classes.append(
            ClassCopies(
                name=name,
                rows=int(counts.sum()),
                copies=int((counts - 1).sum()),
                common=_common(counts, others) if enough else 1,
                alone=enough and _alone(found.copies[of_kind] > 1, found.near[of_kind] > 0, found.odds),
                usual=spare / max(rest, 1),
                enough=enough,
                seen=enough and _doubled(counts, spare / max(rest, 1)) and _seen(found, of_kind, rng),
            )
        )
    return tuple(classes)


def _plain(
    found: Multiplicities, told: Sequence[Flood], beyond: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Distinct and drawn rows that speak for their class: not those that are told, while few of a class are."""
    plain, drawn = np.ones(found.distinct, dtype=bool), found.drawn.copy()
    for kind in range(len(found.classes)):
        mine = [flood.copies for flood in told if flood.label == kind]
        if len(mine) < CLASS_ROWS:
            drawn &= ~(beyond & (found.kinds == kind))
            for copies in mine:
                plain[np.flatnonzero(plain & (found.labels == kind) & (found.counts == copies))[0]] = False
    return plain, drawn


def _common(counts: NDArray[np.int64], others: NDArray[np.int64]) -> int:
    """What divides all counts of a class and not all of the others: 2 ** -20 by chance, for twenty distinct rows."""
    mine = int(np.gcd.reduce(counts))
    theirs = int(np.gcd.reduce(others)) if len(others) else mine
    return mine // math.gcd(mine, theirs)


def _alone(copied: NDArray[np.bool_], crowded: NDArray[np.bool_], odds: float) -> bool:
    return stand_alone(int((copied & ~crowded).sum()), int((~copied & crowded).sum()), odds)


def _beyond(share: float, usual: float) -> bool:
    """Whether a class has far more copies than the others."""
    return share > CLASS_COPIES + TIMES * usual


def _doubled(counts: NDArray[np.int64], usual: float) -> bool:
    """Whether a class has far more copies than the others once as many rows again were drawn from it."""
    rows = 2 * int(counts.sum())
    return _beyond(clopper_pearson(rows - len(counts), rows).low, usual)


def _seen(found: Multiplicities, of_kind: NDArray[np.bool_], rng: np.random.Generator) -> bool:
    """Whether as many rows again, drawn from the class at random, would stand alone."""
    more = rng.poisson(1.0, int(of_kind.sum())) > 0
    return _alone((found.copies[of_kind] > 1) | more, found.near[of_kind] > 0, found.odds)
