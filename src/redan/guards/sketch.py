"""Rows as a few numbers that keep distances: what a monitor can remember of a client in a kilobyte.

Source: Johnson and Lindenstrauss 1984; Achlioptas, Database-friendly random projections, JCSS 66 (2003).
"""

from dataclasses import dataclass

import numpy as np

from redan.exchange.tensors import Array


@dataclass(frozen=True, slots=True)
class Sketch:
    """A random projection of rows in units of each column's spread.

    Args:
        middle: of each column, shape (columns,).
        spread: of each column, shape (columns,), positive.
        projection: shape (columns, kept); secret, so that nobody makes rows that it does not tell apart.
    """

    middle: Array
    spread: Array
    projection: Array

    def of(self, rows: Array) -> Array:
        """The sketches of rows.

        Args:
            rows: shape (n, columns).

        Returns:
            Shape (n, kept), float32; Euclidean distances are those of the rows, up to chance.
        """
        units = (rows.astype(np.float64) - self.middle) / self.spread
        return np.asarray(np.clip(units, -1e3, 1e3) @ self.projection, dtype=np.float32)


def sketch(middle: Array, spread: Array, kept: int, rng: np.random.Generator) -> Sketch:
    """A sketch with a fresh projection.

    Args:
        middle: of each column.
        spread: of each column; zeros are taken for one.
        kept: numbers of a sketch.
        rng: of the projection.
    """
    columns = len(middle)
    signs = rng.choice((-1.0, 1.0), size=(columns, kept)) / np.sqrt(kept)
    return Sketch(np.asarray(middle, float), np.where(spread > 0, spread, 1.0), signs)
