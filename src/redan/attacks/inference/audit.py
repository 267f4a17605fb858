"""Empirical audit of private training: a lower bound of epsilon from attacks on runs whose secret is known.

Sources: Jagielski, Ullman and Oprea (2020) and Tramer et al., Debugging Differential Privacy (2202.12219), for many
runs; Steinke, Nasr and Jagielski (2305.08846) and Mahloujifar, Melis and Chaudhuri (2410.22235) for one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import IncompleteError
from redan.stats.privacy_bounds import (
    epsilon_of_errors,
    epsilon_one_run,
    epsilon_one_run_gaussian,
    one_run_ceiling,
)

LEAST = 20  # runs of each kind, or canaries: with fewer even a perfect attack shows an epsilon of 2 at most
_SHARES = (0.05, 0.1, 0.2, 0.5, 1.0)  # of the canaries that are guessed
_DIRECTIONS: tuple[float, ...] = (1.0, -1.0)
Verdict = Literal["refuted", "not-refuted", "no-power"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit came to.

    Args:
        bound: epsilon is at least that, at `confidence`.
        ceiling: the most that an audit of this size could have shown, had every guess been right.
        delta: of the claim.
        confidence: level of the bound.
        n: runs, or canaries of one run.
        method: how it was made.
    """

    bound: float
    ceiling: float
    delta: float
    confidence: float
    n: int
    method: Literal["many-runs", "one-run", "one-run-gaussian"]

    def verdict(self, claimed: float) -> Verdict:
        """What the bound says about a claim: refuted, not refuted, or too small an audit to refute it at all."""
        if self.bound > claimed:
            return "refuted"
        return "not-refuted" if self.ceiling > claimed else "no-power"


def many_runs(
    with_row: ArrayLike,
    without: ArrayLike,
    *,
    delta: float,
    confidence: float = 0.95,
    threshold: float | None = None,
) -> Audit:
    """A lower bound of epsilon from scores of independent runs with and without one row.

    Without a threshold, the first half of the runs chooses it and the direction, and the second half is judged.

    Args:
        with_row: one score a run; more where the attacker believes that the row was there.
        without: likewise of runs without it.
        delta: of the claim.
        confidence: level of the bound.
        threshold: chosen without a look at these scores.

    Raises:
        IncompleteError: fewer than 20 runs of a kind, or scores that are not finite.
    """
    inside, outside = _scores(with_row), _scores(without)
    least = LEAST if threshold is not None else 2 * LEAST
    if min(len(inside), len(outside)) < least:
        raise IncompleteError(f"{min(len(inside), len(outside))} runs of a kind are too few; {least} are needed")
    level, signs = 1.0 - confidence, _DIRECTIONS
    if threshold is None:
        (chosen_in, inside), (chosen_out, outside) = _halves(inside), _halves(outside)
        threshold, sign = _chosen(chosen_in, chosen_out, delta, level)
        signs = (sign,)
    level /= len(signs)
    bound = max(
        float(_bounds(inside, outside, np.array([threshold]), sign=one, delta=delta, level=level)[0]) for one in signs
    )
    best = epsilon_of_errors(0, len(outside), 0, len(inside), delta=delta, level=level)
    return Audit(
        bound=bound,
        ceiling=float(best),
        delta=delta,
        confidence=confidence,
        n=len(inside) + len(outside),
        method="many-runs",
    )


def one_run(
    scores: ArrayLike,
    included: ArrayLike,
    *,
    delta: float,
    confidence: float = 0.95,
    guesses: int | None = None,
    gaussian: bool = False,
) -> Audit:
    """A lower bound of epsilon from one run with many canaries.

    Args:
        scores: one a canary; more where the attacker believes that it was trained on.
        included: whether it was; each by a fair coin of its own, thrown before training.
        delta: of the claim.
        confidence: level of the bound.
        guesses: how many are guessed, half of them from either end of the scores, chosen before; left out, five shares
            are tried and each takes a fifth of the level.
        gaussian: test Gaussian mechanisms only: stronger, and about claims such as DP-SGD's only.

    Raises:
        IncompleteError: fewer than 20 canaries, scores that are not finite, or coins that are not of their number.
    """
    values, coins = _scores(scores), np.asarray(included, dtype=bool)
    m = len(values)
    if m < LEAST or coins.shape != (m,):
        raise IncompleteError(f"{m} canaries with {coins.size} coins are too few; {LEAST} are needed")
    counts = sorted({max(2, round(m * share)) for share in _SHARES}) if guesses is None else [min(guesses, m)]
    level = (1.0 - confidence) / len(counts)
    order = np.argsort(values, kind="stable")
    bound_of = epsilon_one_run_gaussian if gaussian else epsilon_one_run
    bounds = [bound_of(m, count, _right(order, coins, count), delta, level) for count in counts]
    return Audit(
        bound=max(bounds),
        ceiling=bound_of(m, m, m, delta, level) if gaussian else one_run_ceiling(m, delta, level),
        delta=delta,
        confidence=confidence,
        n=m,
        method="one-run-gaussian" if gaussian else "one-run",
    )


def rerun(
    train: Callable[[bool, np.random.Generator], float], runs: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of independent runs with and without the row, for `many_runs`.

    Args:
        train: trains with or without the row and says how much the outcome looks like with it.
        runs: of each kind.
        rng: gives every run a generator of its own.
    """
    seeds = rng.spawn(2 * runs)
    inside = np.array([train(True, one) for one in seeds[:runs]])
    return inside, np.array([train(False, one) for one in seeds[runs:]])


def _right(order: NDArray[np.int64], coins: NDArray[np.bool_], count: int) -> int:
    """Right guesses: the highest scores are guessed to be in, the lowest to be out."""
    high = (count + 1) // 2
    low = count - high
    return int(coins[order[len(order) - high :]].sum() + (~coins[order[:low]]).sum())


def _chosen(
    inside: NDArray[np.float64], outside: NDArray[np.float64], delta: float, level: float
) -> tuple[float, float]:
    """Threshold and direction of the best bound."""
    values = np.unique(np.concatenate([inside, outside]))
    cuts = np.concatenate([(values[1:] + values[:-1]) / 2.0, values[-1:]])
    tried = {sign: _bounds(inside, outside, cuts, sign=sign, delta=delta, level=level) for sign in (1.0, -1.0)}
    sign = max(tried, key=lambda one: float(tried[one].max()))
    return float(cuts[int(tried[sign].argmax())]), sign


def _bounds(
    inside: NDArray[np.float64],
    outside: NDArray[np.float64],
    cuts: NDArray[np.float64],
    *,
    sign: float,
    delta: float,
    level: float,
) -> NDArray[np.float64]:
    """Bounds of the tests "above the cut" (sign 1), or of what they say about runs without the row (sign -1)."""
    below_in = np.searchsorted(np.sort(inside), cuts, side="right")
    below_out = np.searchsorted(np.sort(outside), cuts, side="right")
    above_out = len(outside) - below_out
    if sign > 0:
        return epsilon_of_errors(above_out, len(outside), below_in, len(inside), delta=delta, level=level)
    return epsilon_of_errors(below_in, len(inside), above_out, len(outside), delta=delta, level=level)


def _halves(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return values[::2], values[1::2]


def _scores(values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not np.isfinite(found).all():
        raise IncompleteError("scores are one finite number a run or canary")
    return found
