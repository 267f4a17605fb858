"""Gaps between groups in true-positive and false-positive rates: equality of opportunity and of odds.

Source: Hardt, Price and Srebro, Equality of Opportunity in Supervised Learning, NeurIPS 2016. The largest of many gaps
is biased upwards, the more the smaller the groups are, and no bootstrap of it repairs that; so pairwise intervals that
hold together bound it, and what chance alone would give is told beside it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.measures.fairness.confusion import Confusion
from redan.stats.binomial import clopper_pearson
from redan.stats.difference import furthest_apart, softened
from redan.stats.interval import Interval

LEAST_TRIALS = 20  # below this, an interval of a rate says next to nothing
POWER_SD = 0.8416212335729143  # standard normal quantile of 0.8
BEYOND = 0.25  # a gap so far above the margin must be found four times in five, or nothing is claimed
_DRAWS = 2_000
_STEPS = np.round(np.arange(0.01, 1.005, 0.01), 2)


class Rate(NamedTuple):
    """One rate in each group.

    Args:
        name: such as `true-positive rate`.
        of: the true class, or the class answered wrongly, that it is about.
        lacking: what a group needs more of to be judged, such as `rows of class fraud`.
        hits: shape (groups,).
        trials: shape (groups,).
    """

    name: str
    of: str
    lacking: str
    hits: NDArray[np.int64]
    trials: NDArray[np.int64]

    @property
    def shares(self) -> NDArray[np.float64]:
        """Hits per trial, NaN without trials."""
        return np.where(self.trials > 0, self.hits / np.maximum(self.trials, 1), np.nan)


class Pair(NamedTuple):
    """The two groups that are known to lie furthest apart in one rate."""

    rate: Rate
    high: str
    low: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The largest gap of some rates between any two groups.

    Args:
        observed: as it stands in the data.
        by_chance: what it would be on average if all groups had the same rates.
        interval: of the true gap; holds together with every other gap of the same column.
        pair: which groups, and in which rate.
        n: rows that the rates rest on.
    """

    observed: float
    by_chance: float
    interval: Interval
    pair: Pair
    n: int

    @property
    def beyond_chance(self) -> float:
        """The observed gap less what chance alone gives, within the interval."""
        return min(max(self.observed - self.by_chance, self.interval.low, 0.0), self.interval.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    """What is known about equal error rates of the groups of one column.

    Args:
        confusion: what was counted.
        margin: gap that is agreed to be acceptable.
        rates: every rate, over all groups.
        odds: largest gap over groups with 20 rows or more of a kind; None with fewer than two such groups.
        opportunity: the same for true-positive rates alone.
        told: largest gap over the groups that are large enough to be judged; None with fewer than two.
        small: groups that are not large enough, and what each lacks.
        noticed: smallest gap that would be found four times in five, over the groups that are large enough.
        confidence: that all intervals hold together.
    """

    confusion: Confusion
    margin: float
    rates: tuple[Rate, ...]
    odds: Gap | None
    opportunity: Gap | None
    told: Gap | None
    small: dict[str, str]
    noticed: float
    confidence: float

    def intervals(self, rate: Rate) -> tuple[Interval, ...]:
        """Intervals of one rate in each group, which hold together over all groups and rates of the column."""
        each = 1 - (1 - self.confidence) / (len(self.confusion.groups) * len(self.rates))
        return tuple(clopper_pearson(int(k), int(n), each) for k, n in zip(rate.hits, rate.trials, strict=True))


def equality(
    found: Confusion, *, margin: float, rng: np.random.Generator, confidence: float = 0.95, columns: int = 1
) -> Equality:
    """Compares the error rates of all groups of a column.

    Args:
        found: counts by group, class and answer.
        margin: gap that is agreed to be acceptable, in [0, 1).
        rng: of the simulated chance.
        confidence: that all intervals of all columns hold together.
        columns: how many columns are judged at once.
    """
    level = 1 - (1 - confidence) / columns
    rates = tuple(_rates(found))
    reach = _reach(rates, level, rng)
    detectable = {name: _detectable(rates, i, margin, reach) for i, name in enumerate(found.groups)}
    most = margin + BEYOND
    small = {name: _lack(rates, i, margin, reach) for i, name in enumerate(found.groups) if detectable[name] > most}
    large = [i for i, name in enumerate(found.groups) if name not in small]
    every = list(range(len(found.groups)))
    return Equality(
        confusion=found,
        margin=margin,
        rates=rates,
        odds=_gap(found, rates, every, reach, rng),
        opportunity=_gap(found, [r for r in rates if r.name == TPR], every, reach, rng),
        told=_gap(found, rates, large, reach, rng),
        small=small,
        noticed=max((detectable[found.groups[i]] for i in large), default=math.nan),
        confidence=level,
    )


TPR = "true-positive rate"
FPR = "false-positive rate"


def _rates(found: Confusion) -> Iterator[Rate]:
    chosen = range(len(found.classes)) if found.positive is None else (found.positive,)
    per_class = found.counts.sum(axis=2)
    for k in chosen:
        word, others = found.classes[k], np.delete(per_class, k, axis=1).sum(axis=1)
        wrong = np.delete(found.counts[:, :, k], k, axis=1).sum(axis=1)
        yield Rate(TPR, word, f"rows of class {word}", found.counts[:, k, k], per_class[:, k])
        yield Rate(FPR, word, f"rows of other classes than {word}", wrong, others)


def _enough(rate: Rate, chosen: Sequence[int]) -> NDArray[np.int64]:
    return np.array([i for i in chosen if rate.trials[i] >= LEAST_TRIALS], dtype=np.int64)


def _reach(rates: Sequence[Rate], level: float, rng: np.random.Generator) -> float:
    families = []
    for rate in rates:
        chosen = _enough(rate, range(len(rate.trials)))
        families.append(softened(rate.hits[chosen], rate.trials[chosen]).variance)
    return furthest_apart(families, level, rng)


def _gap(
    found: Confusion, rates: Sequence[Rate], groups: Sequence[int], reach: float, rng: np.random.Generator
) -> Gap | None:
    apart: list[_Apart] = []
    used: set[int] = set()
    null = np.zeros(_DRAWS)
    for rate in rates:
        chosen = _enough(rate, groups)
        if len(chosen) < 2:  # noqa: PLR2004 -- a gap lies between two
            continue
        used |= set(chosen.tolist())
        apart += _apart(found, rate, chosen, reach)
        np.maximum(null, _by_chance(rate, chosen, rng), out=null)
    if not apart:
        return None
    return Gap(
        observed=max(one.observed for one in apart),
        by_chance=float(null.mean()),
        interval=Interval(max(one.low for one in apart), max(one.high for one in apart)),
        pair=max(apart, key=lambda one: (one.low, one.observed)).pair,
        n=int(found.counts[sorted(used)].sum()),
    )


class _Apart(NamedTuple):
    pair: Pair
    observed: float
    low: float
    high: float


def _apart(found: Confusion, rate: Rate, chosen: NDArray[np.int64], reach: float) -> Iterator[_Apart]:
    share, variance = softened(rate.hits[chosen], rate.trials[chosen])
    plain = rate.shares[chosen]
    for i, j in combinations(range(len(chosen)), 2):
        top, bottom = (i, j) if plain[i] >= plain[j] else (j, i)
        pair = Pair(rate, found.groups[chosen[top]], found.groups[chosen[bottom]])
        gap, half = abs(float(share[i] - share[j])), reach * math.sqrt(variance[i] + variance[j])
        yield _Apart(pair, float(plain[top] - plain[bottom]), max(0.0, gap - half), min(1.0, gap + half))


def _by_chance(rate: Rate, chosen: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    hits, trials = rate.hits[chosen], rate.trials[chosen]
    drawn = rng.binomial(trials, hits.sum() / trials.sum(), size=(_DRAWS, len(chosen))) / trials
    found: NDArray[np.float64] = drawn.max(axis=1) - drawn.min(axis=1)
    return found


def _detectable(rates: Sequence[Rate], group: int, margin: float, reach: float) -> float:
    """The smallest gap to all other groups that would be found four times in five, in the rate known worst."""
    return max(_step(rate, group, margin, reach) for rate in rates)


def _step(rate: Rate, group: int, margin: float, reach: float) -> float:
    own = int(rate.trials[group])
    rest, rest_hits = int(rate.trials.sum() - own), int(rate.hits.sum() - rate.hits[group])
    if own < LEAST_TRIALS or rest < LEAST_TRIALS:
        return math.inf
    usual = float(softened([rest_hits], [rest]).share[0])
    shifted = np.where(usual - _STEPS >= 0, usual - _STEPS, np.minimum(usual + _STEPS, 1.0))
    error = np.sqrt(shifted * (1 - shifted) / own + usual * (1 - usual) / rest)
    found = _STEPS[_STEPS - margin >= (reach + POWER_SD) * error]
    if margin >= 1:
        return 1.0  # no gap is larger
    return float(found[0]) if len(found) else math.inf


def _lack(rates: Sequence[Rate], group: int, margin: float, reach: float) -> str:
    worst = max(rates, key=lambda rate: _step(rate, group, margin, reach))
    have = int(worst.trials[group])
    wanted = max(LEAST_TRIALS, math.ceil(0.25 * ((reach + POWER_SD) / BEYOND) ** 2))
    return f"{have:,} {worst.lacking}, about {wanted:,} needed"
