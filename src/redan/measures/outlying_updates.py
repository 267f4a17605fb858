"""Participants of federated training whose updates stand out in most rounds."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.stats.binomial import clopper_pearson

FAR = 3.0  # times the usual distance: honest participants with data of their own kind stay well below
_LEAST_OTHERS = 3
_MOST = 0.5


def outlying_participants(updates: ArrayLike, confidence: float = 0.95) -> tuple[int, ...]:
    """Participants that are more than three times as far from the median update as is usual, in most rounds.

    Standing out is no proof: an honest participant with quite other data does, too. More of them than are assumed to be
    bad means that the rule throws honest updates away, or that the assumption is wrong.

    Args:
        updates: shape (rounds, n, d); a participant whose update is not finite did not take part in the round.
        confidence: of "most", for all participants together (Bonferroni).

    Returns:
        Places, rising; empty when rounds are too few to tell.
    """
    whole = np.asarray(updates, dtype=np.float64)
    far, seen = np.zeros(whole.shape[1], dtype=np.int64), np.zeros(whole.shape[1], dtype=np.int64)
    for sent in whole:
        here = np.flatnonzero(np.isfinite(sent).all(axis=1))
        if len(here) > _LEAST_OTHERS:
            seen[here] += 1
            far[here] += _far(sent[here])
    level = 1 - (1 - confidence) / max(whole.shape[1], 1)
    return tuple(
        i
        for i, (k, n) in enumerate(zip(far.tolist(), seen.tolist(), strict=True))
        if clopper_pearson(k, n, level).low > _MOST
    )


def _far(sent: NDArray[np.float64]) -> NDArray[np.bool_]:
    with np.errstate(over="ignore"):
        distances = np.sqrt(((sent - np.median(sent, axis=0)) ** 2).sum(axis=1))
    usual = np.median(distances)
    return np.asarray(distances > FAR * usual)
