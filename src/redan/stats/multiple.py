"""Many tests at once: p-values corrected so that the chance of any, or the share of false alarms stays bounded."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values that bound the chance of one false alarm or more, whatever the dependence.

    Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6 (1979).

    Args:
        p_values: shape (m,), each in [0, 1].

    Returns:
        Shape (m,), in the given order; reject where at most alpha. Empty for no test.

    Raises:
        ValueError: a p-value is not in [0, 1].
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    found = np.empty(len(p))
    found[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return found


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values that bound the expected share of false alarms among all alarms, for independent tests.

    Source: Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995), 289-300.

    Args:
        p_values: shape (m,), each in [0, 1].

    Returns:
        Shape (m,), in the given order; reject where at most the wanted share. Empty for no test.

    Raises:
        ValueError: a p-value is not in [0, 1].
    """
    p = _checked(p_values)
    count = len(p)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * count / np.arange(1, count + 1)
    found = np.empty(count)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found


def _checked(p_values: ArrayLike) -> NDArray[np.float64]:
    p = np.asarray(p_values, dtype=np.float64).reshape(-1)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values lie between 0 and 1")
    return p
