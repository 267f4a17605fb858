"""Contributors whose labels contradict the rest of the data more than chance and honest differences explain.

What is expected of an honest contributor comes from `contradictions`, how much honest contributors differ beyond that
from `spread`. A contributor is told only when the share of its labels that neither explains is above a bound, at an
error rate for all contributors together.

Source: Spiegelhalter, Funnel Plots for Comparing Institutional Performance, Statistics in Medicine 24 (2005).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from redan.measures.poison.contradictions import Honest, Level
from redan.measures.poison.spread import Spread, chance_of_more, spread_of
from redan.stats.binomial import chance_of_at_least

ALPHA = 0.01  # chance of any false alarm in one dataset
TOLERATED = 0.05  # share of a contributor's labels that may contradict beyond what is explained
LEAST_REACH = 0.1  # a degree that so few changed labels reach says little about how many there are
_WORTH_A_LOOK = 0.01  # a count that is no rarer than this without any spread is no rarer with it
_STEPS = 14
_LEAST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What one contributor came to.

    Args:
        code: of the contributor.
        rows: rows it gave.
        against: rows whose label the rest contradicts.
        expected: as many contradict when the contributor is honest.
        p: chance of so many from an honest contributor, the spread between contributors included.
        at_least: share of its labels that is changed, lower bound at the error rate for all contributors together.
        share: the same, estimated.
    """

    code: int
    rows: int
    against: int
    expected: float
    p: float
    at_least: float
    share: float


def suspicions(
    found: tuple[Level, ...], alpha: float = ALPHA, only: Sequence[int] | None = None
) -> tuple[Suspicion, ...]:
    """Tests every contributor against all others.

    Args:
        found: by degree of contradiction.
        alpha: chance of any false alarm over all contributors and degrees (Bonferroni).
        only: codes of contributors to test; all when None.

    Returns:
        One per tested contributor, in order; none when there is nothing to compare.
    """
    if not found or len(found[0].rows) <= 1:
        return ()
    size = len(found[0].rows)
    level = alpha / (size * len(found))
    honest = [one.honest() for one in found]
    tested = range(size) if only is None else only
    tried = [[_suspicion(one, h, i, level) for one, h in zip(found, honest, strict=True)] for i in tested]
    return tuple(max(each, key=lambda s: (s.at_least, -s.p)) for each in tried)


def honest_size(found: tuple[Level, ...]) -> float:
    """Standard deviation of the log odds of contradicted labels between contributors, all of them taken for honest.

    Args:
        found: by degree of contradiction; the lowest one is used.

    Returns:
        0 when there is nothing to compare.
    """
    if not found:
        return 0.0
    honest = found[0].honest()
    rate = np.clip(honest.rows / np.maximum(found[0].rows, 1), _LEAST, 1.0 - _LEAST)
    return spread_of(found[0].rows, found[0].against, rate, honest.doubt).mean[0]


class _Case(NamedTuple):
    """One contributor at one degree of contradiction."""

    rows: int
    against: int
    rate: float
    reach: float
    spread: Spread | None

    def chance(self, changed: float) -> float:
        """Of so many or more when a share of the labels is changed."""
        if self.spread is None:
            return chance_of_at_least(self.against, self.rows, self.rate)
        return chance_of_more(self.against, self.rows, self.rate, self.spread, changed * self.reach)


def exceeds(found: tuple[Level, ...], contributor: int, alpha: float, tolerated: float) -> bool:
    """Whether one contributor changed more labels than is tolerated.

    Args:
        found: by degree of contradiction.
        contributor: code.
        alpha: chance of any false alarm over all contributors and degrees (Bonferroni).
        tolerated: share of its labels.
    """
    if not found or len(found[0].rows) <= 1:
        return False
    level = alpha / (len(found[0].rows) * len(found))
    cases = (_case(one, one.honest(), contributor) for one in found)
    return any(case.spread is not None and case.chance(tolerated) <= level for case in cases)


def _case(found: Level, honest: Honest, i: int) -> _Case:
    rows, against = int(found.rows[i]), int(found.against[i])
    rate = min(max(float(honest.rows[i]) / max(rows, 1), _LEAST), 1.0 - _LEAST)
    reach = max(float(found.shown[i]) - rate, LEAST_REACH)
    if chance_of_at_least(against, rows, rate) > _WORTH_A_LOOK:
        return _Case(rows, against, rate, reach, None)
    return _Case(rows, against, rate, reach, _spread(found, i, float(honest.doubt[i])))


def _suspicion(found: Level, honest: Honest, i: int, level: float) -> Suspicion:
    case = _case(found, honest, i)
    share = min(1.0, max(0.0, (case.against / max(case.rows, 1) - case.rate) / case.reach))
    p, low, high = case.chance(0.0), 0.0, 1.0
    for _ in range(_STEPS if case.spread is not None and p <= level else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if case.chance(middle) <= level else (low, middle)
    expected = float(honest.rows[i])
    return Suspicion(code=i, rows=case.rows, against=case.against, expected=expected, p=p, at_least=low, share=share)


def _spread(found: Level, tested: int, doubt: float) -> Spread:
    """Of all others; who is tested is no part of what is expected of them."""
    honest = found.honest(tested)
    others = np.arange(len(found.rows)) != tested
    rate = np.clip(honest.rows / np.maximum(found.rows, 1), _LEAST, 1.0 - _LEAST)
    spread = spread_of(found.rows[others], found.against[others], rate[others], honest.doubt[others])
    return spread._replace(sizes=np.sqrt(spread.sizes**2 + doubt**2))
