"""Which attack broke which sample, and what the suite would miss without it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.measures.robustness.arrays import flags

NOBODY = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakers:
    """Who broke what, in the order in which attacks were tried.

    Args:
        names: of the attacks, in that order.
        first: shape (n,), which of them broke a sample first; -1 for none.
        counts: samples that each broke first.
        alone: samples that it broke and no other attack did; attacks that never tried a sample did not break it.
    """

    names: tuple[str, ...]
    first: NDArray[np.int64]
    counts: tuple[int, ...]
    alone: tuple[int, ...]


def first_breakers(broken: Mapping[str, ArrayLike]) -> Breakers:
    """The first attack that broke each sample.

    Args:
        broken: by attack, in the order in which they ran: shape (n,), where the judge found it successful.

    Raises:
        InputError: these are no flags, or not of one length.
    """
    names = tuple(broken)
    rows: list[NDArray[np.bool_]] = []
    for name in names:
        rows.append(flags(broken[name], name, len(rows[0]) if rows else None))
    if not rows:
        return Breakers(names=(), first=np.empty(0, dtype=np.int64), counts=(), alone=())
    table = np.stack(rows)
    first = np.where(table.any(axis=0), table.argmax(axis=0), NOBODY)
    single = table.sum(axis=0) == 1
    return Breakers(
        names=names,
        first=first,
        counts=tuple(int((first == place).sum()) for place in range(len(names))),
        alone=tuple(int((row & single).sum()) for row in table),
    )
