"""The least value of a smooth function, by L-BFGS."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def least(
    loss: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]], start: NDArray[np.float64], steps: int
) -> NDArray[np.float64]:
    """Where a function is least, near where the search begins.

    Source: Byrd, Lu, Nocedal and Zhu, SIAM Journal on Scientific Computing 16 (1995).

    Args:
        loss: value and slope at a point of shape (n,).
        start: shape (n,).
        steps: at most.
    """
    from scipy.optimize import minimize

    options: Any = {"maxiter": steps, "maxfun": 2 * steps, "ftol": 1e-13, "gtol": 1e-9}
    searched: Any = minimize
    found = searched(loss, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x, dtype=np.float64)
