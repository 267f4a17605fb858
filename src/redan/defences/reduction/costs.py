"""What a reduction costs, and what it saves: accuracy on the same records, agreement, numbers and bytes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval
from redan.stats.paired import paired_shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Labels of two models on the same records.

    Args:
        before: accuracy of the model before.
        after: of the reduced one.
        loss: before minus after.
        interval: of the loss, from pairs (Tango).
        fidelity: share of records on which both give one label.
        agree: its exact interval.
        n: records; they should be none that either was trained on.
    """

    before: float
    after: float
    loss: float
    interval: Interval
    fidelity: float
    agree: Interval
    n: int


def cost(before: NDArray[Any], after: NDArray[Any], labels: NDArray[Any], *, confidence: float = 0.95) -> Cost:
    """The cost of a reduction.

    Args:
        before: labels of the model before, shape (n,).
        after: of the reduced one.
        labels: the true ones.
        confidence: of the intervals.

    Raises:
        InputError: shapes differ, or there is nothing.
    """
    one, two, truth = np.asarray(before), np.asarray(after), np.asarray(labels)
    if not one.shape == two.shape == truth.shape or one.ndim != 1 or not len(one):
        raise InputError(f"labels of shapes {one.shape}, {two.shape} and {truth.shape} do not fit")
    first, second, same = one == truth, two == truth, int((one == two).sum())
    n = len(one)
    alone, other = int((first & ~second).sum()), int((second & ~first).sum())
    return Cost(
        before=float(first.mean()),
        after=float(second.mean()),
        loss=(alone - other) / n,
        interval=paired_shares(alone, other, n, confidence),
        fidelity=same / n,
        agree=clopper_pearson(same, n, confidence),
        n=n,
    )
