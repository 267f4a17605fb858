"""How sure a model is of what, on rows that it has not seen: a temperature, and conformal scores of each class.

Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017, section 4.2; Sadinle, Lei and Wasserman, Least
Ambiguous Set-Valued Classifiers, JASA 114 (2019); Vovk, Conditional validity of inductive conformal predictors (2012).
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, InputError
from redan.guards.conformal import Calibration
from redan.guards.scores import shares

KEPT: Final = 999  # scores of a class in the file; of more, a part that never makes a set too small
_SMALLEST: Final = 1e-12
_TEMPERATURES: Final = (0.05, 20.0)


def class_codes(labels: NDArray[np.str_], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """The place of each label among the classes.

    Raises:
        InputError: a label is none of them.
    """
    place = {name: k for k, name in enumerate(classes)}
    unknown = sorted({str(one) for one in np.unique(labels)} - place.keys())
    if unknown:
        raise InputError(
            f"there are {len(unknown):,} labels that are none of the model's {len(classes):,} classes",
            remedy="name the classes in the order of the model's numbers: --class",
        )
    return np.array([place[str(one)] for one in labels], dtype=np.int64)


def classes_of(labels: NDArray[np.str_], count: int, named: tuple[str, ...]) -> tuple[str, ...]:
    """The classes in the order of the model's numbers.

    Args:
        labels: of all rows.
        count: of the model's classes.
        named: by the caller; empty where the order is that of the labels, numbers by their size and texts by their
            letters, as scikit-learn has it.

    Raises:
        InputError: there are more or fewer.
    """
    if named:
        if len(set(named)) != count or len(named) != count:
            raise InputError(f"{len(named):,} classes are named, and the model has {count:,}", remedy="name each once")
        return named
    found = [str(one) for one in np.unique(labels)]
    if all(one.isdigit() for one in found) and all(int(one) < count for one in found):
        return tuple(str(k) for k in range(count))
    try:
        found.sort(key=float)
    except ValueError:
        found.sort()
    if len(found) != count:
        raise InputError(
            f"there are {len(found):,} classes of labels, and the model has {count:,}",
            remedy="name the classes in the order of the model's numbers: --class",
        )
    return tuple(found)


def temperature_of(given: NDArray[np.float64], codes: NDArray[np.int64]) -> float:
    """The temperature at which the right classes are likeliest.

    Args:
        given: probabilities, shape (n, classes).
        codes: right classes, shape (n,).
    """
    from scipy.optimize import minimize_scalar

    logs, places = np.log(np.clip(given, _SMALLEST, 1.0)), np.arange(len(codes))

    def loss(power: float) -> float:
        scaled = logs / math.exp(power)
        top = scaled.max(axis=1, keepdims=True)
        whole = top[:, 0] + np.log(np.exp(scaled - top).sum(axis=1))
        return float((whole - scaled[places, codes]).mean())

    low, high = (math.log(one) for one in _TEMPERATURES)
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-4})
    return float(math.exp(found.x)) if found.fun < loss(0.0) else 1.0


def likelihood(given: NDArray[np.float64], codes: NDArray[np.int64]) -> float:
    """The mean negative logarithm of the right class's probability."""
    return float(-np.log(np.clip(given[np.arange(len(codes)), codes], _SMALLEST, 1.0)).mean())


def looks_like_logits(scores: NDArray[Any]) -> bool:
    """Whether the numbers of many rows are no probabilities."""
    return not shares(scores)


def calibrated(scores: NDArray[np.float64], codes: NDArray[np.int64], held: Calibration) -> Calibration:
    """The calibration with the conformal scores of some rows.

    Args:
        scores: of the model, shape (n, classes).
        codes: right classes, shape (n,).
        held: with its temperature.
    """
    shown = held.calibrated(scores)
    found = tuple(thinned(np.sort(np.clip(1.0 - shown[codes == k, k], 0.0, 1.0))) for k in range(shown.shape[1]))
    return held._replace(scores=found)


def thinned(scores: NDArray[np.float64], most: int = KEPT) -> NDArray[np.float64]:
    """Fewer scores that give p-values at least as large, so that sets keep their coverage.

    Of n scores in rising order the m kept ones have the ranks ceil(j (n + 1) / (m + 1)). Between two of them at most
    n - rank(j) scores lie above, so that (m - j + 1) / (m + 1) is no less than the p-value of all.

    Args:
        scores: rising.
        most: that are kept.
    """
    n = len(scores)
    if n <= most:
        return scores
    ranks = [-(-j * (n + 1) // (most + 1)) for j in range(1, most + 1)]
    return np.asarray(scores[np.array(ranks) - 1])


def enough(codes: NDArray[np.int64], classes: tuple[str, ...], coverage: float) -> None:
    """Accepts rows of which each class has enough for a coverage, or raises.

    Raises:
        IncompleteError: a class has too few: its rows could not be left out of any set.
    """
    least = math.ceil(1 / (1 - coverage) - 1e-9) - 1
    counts = np.bincount(codes, minlength=len(classes))
    few = int(np.argmin(counts))
    if counts[few] < least:
        raise IncompleteError(
            f"a coverage of {coverage:g} takes {least:,} calibration rows of each class, and one has {counts[few]:,}",
            remedy="give more calibration rows, or a lower --coverage",
        )
