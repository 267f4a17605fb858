"""E-values: evidence that may be looked at after every batch, for as long as one likes, without more false alarms.

An e-value is a non-negative number whose mean is at most one when nothing is wrong. Products over time and means over
columns are e-values again, so one threshold, 1 / alpha, bounds the chance of any false alarm at any time (Ville).

Source: Ramdas, Grünwald, Vovk and Shafer, Game-Theoretic Statistics and Safe Anytime-Valid Inference, Statistical
Science 38 (2023).
"""

import math
from typing import NamedTuple

import numpy as np

STEPS = (0.05, 0.1, 0.2, 0.4, 0.7)  # alternatives, as parts of the way from the tolerated share to one
_LARGEST = 700.0  # exp of more overflows


def share_above(hits: int, rows: int, share: float) -> float:
    """An e-value for "a row is a hit with a chance of `share` at most": a mean of likelihood ratios.

    Source: the method of mixtures; Robbins, Annals of Mathematical Statistics 41 (1970), 1397-1409.

    Args:
        hits: of the batch.
        rows: of the batch, independent given what came before.
        share: fixed before the batch was seen, in [0, 1].

    Returns:
        1 for an empty batch, or where every share is tolerated.

    Raises:
        ValueError: not 0 <= hits <= rows, or the share is not in [0, 1].
    """
    if not 0 <= hits <= rows or not 0.0 <= share <= 1.0:
        raise ValueError("needs 0 <= hits <= rows and a share between 0 and 1")
    if not rows or share >= 1.0:
        return 1.0
    if share == 0.0:  # one hit refutes it
        return math.exp(_LARGEST) if hits else 1.0
    larger = share + (1 - share) * np.array(STEPS)
    logs = hits * np.log(larger / share) + (rows - hits) * np.log((1 - larger) / (1 - share))
    top = float(logs.max())
    return math.exp(min(top + math.log(float(np.exp(logs - top).mean())), _LARGEST))


class Process(NamedTuple):
    """Evidence that gathers over batches, for a fault that may begin at any of them.

    A product over all batches since the first forgets nothing and so wakes up late. This is a mean of products, one for
    each batch at which the fault may begin, with weights 1 / (k (k + 1)), and starts from one.

    Source: Shin, Ramdas and Rinaldo, E-detectors, New England Journal of Statistics in Data Science 2 (2024), whose sum
    over starting times is here a mean, which bounds the chance of any false alarm instead of how often they come.

    Args:
        begun: the part that is in products already.
        batches: seen so far.
    """

    begun: float = 0.0
    batches: int = 0

    @property
    def value(self) -> float:
        """The evidence now: an e-value at any time."""
        return self.begun + 1.0 / (self.batches + 1)

    def after(self, e_value: float) -> "Process":
        """The process after one more batch.

        Args:
            e_value: of the batch, given all before it.
        """
        batch = self.batches + 1
        return Process(min((self.begun + 1.0 / (batch * (batch + 1))) * e_value, math.exp(_LARGEST)), batch)
