"""What a model takes each class for, without and under attack."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import InputError
from redan.findings.pictures import Grid
from redan.measures.robustness.accuracy import Rate, counted
from redan.measures.robustness.arrays import one_each

MOST = 60  # classes of a table that can still be looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Answers by true class.

    Args:
        classes: names, in the order of rows and columns.
        counts: shape (classes, classes): samples of the row's class that were taken for the column's.
        kept: by class, the share that was answered rightly.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    kept: tuple[Rate, ...]

    def worst(self) -> int | None:
        """The class of which the least is left, the first of several; None without samples."""
        shares = [(kept.value, place) for place, kept in enumerate(self.kept) if kept.value is not None]
        return min(shares)[1] if shares else None

    def grid(self, title: str) -> Grid | None:
        """Shares of each true class, to be drawn; None for more classes than can be looked at."""
        if not 0 < len(self.classes) <= MOST:
            return None
        totals = self.counts.sum(axis=1)
        shares = tuple(
            tuple(None if not total else float(count / total) for count in row)
            for row, total in zip(self.counts, totals, strict=True)
        )
        return Grid(title=title, rows=self.classes, columns=self.classes, values=shares)


def confusion(
    y: ArrayLike, answers: ArrayLike, classes: Sequence[str | int] | int, confidence: float = 0.95
) -> Confusion:
    """Counts of answers by true class.

    Args:
        y: shape (n,), the true class's place, from 0.
        answers: shape (n,), the model's; under attack, its answer to the judged input.
        classes: their names, or how many there are.
        confidence: level of the intervals.

    Raises:
        InputError: a label or an answer is no place of a class, or the lengths differ.
    """
    names = tuple(str(name) for name in (range(classes) if isinstance(classes, int) else classes))
    true = one_each(y, "labels")
    told = one_each(answers, "answers", len(true))
    for values, what in ((true, "a label"), (told, "an answer")):
        whole = values.dtype.kind in "iub"
        if not whole or (len(values) and not 0 <= int(values.min()) <= int(values.max()) < len(names)):
            raise InputError(f"{what} is no class", remedy=f"count classes from 0 to {len(names) - 1}")
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, (true.astype(np.int64), told.astype(np.int64)), 1)
    kept = tuple(counted(int(row[place]), int(row.sum()), confidence) for place, row in enumerate(counts))
    return Confusion(classes=names, counts=counts, kept=kept)
