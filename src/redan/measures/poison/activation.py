"""Classes whose activations fall into two groups of which the smaller looks like other classes.

Source: Chen et al., Detecting Backdoor Attacks on Deep Neural Networks by Activation Clustering, 2018. There, a group
is told by its size or silhouette alone, which accuses clean classes that have two shapes. Here two things must come
together: the groups are further apart than two halves of one normal cloud (the null is simulated), and the inputs of
the smaller group look like other classes to a forest that did not see it (section 3.3 there, with an interval). With
two classes only, a shape of its own cannot be told from the other class, and nothing is called poisoned.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import IncompleteError, MissingExtraError
from redan.measures.poison.resemblance import Resemblance, looks_like_others
from redan.measures.poison.spectral import LEAST_ROWS, activation_rows, projections
from redan.measures.poison.views import one_thread

DIRECTIONS = 10  # independent components in the paper; principal ones do, and need no iteration
MOST = 0.5
ALPHA = 0.01
_NULLS = 199
_STARTS = 4
_HIDDEN = 32
_EPOCHS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationGroups:
    """One class.

    Args:
        label: of the class, as text.
        smaller: shape (k,), indices of the rows of the smaller group.
        share: of the class.
        p: chance that one normal cloud falls apart as far.
        resemblance: of the smaller group to other classes; None without inputs, or where it cannot be told.
        poisoned: both say so; False without inputs, for groups alone are no poison.
    """

    label: str
    smaller: NDArray[np.int64]
    share: float
    p: float
    resemblance: Resemblance | None
    poisoned: bool


def activation_groups(
    activations: ArrayLike,
    labels: ArrayLike,
    *,
    inputs: ArrayLike | None = None,
    rng: np.random.Generator,
    alpha: float = ALPHA,
) -> tuple[ActivationGroups, ...]:
    """Splits each class in two by its activations.

    Args:
        activations: shape (n, ...), of the last hidden layer as a rule.
        labels: shape (n,), the labels trained on.
        inputs: shape (n, ...), what the model read; without it nothing can be called poisoned.
        rng: of starts, null clouds and forests.
        alpha: chance that any clean class is called two groups, over all classes (Bonferroni).

    Returns:
        One per class of twenty rows or more, in order of label.

    Raises:
        IncompleteError: no class has twenty rows.
        InputError: shapes disagree, or a number is not finite.
        MissingExtraError: scikit-learn is not installed.
    """
    whole, y = activation_rows(activations, labels)
    kept = [str(label) for label in np.unique(y) if (y == label).sum() >= LEAST_ROWS]
    if not kept:
        raise IncompleteError(f"no class has {LEAST_ROWS} rows", remedy="give more rows")
    level = alpha / len(kept)
    with one_thread():
        return tuple(_of_class(whole, y, label, inputs, level=level, rng=rng) for label in kept)


def small_model_activations(x: ArrayLike, y: ArrayLike, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Activations of the hidden layer of a small network that is trained on the rows, for data without a model.

    Args:
        x: shape (n, ...), numbers; flattened and scaled by column, NaN as the column's mean.
        y: shape (n,), labels.
        rng: of the weights.

    Returns:
        Shape (n, 32).

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.neural_network import MLPClassifier
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    from warnings import catch_warnings, simplefilter

    scaled = _scaled(np.asarray(x, dtype=np.float64).reshape(len(np.asarray(y)), -1))
    net = MLPClassifier(
        hidden_layer_sizes=(_HIDDEN,), max_iter=_EPOCHS, random_state=int(rng.integers(2**31 - 1)), alpha=1e-4
    )
    with one_thread(), catch_warnings():
        simplefilter("ignore")  # not converged is far enough: what a trigger does is learnt first
        net.fit(scaled, np.array([str(v) for v in np.asarray(y).reshape(-1).tolist()]))
    found: NDArray[np.float64] = np.maximum(scaled @ net.coefs_[0] + net.intercepts_[0], 0.0)
    return found


def _scaled(x: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = np.where(np.isfinite(x), x, np.nan)
    count = np.maximum((~np.isnan(finite)).sum(axis=0), 1)
    middle = np.nansum(finite, axis=0) / count
    centred = np.where(np.isnan(finite), 0.0, finite - middle)
    return np.asarray(centred / np.maximum(np.sqrt((centred**2).mean(axis=0)), 1e-9))


def _of_class(
    whole: NDArray[np.float64],
    y: NDArray[np.str_],
    label: str,
    inputs: ArrayLike | None,
    *,
    level: float,
    rng: np.random.Generator,
) -> ActivationGroups:
    rows = np.flatnonzero(y == label)
    cloud = projections(whole[rows], min(DIRECTIONS, whole.shape[1], len(rows) - 1))
    group, left = _two(cloud, rng)
    spread = cloud.std(axis=0)
    nulls = [_two(rng.normal(0.0, 1.0, cloud.shape) * spread, rng)[1] for _ in range(_NULLS)]
    # A normal fit to the simulated indices reaches the small levels that a few simulations cannot.
    from scipy.special import ndtr

    p = float(ndtr((left - np.mean(nulls)) / max(float(np.std(nulls, ddof=1)), 1e-12)))
    smaller = rows[group]
    like = None
    if inputs is not None:
        mask = np.zeros(len(y), dtype=bool)
        mask[smaller] = True
        try:
            like = looks_like_others(inputs, y, mask, rng=rng)
        except IncompleteError:
            like = None
    several = len(np.unique(y)) > 2  # noqa: PLR2004 -- with two, unsure and other are the same
    poisoned = several and like is not None and p <= level and like.interval.low > MOST
    return ActivationGroups(
        label=label, smaller=smaller, share=len(smaller) / len(rows), p=p, resemblance=like, poisoned=poisoned
    )


def _two(cloud: NDArray[np.float64], rng: np.random.Generator) -> tuple[NDArray[np.bool_], float]:
    """The smaller of two groups by k-means, and the share of the variance that is left within the groups.

    Source: the cluster index of Liu et al., SigClust, Journal of the American Statistical Association 103 (2008).
    """
    total = float(((cloud - cloud.mean(axis=0)) ** 2).sum())
    best, least = np.zeros(len(cloud), dtype=bool), np.inf
    for _ in range(_STARTS):
        group, within = _split(cloud, rng)
        if within < least:
            best, least = group, within
    best = ~best if best.sum() > len(best) / 2 else best
    return best, min(least, total) / total if total > 0 else 1.0


def _split(cloud: NDArray[np.float64], rng: np.random.Generator) -> tuple[NDArray[np.bool_], float]:
    first = cloud[rng.integers(len(cloud))]
    away = ((cloud - first) ** 2).sum(axis=1)
    second = cloud[rng.choice(len(cloud), p=away / away.sum())] if away.sum() > 0 else first
    group = np.zeros(len(cloud), dtype=bool)
    for _ in range(50):
        found = ((cloud - second) ** 2).sum(axis=1) < ((cloud - first) ** 2).sum(axis=1)
        if not found.any() or found.all() or (found == group).all():
            break
        group = found
        first, second = cloud[~group].mean(axis=0), cloud[group].mean(axis=0)
    within = sum(float(((part - part.mean(axis=0)) ** 2).sum()) for part in (cloud[group], cloud[~group]) if len(part))
    return group, within
