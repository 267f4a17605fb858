"""Queries beyond the tail of the training data, as extraction by synthetic inputs asks them.

Extraction by natural data of the same kind is not seen here; leak budgets bound it.

Source: Tramèr et al., Stealing Machine Learning Models via Prediction APIs, USENIX Security 2016 (uniform and
synthetic queries); Juuti et al., PRADA, EuroS&P 2019, whose test of normality this replaces.
"""

from dataclasses import dataclass

import numpy as np

from redan.exchange.tensors import Array
from redan.guards.envelope import Bounds
from redan.guards.watching import Batch


@dataclass(frozen=True, slots=True)
class Outlying:
    """A row counts when it lies further out than nearly all rows of the training data.

    Args:
        bounds: of the training data; `furthest` is the squared distance that one in a hundred of its rows passes.
        whole: places of columns that hold whole numbers alone; made-up rows give themselves away by others.
    """

    bounds: Bounds
    whole: tuple[int, ...] = ()
    name: str = "outlying-queries"

    def begin(self, clients: int, numbers: int) -> None:
        """See `redan.guards.watching.Detector`; nothing is remembered."""

    def forget(self, state: None, client: int) -> None:
        """See `redan.guards.watching.Detector`."""

    def hits(self, state: None, batch: Batch) -> Array:
        """See `redan.guards.watching.Detector`."""
        del state
        far = self.bounds.distances(batch.rows) > self.bounds.furthest
        if self.whole:
            counts = batch.rows[:, self.whole]
            far |= (counts != np.rint(counts)).any(axis=1)
        return np.asarray(far)
