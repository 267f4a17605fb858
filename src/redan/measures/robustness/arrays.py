"""Reads what measures of robustness are given: one flag or one class per sample."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import InputError


def flags(values: ArrayLike, what: str, n: int | None = None) -> NDArray[np.bool_]:
    """One flag per sample, shape (n,).

    Args:
        values: booleans, or zeros and ones.
        what: how an error names them.
        n: how many there must be.

    Raises:
        InputError: they are no flags, or not one for each sample.
    """
    found = one_each(values, what, n)
    if found.dtype != np.bool_ and not (found.dtype.kind in "iuf" and np.isin(found, (0, 1)).all()):
        raise InputError(f"{what} are no flags", remedy="give one true or false for each sample")
    return found.astype(np.bool_)


def one_each(values: ArrayLike, what: str, n: int | None = None) -> NDArray[Any]:
    """One value per sample, shape (n,).

    Raises:
        InputError: they have another shape, or there are more or fewer of them.
    """
    found = np.asarray(values)
    if found.ndim != 1 or (n is not None and len(found) != n):
        wanted = "a list" if n is None else f"{n:,}"
        raise InputError(f"{what} have shape {found.shape} instead of {wanted}", remedy="give one for each sample")
    return found
