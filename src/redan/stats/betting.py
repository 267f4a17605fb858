"""Bets on a bounded mean: evidence that it is above a bound, which may be looked at after every batch.

Source: Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, Journal of the Royal
Statistical Society B 86 (2024), sections 4 and B: capital processes, bets by the approximate growth rate (aGRAPA).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

_PRIOR = 1.0  # made-up observations at the bound, so that the first bets are small
_CAP = 0.5  # of the largest bet that cannot lose everything
_LARGEST = 700.0  # exp of more overflows


class Bet(NamedTuple):
    """Evidence against "the mean of each value, given those before it, is at most `bound`".

    The bet on a batch is chosen before it is seen, from the batches before; so the capital is an e-value at any time.

    Args:
        bound: in (0, 1), of values in [0, 1].
        log: of the capital.
        n: values seen.
        total: their sum.
        squares: sum of their squares.
    """

    bound: float
    log: float = 0.0
    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def value(self) -> float:
        """The capital: an e-value; above 1 / alpha, the bound is refuted at level alpha, whenever one looks."""
        return math.exp(min(self.log, _LARGEST))

    @property
    def mean(self) -> float | None:
        """Of what was seen; None before anything was."""
        return self.total / self.n if self.n else None

    def after(self, values: ArrayLike) -> "Bet":
        """The evidence after one more batch.

        Args:
            values: shape (n,), each in [0, 1].

        Raises:
            ValueError: a value is outside, or not a number.
        """
        x = np.asarray(values, dtype=np.float64).ravel()
        if x.size and not (x.min() >= 0.0 and x.max() <= 1.0):
            raise ValueError("values of a bet lie in [0, 1]")
        gained = float(np.log1p(self._stake * (x - self.bound)).sum())
        total, squares = self.total + float(x.sum()), self.squares + float((x * x).sum())
        return Bet(self.bound, self.log + gained, self.n + x.size, total, squares)

    @property
    def _stake(self) -> float:
        mean = (self.total + _PRIOR * self.bound) / (self.n + _PRIOR)
        spread = (self.squares + _PRIOR * (self.bound**2 + 0.25)) / (self.n + _PRIOR) - mean**2
        gap = mean - self.bound
        return min(max(gap / (max(spread, 1e-12) + gap * gap), 0.0), _CAP / self.bound)
