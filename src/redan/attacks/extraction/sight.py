"""What answers show of logits: of which classes, and how far off each may be where digits were taken from answers.

A probability that was rounded is known to half a unit of its last decimal, so its logarithm is the less sure the
smaller it is; one that was rounded to nothing has none.

Source: Tramèr et al., Stealing Machine Learning Models via Prediction APIs, USENIX Security 2016 (arXiv 1609.02943),
section 7 (rounding).
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.oracle import Oracle

_TINY = float(np.finfo(np.float32).tiny)
_SINGLE, _DOUBLE = 2.0**-23, 2.0**-50  # by which a rounded number is off, beside itself
_NOISE = 2e-6  # of single precision, beside the largest logit
_MOST = 12
_FEW = 16
_CLEAR = 4  # times what a number may be off, for a unit to be more
_SEEN = 10  # units of the last decimal that a probability has to have
_TWO = 2


def decimals(y: NDArray[np.float64]) -> int | None:
    """Decimals that answers seem to keep, whoever rounded them; 0 for labels, None where they are not rounded.

    Args:
        y: shape (n, classes).
    """
    first = 0 if len(y) <= _FEW else decimals(y[:_FEW])  # a few rows that are whole settle it
    if first is None:
        return None
    single = bool((y == y.astype(np.float32)).all())
    off = (_SINGLE if single else _DOUBLE) * np.abs(y)
    for kept in range(first, _MOST):
        unit = 10.0**-kept
        if unit < _CLEAR * float(off.max(initial=0.0)):  # every number of so few digits looks rounded
            return None
        if bool((np.abs(y - np.round(y, kept)) <= off).all()):
            return kept
    return None


def kept_of(oracle: Oracle) -> int | None:
    """Decimals of all answers so far; None where they are whole: of every class, and not rounded.

    Raises:
        InputError: there are none.
    """
    kept = decimals(oracle.answers)
    return _MOST if kept is None and not oracle.shown.exact else kept


def probable(y: NDArray[np.float64]) -> bool:
    """Whether each row is one of probabilities of every class, none of them rounded.

    Args:
        y: shape (n, classes).
    """
    return bool((y >= 0).all() and np.allclose(y.sum(axis=1), 1.0, atol=1e-3))


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """Classes whose logits can be told from some answers, the first of them what the others are measured from.

    Args:
        classes: their places, two at least.
        half: of a unit of the last decimal; 0 for answers that are not rounded.
        logs: whether answers are probabilities, whose logarithms are logits.
    """

    classes: NDArray[np.int64]
    half: float
    logs: bool

    @classmethod
    def of(cls, y: NDArray[np.float64], kept: int | None) -> Self | None:
        """What some answers show together; None where fewer than two classes are seen in all of them.

        Args:
            y: shape (n, classes).
            kept: their decimals; None for answers that are not rounded.
        """
        if kept is None:
            return cls(np.arange(y.shape[1]), 0.0, probable(y))
        if not are_shares(y):
            return cls(np.arange(y.shape[1]), 0.5 * 10.0**-kept, logs=False)
        least = y.min(axis=0)
        order = np.argsort(-least, kind="stable")
        seen = order[least[order] >= _SEEN * 10.0**-kept]
        return cls(seen, 0.5 * 10.0**-kept, logs=True) if len(seen) >= _TWO else None

    def logits(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Less that of the first class; shape (n, classes that are seen)."""
        values = np.log(np.maximum(y, _TINY))[:, self.classes] if self.logs else y[:, self.classes]
        return np.asarray(values - values[:, :1])

    def off(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """By how much rounding may have moved the logits of each row, shape (n,)."""
        if not self.logs:
            return np.full(len(y), 2 * self.half)
        own = np.maximum(y[:, self.classes], _TINY)
        return np.asarray(self.half / own.min(axis=1) + self.half / own[:, 0])

    def floor(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bends below this are noise or rounding, at each row and its neighbours; shape (n,)."""
        off = np.pad(self.off(y), 1, mode="edge")
        wide = 4 * math.sqrt(len(self.classes))
        single = _NOISE * max(float(np.abs(self.logits(y)).max()), 1e-12)
        return np.asarray(wide * np.maximum(single, np.maximum(off[1:-1], np.maximum(off[:-2], off[2:]))))


def window(y: NDArray[np.float64], kept: int | None) -> slice:
    """The part of a line on which the two classes are seen that compete the most somewhere on it.

    Args:
        y: answers along the line, shape (n, classes).
        kept: their decimals; None for answers that are not rounded, which show all of it.
    """
    if kept is None or not are_shares(y):
        return slice(0, len(y))
    order = np.argsort(-y, axis=1, kind="stable")
    best = int(np.take_along_axis(y, order[:, 1:_TWO], axis=1)[:, 0].argmax())
    dark = np.flatnonzero((y[:, order[best, :_TWO]] < _SEEN * 10.0**-kept).any(axis=1))
    if best in dark:
        return slice(0, 0)
    after = int(np.searchsorted(dark, best))
    return slice(int(dark[after - 1]) + 1 if after else 0, int(dark[after]) if after < len(dark) else len(y))


def are_shares(y: NDArray[np.float64]) -> bool:
    """Whether answers may be probabilities that were rounded, or some of them left out.

    Args:
        y: shape (n, classes).
    """
    return not bool((y < 0).any() or (y > 1).any())
