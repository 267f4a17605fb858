"""Population stability index over frozen bins, with what it comes to when nothing changed.

0.1 and 0.25 are folklore: at 100 rows chance alone exceeds 0.1 in 85 of 100 cases, at 10,000 rows never.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.measures.drift.bins import Counts, coarser, joined
from redan.measures.drift.pairs import pair_of
from redan.stats.two_sample import draws_of

TENTH = 0.095  # of the reference in a bin: deciles, where quantiles fall on rows
DRAWS = 2_000
LEAST = 0.5  # rows that stand for an empty bin, so that one empty bin is no infinite shift
_KEPT = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Psi:
    """The index and its measure.

    Args:
        value: the index; 0 when the shares are equal.
        expected: its mean when nothing changed, for these numbers of rows and bins.
        critical: what it exceeds in 5 of 100 cases when nothing changed.
        p: chance of such an index or a larger one when nothing changed.
        bins: how many.
        n_reference: rows of the reference.
        n: rows now.
    """

    value: float
    expected: float
    critical: float
    p: float
    bins: int
    n_reference: int
    n: int


def psi(reference: object, current: object, *, column: str | None = None, seed: int = 0) -> Psi:
    """How far a feature moved, over tenths of the reference with open ends.

    Source: Yurdakul, Statistical Properties of Population Stability Index, Western Michigan University 2018;
    Potgieter, van Zyl, Schutte and Lombard, arXiv 2307.11878 (2023), on its null distribution.

    Args:
        reference: values of one feature, shape (n,), or a table together with `column`.
        current: likewise.
        column: of both tables.
        seed: of the draws that tell what chance does.

    Returns:
        Zero, with p 1, when a sample has no row.

    Raises:
        InputError: there is no such column.
    """
    _, a, b = pair_of(reference, current, column, seed)
    return psi_of_counts(a, b, np.random.default_rng(seed))


def psi_of_counts(reference: Counts, current: Counts, rng: np.random.Generator, *, ordered: bool = True) -> Psi:
    """The same from counts over frozen bins, the first of which is for missing values."""
    a, b = tenths(reference, current) if ordered else (reference, current)
    filled = (a + b) > 0
    a, b = a[filled], b[filled]
    n, m = int(a.sum()), int(b.sum())
    if not n or not m:
        return Psi(value=0.0, expected=0.0, critical=0.0, p=1.0, bins=len(a), n_reference=n, n=m)
    value = float(_index(a[None, :], b[None, :])[0])
    both = a + b
    drawn = draws_of(both, m, DRAWS, rng)
    null = _index(both - drawn, drawn)
    return Psi(
        value=value,
        expected=(len(a) - 1) * (1 / n + 1 / m),
        critical=float(np.quantile(null, _KEPT)),
        p=float((np.count_nonzero(null >= value * (1 - 1e-12)) + 1) / (DRAWS + 1)),
        bins=len(a),
        n_reference=n,
        n=m,
    )


def psi_value(reference: ArrayLike, current: ArrayLike) -> float:
    """The index of two sets of counts over the same bins as they are; 0 when one of them is empty."""
    a, b = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    filled = (a + b) > 0
    return float(_index(a[None, filled], b[None, filled])[0]) if a.sum() and b.sum() else 0.0


def tenths(reference: Counts, current: Counts) -> tuple[Counts, Counts]:
    """Both sets of counts over neighbouring bins joined to tenths of the reference."""
    to = coarser(reference, TENTH)
    return joined(reference, to), joined(current, to)


def _index(a: NDArray[np.generic], b: NDArray[np.generic]) -> NDArray[np.float64]:
    p, q = (np.maximum(c, LEAST) / c.sum(axis=1, keepdims=True) for c in (a, b))
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=1))
