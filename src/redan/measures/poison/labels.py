"""Changed labels, by contributor and by row, each with the power that was measured on the same rows.

Two attackers are looked for. One gives many rows and changes their labels: all rows of one contributor, tested against
the others. One hides the changes among everybody's rows: single rows, told where classes do not overlap. Where they
overlap the second cannot be seen, and the measured power says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.measures.poison.contradictions import levels
from redan.measures.poison.contributors import ALPHA, TOLERATED, Suspicion, honest_size, suspicions
from redan.measures.poison.held_out import held_out, told_by
from redan.measures.poison.noise import Noise, chance_of_change, noise
from redan.measures.poison.power import ContributorPower, SpreadPower, contributor_power, spread_power
from redan.measures.poison.rows import LabelledRows, labelled_arrays

_DOUBT = 0.05  # rows of a suspected contributor are cleared below this chance of having been changed
ROUNDS = 4  # of finding contributors and looking again without them


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What the search tolerates.

    Args:
        changed: share of labels changed at random, over all rows, that is usual care.
        contributor: share of one contributor's labels that may be changed beyond what is explained.
        alpha: chance of any false alarm about a contributor in one dataset.
    """

    changed: float = 0.01
    contributor: float = TOLERATED
    alpha: float = ALPHA


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLabels:
    """Labels that were changed, as far as the data tells.

    Args:
        data: what was looked at.
        rates: what was tolerated.
        contributors: one suspicion per contributor; empty when nobody is named or nobody can be compared.
        contributor_power: what the contributor tests would have found; None without them.
        noise: labels changed at random, in the rows of contributors that are not suspected.
        spread_power: what the search of single rows would have found.
        likeliest: shape (n,), the class that the other rows speak for.
        size: standard deviation of the log odds of contradicted labels between honest contributors.
        suspect: shape (n,), rows of suspected contributors but for those that are plainly right, and suspected single
            rows where that search has power and found more than is tolerated.
    """

    data: LabelledRows
    rates: Rates
    contributors: tuple[Suspicion, ...]
    contributor_power: ContributorPower | None
    noise: Noise
    spread_power: SpreadPower
    likeliest: NDArray[np.int64]
    size: float
    suspect: NDArray[np.bool_]

    @property
    def contradicted(self) -> NDArray[np.bool_]:
        """Rows of which another class is likelier than the label, shape (n,)."""
        return np.asarray(self.likeliest != self.data.y)

    @property
    def suspected(self) -> tuple[Suspicion, ...]:
        """Contributors that changed more labels than is tolerated, the surest first."""
        found = [s for s in self.contributors if s.at_least > self.rates.contributor]
        return tuple(sorted(found, key=lambda s: -s.at_least))

    @property
    def spread(self) -> bool:
        """Whether more single labels are changed than is tolerated, by a search with power."""
        return self.spread_power.enough and self.noise.interval.low > self.rates.changed


def changed_labels(
    data: LabelledRows,
    rng: np.random.Generator,
    rates: Rates = Rates(),
) -> ChangedLabels:
    """Searches labelled rows for changed labels, by contributor and by row.

    Args:
        data: the rows.
        rng: of folds, forests and planted changes.
        rates: what is tolerated.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    classes = len(data.classes)
    who = np.zeros(data.rows, dtype=np.int64) if data.contributor is None else data.contributor
    told = held_out(data.x, data.y, classes, rng)
    likeliest = told.argmax(axis=1)
    kept, people, rest = np.ones(data.rows, dtype=bool), dict[int, Suspicion](), data
    for _ in range(ROUNDS):
        found = _tested(told, rest, rates)
        people.update({s.code: s for s in found})
        flagged = [s.code for s in found if s.at_least > rates.contributor]
        if not flagged:
            break
        kept &= ~np.isin(who, flagged)  # who is found no longer hides others, nor spoils the forests
        rest = data.among(kept)
        told = held_out(rest.x, rest.y, classes, rng)
    single = noise(told, rest.y)
    planted = spread_power(rest, np.flatnonzero(~single.suspect), rng)
    suspect = _doubtful(data, kept, people, single.exponent, rng)
    if planted.enough and single.interval.low > rates.changed:
        suspect[np.flatnonzero(kept)[single.suspect]] = True
    return ChangedLabels(
        data=data,
        rates=rates,
        contributors=tuple(people[code] for code in sorted(people)),
        contributor_power=contributor_power(told, rest, rng, (rates.alpha, rates.contributor)) if people else None,
        noise=single,
        spread_power=planted,
        likeliest=likeliest,
        size=honest_size(levels(told, rest.y, rest.contributor)) if rest.contributor is not None and people else 0.0,
        suspect=suspect,
    )


def _doubtful(
    data: LabelledRows, kept: NDArray[np.bool_], people: dict[int, Suspicion], exponent: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Rows of suspected contributors but for those that are plainly right by the rows of all others, shape (n,)."""
    found = ~kept
    if data.contributor is None or kept.all() or not kept.any():
        return found
    told = told_by(data.x[kept], data.y[kept], len(data.classes), rng, data.x[found])
    share = np.array([min(max(people[int(c)].share, _DOUBT), 1.0 - _DOUBT) for c in data.contributor[found]])
    found[found] = chance_of_change(told, data.y[found], share, exponent) > _DOUBT
    return found


def _tested(told: NDArray[np.float64], rest: LabelledRows, rates: Rates) -> tuple[Suspicion, ...]:
    if rest.contributor is None:
        return ()
    present = [int(code) for code in np.unique(rest.contributor)]
    return suspicions(levels(told, rest.y, rest.contributor), rates.alpha, present) if len(present) > 1 else ()


def flipped(
    x: ArrayLike, y: ArrayLike, contributor: ArrayLike | Sequence[object] | None = None, *, seed: int = 0
) -> ChangedLabels:
    """Searches arrays of a notebook for changed labels.

    Args:
        x: shape (n, ...), numbers.
        y: shape (n,), class labels of any kind.
        contributor: shape (n,), who gave each row.
        seed: fixes every random choice.

    Raises:
        IncompleteError: there is not enough to go by.
        InputError: shapes disagree.
        MissingExtraError: scikit-learn is not installed.
    """
    given = None if contributor is None else np.asarray(contributor)
    return changed_labels(labelled_arrays(x, y, given), np.random.default_rng(seed))
