"""Rules that combine the updates of participants so that a few bad ones cannot decide the result.

Each takes the updates of one round, shape (n, d), and how many participants may be bad, f. An update that holds NaN or
infinity is bad for certain: it is left out and counts towards f.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.defences.aggregation.assumptions import Rule, check_assumption
from redan.errors import InputError

Updates: TypeAlias = NDArray[np.float64]


def aggregate(updates: ArrayLike, rule: Rule, bad: int = 0) -> Updates:
    """The combined update of one round, shape (d,).

    Args:
        updates: shape (n, d), one row per participant.
        rule: how to combine them.
        bad: participants that may send anything, f.

    Raises:
        InputError: the array has another shape, or the rule promises nothing for so many bad ones among so many.
    """
    whole = np.asarray(updates, dtype=np.float64)
    if whole.ndim != 2 or not len(whole):  # noqa: PLR2004 -- rows and columns
        raise InputError(f"updates have shape {whole.shape}", remedy="give one row per participant")
    check_assumption(rule, len(whole), bad)
    finite = np.isfinite(whole).all(axis=1)
    lost = int((~finite).sum())
    if lost > bad:
        raise InputError(
            f"{lost} updates are not finite, and {bad} participants at most were assumed to be bad",
            remedy="find out why, before the round is used",
        )
    with np.errstate(over="ignore"):  # a square beyond the largest number is as far away as can be
        return _COMBINED[rule](whole[finite], bad - lost)


def mean(updates: ArrayLike) -> Updates:
    """The plain mean: one participant decides the result."""
    return aggregate(updates, "mean")


def median(updates: ArrayLike, bad: int = 0) -> Updates:
    """The median of each coordinate.

    Source: Yin et al., Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates, ICML 2018.
    """
    return aggregate(updates, "median", bad)


def trimmed_mean(updates: ArrayLike, bad: int) -> Updates:
    """The mean of each coordinate without its f largest and f smallest values.

    Source: Yin et al., Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates, ICML 2018.
    """
    return aggregate(updates, "trimmed-mean", bad)


def krum(updates: ArrayLike, bad: int) -> Updates:
    """The one update that is closest to its n - f - 2 nearest others.

    Source: Blanchard et al., Machine Learning with Adversaries, NIPS 2017, section 4.
    """
    return aggregate(updates, "krum", bad)


def multi_krum(updates: ArrayLike, bad: int) -> Updates:
    """The mean of the n - f - 2 updates of the best Krum scores.

    Source: Blanchard et al., Machine Learning with Adversaries, NIPS 2017, section 5.
    """
    return aggregate(updates, "multi-krum", bad)


def bulyan(updates: ArrayLike, bad: int) -> Updates:
    """Of n - 2 f updates chosen by repeated Krum, the mean of the values nearest to the median of each coordinate.

    Source: El Mhamdi, Guerraoui and Rouault, The Hidden Vulnerability of Distributed Learning in Byzantium, ICML 2018.
    """
    return aggregate(updates, "bulyan", bad)


def krum_scores(updates: Updates, bad: int) -> NDArray[np.float64]:
    """Sum of squared distances of each update to its nearest n - f - 2 others, shape (n,); at least one other."""
    return _scores(_squared_distances(updates), bad)


def _squared_distances(updates: Updates) -> NDArray[np.float64]:
    found = np.empty((len(updates), len(updates)))
    for i, one in enumerate(updates):  # differences, not products: a huge update must not cancel the small ones
        found[i] = ((updates - one) ** 2).sum(axis=1)
        found[i, i] = np.inf
    return found


def _scores(distances: NDArray[np.float64], bad: int) -> NDArray[np.float64]:
    count = len(distances)
    nearest = max(1, min(count - bad - 2, count - 1))
    return np.asarray(np.sort(distances, axis=1)[:, :nearest].sum(axis=1))


def _mean(updates: Updates, _: int) -> Updates:
    return np.asarray(updates.mean(axis=0))


def _median(updates: Updates, _: int) -> Updates:
    return np.asarray(np.median(updates, axis=0))


def _trimmed_mean(updates: Updates, bad: int) -> Updates:
    return np.asarray(np.sort(updates, axis=0)[bad : len(updates) - bad].mean(axis=0))


def _krum(updates: Updates, bad: int) -> Updates:
    return np.asarray(updates[int(krum_scores(updates, bad).argmin())].copy())


def _multi_krum(updates: Updates, bad: int) -> Updates:
    chosen = np.argsort(krum_scores(updates, bad), kind="stable")[: max(1, len(updates) - bad - 2)]
    return np.asarray(updates[np.sort(chosen)].mean(axis=0))


def _bulyan(updates: Updates, bad: int) -> Updates:
    distances = _squared_distances(updates)
    left = np.arange(len(updates))
    chosen = []
    for _ in range(len(updates) - 2 * bad):
        best = int(_scores(distances[np.ix_(left, left)], bad).argmin()) if len(left) > 1 else 0
        chosen.append(left[best])
        left = np.delete(left, best)
    picked = updates[np.sort(np.array(chosen))]
    kept = len(picked) - 2 * bad
    nearest = np.argsort(np.abs(picked - np.median(picked, axis=0)), axis=0, kind="stable")[:kept]
    return np.asarray(np.take_along_axis(picked, nearest, axis=0).mean(axis=0))


_COMBINED: Mapping[Rule, Callable[[Updates, int], Updates]] = MappingProxyType(
    {
        "mean": _mean,
        "median": _median,
        "trimmed-mean": _trimmed_mean,
        "krum": _krum,
        "multi-krum": _multi_krum,
        "bulyan": _bulyan,
    }
)
