"""Lower bounds of epsilon from what an attacker told apart: of many runs, and of one run with many canaries.

A bound that exceeds the epsilon of a claim refutes the claim; one that does not proves nothing about it.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

_MOST = 60.0  # an epsilon beyond which nobody asks
_STEPS = 60  # halvings: to below 1e-16 of the range


def upper_share(k: ArrayLike, n: int, level: float) -> NDArray[np.float64]:
    """The one-sided upper bound of binomial shares at `1 - level`.

    Source: Clopper and Pearson (1934), as quantiles of the beta distribution.

    Args:
        k: successes of `n` trials each.
        n: trials, at least 1.
        level: chance of a share above its bound.
    """
    from scipy.special import betaincinv

    counts = np.asarray(k, dtype=np.float64)
    inner = np.minimum(counts, n - 1)
    bounds = np.asarray(betaincinv(inner + 1.0, n - inner, 1.0 - level), dtype=np.float64)
    return np.where(counts >= n, 1.0, bounds)


def epsilon_of_errors(
    false_positives: ArrayLike,
    negatives: int,
    false_negatives: ArrayLike,
    positives: int,
    *,
    delta: float,
    level: float,
) -> NDArray[np.float64]:
    """Lower bounds of epsilon from the two errors of a test that tells runs with a row from runs without it.

    Source: Kairouz, Oh and Viswanath (2015): FPR + e^epsilon FNR >= 1 - delta; Jagielski, Ullman and Oprea (2020),
    section 3, for bounds of both rates. Each of the two rates takes half of the level.

    Args:
        false_positives: runs without the row that were taken for runs with it.
        negatives: runs without it.
        false_negatives: runs with it that were missed; as many entries as the former.
        positives: runs with it.
        delta: of the claim.
        level: chance that one bound is above the truth.

    Returns:
        One bound for each entry, 0 where nothing is told.
    """
    fpr = upper_share(false_positives, negatives, level / 2.0)
    fnr = upper_share(false_negatives, positives, level / 2.0)
    gained = np.maximum(1.0 - delta - fnr, np.finfo(np.float64).tiny)
    bounds: NDArray[np.float64] = np.maximum(0.0, np.log(gained) - np.log(fpr))
    return bounds


def one_run_p(canaries: int, guesses: int, correct: int, epsilon: float, delta: float) -> float:
    """How surprising so many correct guesses are, were the mechanism private with these parameters.

    Source: Steinke, Nasr and Jagielski, Privacy Auditing with One (1) Training Run (2305.08846), the
    result for approximate privacy: every canary is put in or left out by a fair coin of its own.

    Args:
        canaries: coins that were thrown.
        guesses: of them, the ones that were guessed, chosen without a look at the coins.
        correct: guesses that are right.
        epsilon: at least 0.
        delta: in [0, 1].

    Returns:
        A bound of the probability, at most 1.

    Raises:
        ValueError: not 0 <= correct <= guesses <= canaries.
    """
    if not 0 <= correct <= guesses <= canaries:
        raise ValueError(f"cannot be right {correct} times of {guesses} guesses about {canaries} canaries")
    from scipy.special import expit

    chance = float(expit(epsilon))
    tail = _tail(np.arange(correct + 1), guesses, chance)  # [k] = P(at least k right)
    beta = float(tail[correct])
    if delta == 0.0 or correct == 0:
        return min(1.0, beta)
    i = np.arange(1, correct + 1)
    alpha = float(np.max((tail[correct - i] - beta) / i))
    return min(1.0, beta + 2.0 * canaries * delta * max(0.0, alpha))


def epsilon_one_run(canaries: int, guesses: int, correct: int, delta: float, level: float) -> float:
    """The largest epsilon that one run with canaries refutes; 0 when it refutes none.

    Args:
        canaries: as for `one_run_p`.
        guesses: likewise.
        correct: likewise.
        delta: likewise.
        level: chance that the bound is above the truth.
    """
    return _largest(lambda at: one_run_p(canaries, guesses, correct, at, delta) <= level)


def one_run_ceiling(canaries: int, delta: float, level: float) -> float:
    """The most that one run with so many canaries can ever show: every guess right."""
    return epsilon_one_run(canaries, canaries, canaries, delta, level)


def most_hits(rate: float, epsilon: float, delta: float) -> float:
    """The highest true-positive rate that (epsilon, delta) lets any membership attack have at a false-positive rate.

    Source: Kairouz, Oh and Viswanath, The Composition Theorem for Differential Privacy (2015), section 2.

    Args:
        rate: false positives, in [0, 1].
        epsilon: 0 or more; infinite promises nothing.
        delta: in [0, 1].

    Returns:
        At most 1.
    """
    if epsilon > _MOST:
        return 1.0
    return min(1.0, math.exp(epsilon) * rate + delta, 1.0 - math.exp(-epsilon) * max(0.0, 1.0 - delta - rate))


def gaussian_delta(epsilon: float, mu: float) -> float:
    """Delta of a Gaussian mechanism whose neighbours are `mu` standard deviations apart.

    Source: Balle and Wang (2018), theorem 8; Dong, Roth and Su (2019), corollary 2.13.
    """
    from scipy.special import log_ndtr, ndtr

    if mu <= 0.0:
        return 0.0
    kept = float(ndtr(mu / 2.0 - epsilon / mu))
    return max(0.0, kept - math.exp(min(epsilon + float(log_ndtr(-mu / 2.0 - epsilon / mu)), 0.0)))


def mu_of(epsilon: float, delta: float) -> float:
    """How far apart the neighbours of the Gaussian mechanism with this epsilon and delta are."""
    low, high = 0.0, 1.0
    while gaussian_delta(epsilon, high) < delta and high < 2.0**20:
        high *= 2.0
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if gaussian_delta(epsilon, middle) < delta else (low, middle)
    return low


def one_run_refutes_gaussian(canaries: int, guesses: int, correct: int, mu: float, level: float) -> bool:
    """Whether one run refutes that the mechanism hides each canary as well as Gaussian noise `mu` apart does.

    Source: Mahloujifar, Melis and Chaudhuri, Auditing f-Differential Privacy in One Run (2410.22235), algorithm 3.

    Args:
        canaries: coins that were thrown.
        guesses: made, without a look at the coins.
        correct: of them.
        mu: of the trade-off curve under test.
        level: chance to refute a true one.
    """
    from scipy.special import ndtr, ndtri

    right, wrong = level * correct / canaries, level * (guesses - correct) / canaries
    for i in range(correct - 1, -1, -1):
        least = float(ndtr(ndtri(min(right, 1.0)) - mu))
        if least <= wrong:
            break
        right, wrong = min(1.0, right + i / (guesses - i) * (least - wrong)), least
    return right + wrong > guesses / canaries


def epsilon_one_run_gaussian(canaries: int, guesses: int, correct: int, delta: float, level: float) -> float:
    """The largest epsilon of Gaussian mechanisms, at this delta, that one run refutes; 0 when it refutes none.

    Stronger than `epsilon_one_run` where the claim rests on Gaussian noise, as that of DP-SGD does, and about such
    claims only.

    Raises:
        ValueError: delta is 0, which no Gaussian mechanism has.
    """
    if not 0.0 < delta < 1.0:
        raise ValueError("a Gaussian mechanism has a delta between 0 and 1")
    if not guesses:
        return 0.0
    return _largest(lambda at: one_run_refutes_gaussian(canaries, guesses, correct, mu_of(at, delta), level))


def _tail(k: NDArray[np.int64], n: int, p: float) -> NDArray[np.float64]:
    """P(at least k of n), for each k."""
    from scipy.special import betainc

    inner = np.maximum(k, 1)
    tails = np.asarray(betainc(inner, np.maximum(n - inner + 1, 1), p), dtype=np.float64)
    return np.where(k <= 0, 1.0, tails)


def _largest(refuted: Callable[[float], bool]) -> float:
    """The end of the epsilons that are refuted; all below a refuted one are."""
    if not refuted(0.0):
        return 0.0
    low, high = 0.0, 1.0
    while high < _MOST and refuted(high):
        low, high = high, 2.0 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low
