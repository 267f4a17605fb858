"""What the search for changed labels would have found: changes planted in a copy of the same rows, and looked for.

A power that is computed holds for the data of the computation. Planting a positive control in the very rows says what
the search can do here; the planted attacker chooses rows at random, and one who knows where the classes overlap and
changes labels there is harder to see.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.measures.poison.contradictions import levels
from redan.measures.poison.contributors import exceeds
from redan.measures.poison.held_out import held_out
from redan.measures.poison.noise import noise
from redan.measures.poison.rows import LabelledRows
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval

WANTED = 0.8  # of what is planted, the share that must be found before a search may say that nothing is there
PLANTED = 0.03
MOST_PLANTED = 300
ENOUGH_PLANTED = 80
ROUNDS = 4
SHARES = (0.2, 0.5, 1.0)
TRIED = 12


class SpreadPower(NamedTuple):
    """Labels changed at random over all rows.

    Args:
        planted: labels that were changed in copies of the rows.
        found: of those, rows that the search named.
        precision: changed rows among the named, as the fitted mixture expects.
    """

    planted: int
    found: int
    precision: float

    @property
    def recall(self) -> float:
        """Share of the planted changes that was found."""
        return self.found / max(self.planted, 1)

    @property
    def interval(self) -> Interval:
        """Exact 90 % interval of the recall: its lower end is a bound at 95 %."""
        return clopper_pearson(self.found, self.planted, 0.9)

    @property
    def enough(self) -> bool:
        """Whether the search may be believed, when it finds something and when it does not."""
        return self.interval.low >= WANTED and self.precision >= WANTED


class ContributorPower(NamedTuple):
    """Labels changed by one contributor.

    Args:
        tried: contributors in whose rows changes were planted, drawn by how many rows they gave.
        found: of those, suspected ones, for each share of `SHARES`.
    """

    tried: int
    found: tuple[int, ...]

    @property
    def least(self) -> float | None:
        """The smallest planted share of changed labels that is found often enough; None when none is."""
        for share, found in zip(SHARES, self.found, strict=True):
            if self.tried and found >= WANTED * self.tried:
                return share
        return None


def spread_power(data: LabelledRows, clean: NDArray[np.int64], rng: np.random.Generator) -> SpreadPower:
    """Changes a few of the labels that nothing speaks against, and counts how many of them are named.

    Args:
        data: the rows.
        clean: numbers of the rows that are not suspected.
        rng: of changes, folds and forests.

    Returns:
        No power when there is no such row.
    """
    size = int(min(MOST_PLANTED, max(1.0, PLANTED * len(clean))))
    planted, found, precision = 0, 0, []
    for _ in range(ROUNDS):
        if not len(clean) or planted >= ENOUGH_PLANTED:
            break
        chosen = rng.choice(clean, size, replace=False)
        y = changed(data.y, chosen, len(data.classes), rng)
        seen = noise(held_out(data.x, y, len(data.classes), rng), y)
        planted += size
        found += int(seen.suspect[chosen].sum())
        precision.append(seen.precision)
    return SpreadPower(planted, found, float(np.mean(precision)) if precision else 0.0)


def contributor_power(
    probabilities: NDArray[np.float64],
    data: LabelledRows,
    rng: np.random.Generator,
    tolerated: tuple[float, float],
) -> ContributorPower:
    """Changes the labels of a contributor in a copy, for several contributors, and counts how often it is suspected.

    The forests are not grown again: one contributor more or less moves them little, unless it gives most of the rows.

    Args:
        probabilities: shape (n, k), held out.
        data: the rows, with contributors.
        rng: of contributors and changes.
        tolerated: error rate for all contributors, and share of labels.
    """
    if data.contributor is None:
        return ContributorPower(0, tuple(0 for _ in SHARES))
    rows = np.bincount(data.contributor, minlength=len(data.names)).astype(np.float64)
    size = min(TRIED, int((rows > 0).sum()))
    codes = rng.choice(len(rows), size, replace=False, p=rows / rows.sum()) if size else np.empty(0, np.int64)
    found = [0 for _ in SHARES]
    for code in codes:
        own = rng.permutation(np.flatnonzero(data.contributor == code))
        for i, share in enumerate(SHARES):
            y = changed(data.y, own[: max(1, round(share * len(own)))], len(data.classes), rng)
            found[i] += exceeds(levels(probabilities, y, data.contributor), int(code), *tolerated)
    return ContributorPower(size, tuple(found))


def changed(y: NDArray[np.int64], rows: NDArray[np.int64], classes: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The labels with those of some rows changed to another class at random."""
    found = y.copy()
    found[rows] = (found[rows] + rng.integers(1, classes, len(rows))) % classes
    return found
