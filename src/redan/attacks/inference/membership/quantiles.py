"""Quantile regression: what score a record like this one has when it is no member, from a single model's answers.

Source: Bertran et al., Scalable Membership Inference Attacks via Quantile Regression (QMIA, 2023), algorithm 1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError, MissingExtraError
from redan.extras import missing_import

QUANTILES = (0.5, 0.9)
_LEAST = 40
_NARROW = 1e-6


def qmia(
    phi: NDArray[Any], features: NDArray[Any], members: NDArray[Any], *, seed: int = 0, folds: int = 2
) -> NDArray[np.float64]:
    """How far a score lies above the median of non-members like it, in steps from there to their upper tenth.

    The attacker has non-members; members and the non-members that judge are never among those a regression was
    fitted to: each fold is scored by regressions on the non-members of the others.

    Args:
        phi: scores of the target, shape (samples,).
        features: of the records, label included, shape (samples, width).
        members: the truth, by which non-members are taken for fitting, shape (samples,).
        seed: of folds and boosting.
        folds: two at least.

    Returns:
        Shape (samples,), higher is more like a member.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        InputError: there are too few non-members.
    """
    if (missing := missing_import("sklearn")) is not None:
        raise MissingExtraError("sklearn", missing)
    scores, truth = np.asarray(phi, dtype=np.float64), np.asarray(members, dtype=bool)
    x = np.asarray(features, dtype=np.float64).reshape(len(scores), -1)
    if int((~truth).sum()) < _LEAST:
        raise InputError(
            f"{int((~truth).sum())} non-members are too few to learn from", remedy=f"give {_LEAST} or more"
        )
    parts = np.random.default_rng([seed, 13]).permutation(len(scores)) % folds
    found = np.empty(len(scores))
    for fold in range(folds):
        held, public = parts == fold, (parts != fold) & ~truth
        middle, high = (_fitted(x[public], scores[public], level, seed).predict(x[held]) for level in QUANTILES)
        found[held] = (scores[held] - middle) / np.maximum(high - middle, _floor(scores[public]))
    return found


def _fitted(x: NDArray[np.float64], phi: NDArray[np.float64], level: float, seed: int) -> Any:  # noqa: ANN401 -- scikit-learn's
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        loss="quantile", quantile=level, max_iter=80, max_leaf_nodes=15, min_samples_leaf=20, random_state=seed
    ).fit(x, phi)


def _floor(phi: NDArray[np.float64]) -> float:
    """A tenth of the spread of all non-members, so that crossing quantiles do not blow a score up."""
    low, high = np.quantile(phi, QUANTILES)
    return max(_NARROW, 0.1 * float(high - low))
