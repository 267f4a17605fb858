"""Maximum mean discrepancy: do two sets of rows have the same distribution, seen through a Gaussian kernel?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.measures.drift.witness import Witness, judged

MOST_ROWS = 2_000
SCALES = (0.5, 1.0, 2.0)  # of the median distance: fine, middle and coarse structure
PERMUTATIONS = 199


@dataclass(frozen=True, slots=True, kw_only=True)
class Mmd:
    """A kernel two-sample test.

    Args:
        value: squared discrepancy, unbiased, so about zero when nothing changed and then often below.
        p: chance of such a value or a larger one when nothing changed.
        n_reference: rows of the reference that were used.
        n: rows of now.
    """

    value: float
    p: float
    n_reference: int
    n: int


def mmd(reference: ArrayLike, current: ArrayLike, *, rng: np.random.Generator) -> Mmd:
    """The kernel two-sample test with the unbiased statistic and p-values by permutation.

    Every column is first put on the ranks of the reference, so that one row of a million cannot set the width of the
    kernel and blind it.

    Source: Gretton, Borgwardt, Rasch, Schölkopf and Smola, A Kernel Two-Sample Test, JMLR 13 (2012), Lemma 6.

    Args:
        reference: shape (n, d), or (n,) for one column; at most 2,000 rows are drawn.
        current: shape (m, d), likewise.
        rng: of the sample and the permutations.

    Returns:
        p 1 when a side has fewer than two rows.

    Raises:
        ValueError: the two have different columns.
    """
    left, right = _drawn(reference, rng), _drawn(current, rng)
    if left.shape[1:] != right.shape[1:]:
        raise ValueError("needs the same columns on both sides")
    n, m = len(left), len(right)
    if min(n, m) < 2:  # noqa: PLR2004 - a pair needs two
        return Mmd(value=0.0, p=1.0, n_reference=n, n=m)
    rows = np.concatenate(_ranked(left, right))
    kernel = _kernel(rows, rows, _widths(rows[:n]))
    np.fill_diagonal(kernel, 0.0)
    signs = np.zeros((n + m, PERMUTATIONS + 1))
    signs[:n, 0] = 1.0
    for i in range(1, PERMUTATIONS + 1):
        signs[rng.permutation(n + m)[:n], i] = 1.0
    found = _unbiased(kernel, signs, n, m)
    reached = np.count_nonzero(found[1:] >= found[0] - 1e-12)
    return Mmd(value=float(found[0]), p=(reached + 1) / (PERMUTATIONS + 1), n_reference=n, n=m)


def kernel_witness(
    learn: tuple[NDArray[np.float32], NDArray[np.float32]],
    judge: tuple[NDArray[np.float32], NDArray[np.float32]],
    level: float,
) -> Witness:
    """The region in which the kernel sees more current than reference rows, judged on other rows.

    Source: the witness function of Gretton et al. (2012), section 2.3.

    Args:
        learn: reference and current rows, shapes (n, d) and (m, d), on one scale.
        judge: other rows of both.
        level: chance that the bound lies above the truth.
    """
    a, b = (rows[:MOST_ROWS] for rows in learn)
    widths = _widths(a)

    def witness(rows: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(_kernel(rows, b, widths).mean(axis=1) - _kernel(rows, a, widths).mean(axis=1))

    own_a, own_b = witness(a) + len(widths) / len(a), witness(b) - len(widths) / len(b)  # a row is no witness of itself
    cut = _best_cut(own_a, own_b)
    return judged(witness(judge[0]) > cut, witness(judge[1]) > cut, level)


def _best_cut(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Above which value the share of `b` exceeds that of `a` the most."""
    cuts = np.unique(np.concatenate([a, b]))
    above_a = 1 - np.searchsorted(np.sort(a), cuts, side="right") / len(a)
    above_b = 1 - np.searchsorted(np.sort(b), cuts, side="right") / len(b)
    return float(cuts[np.argmax(above_b - above_a)])


def _drawn(values: ArrayLike, rng: np.random.Generator) -> NDArray[np.float64]:
    rows = np.asarray(values, dtype=np.float64)
    rows = rows.reshape(len(rows), math.prod(rows.shape[1:]))
    return rows if len(rows) <= MOST_ROWS else rows[np.sort(rng.choice(len(rows), MOST_ROWS, replace=False))]


def _ranked(left: NDArray[np.float64], right: NDArray[np.float64]) -> list[NDArray[np.float32]]:
    """Ranks among the reference, midway where values repeat; missing values lie in the middle."""
    found = [np.full(side.shape, 0.5, dtype=np.float32) for side in (left, right)]
    for j in range(left.shape[1]):
        known = np.sort(left[~np.isnan(left[:, j]), j])
        if not len(known):
            continue
        for side, ranks in zip((left, right), found, strict=True):
            present = ~np.isnan(side[:, j])
            low, high = (np.searchsorted(known, side[present, j], side=s) for s in ("left", "right"))
            ranks[present, j] = (low + high) / (2 * len(known))
    return found


def _widths(rows: NDArray[np.float32]) -> tuple[float, ...]:
    some = rows[: MOST_ROWS // 4].astype(np.float64)
    distances = _squared(some, some)[np.triu_indices(len(some), 1)]
    median = float(np.median(distances[distances > 0])) if (distances > 0).any() else 1.0
    return tuple(median * scale**2 for scale in SCALES)


def _kernel(a: NDArray[np.float32], b: NDArray[np.float32], widths: tuple[float, ...]) -> NDArray[np.float64]:
    distances = _squared(a.astype(np.float64), b.astype(np.float64))
    found = np.zeros_like(distances)
    for width in widths:
        found += np.exp(distances / -width)
    return found


def _squared(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2 * a @ b.T
    return np.maximum(found, 0.0)


def _unbiased(kernel: NDArray[np.float64], signs: NDArray[np.float64], n: int, m: int) -> NDArray[np.float64]:
    """The statistic of each split: `signs` is 1 for rows of the first sample; the kernel's diagonal is zero."""
    first = kernel @ signs
    inside = (signs * first).sum(axis=0)
    across = ((1 - signs) * first).sum(axis=0)
    outside = kernel.sum() - inside - 2 * across
    return np.asarray(inside / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * across / (n * m))
