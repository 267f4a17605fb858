"""Fewer features: the model is trained anew on what the task needs, and ignores the rest of what it is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.defences.minimise import minimise
from redan.defences.reduction.record import Reduced
from redan.defences.reduction.size import size_of
from redan.errors import InputError


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A model of some of the columns that takes all of them.

    Args:
        inner: of the columns that are kept.
        kept: their places.
    """

    inner: Any
    kept: tuple[int, ...]

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """Labels, shape (n,)."""
        return np.asarray(self.inner.predict(np.asarray(x)[:, self.kept]))

    def predict_proba(self, x: NDArray[Any]) -> NDArray[Any]:
        """Shares of classes, shape (n, classes)."""
        return np.asarray(self.inner.predict_proba(np.asarray(x)[:, self.kept]))


def fewer_features(
    model: Any,  # noqa: ANN401 -- an estimator of scikit-learn
    x: NDArray[Any],
    y: NDArray[Any],
    *,
    rng: np.random.Generator,
    kept: Sequence[int] | None = None,
    loss: float = 0.02,
) -> Reduced:
    """Trains a model anew on fewer columns.

    Args:
        model: trained before; a clone of it is trained.
        x: rows that it was trained on, shape (n, columns).
        y: their labels.
        rng: of the search.
        kept: places of the columns that stay; by default the smallest set that `minimise` proves to be enough.
        loss: of accuracy that is accepted in that proof.

    Raises:
        InputError: no such columns are there.
        IncompleteError: there are too few rows for the proof.
    """
    from sklearn.base import clone

    rows = np.asarray(x)
    places = _needed(rows, y, loss, rng) if kept is None else tuple(sorted({int(place) for place in kept}))
    if not places or places[0] < 0 or places[-1] >= rows.shape[1]:
        raise InputError(f"columns {places[:5]} are none of {rows.shape[1]}")
    made = Narrowed(clone(model).fit(rows[:, places], y), places)
    before, after = size_of(model), size_of(made.inner)
    return Reduced(
        model=made,
        way="fewer features",
        settings={"kept": [*places], "of": int(rows.shape[1]), **({} if kept is not None else {"loss": loss})},
        numbers_before=before.numbers,
        numbers_after=after.numbers,
        bytes_before=before.bytes,
        bytes_after=after.bytes,
    )


def _needed(x: NDArray[Any], y: NDArray[Any], loss: float, rng: np.random.Generator) -> tuple[int, ...]:
    import pyarrow as pa

    names = [f"c{place}" for place in range(x.shape[1])]
    table = pa.table({**{name: x[:, place] for place, name in enumerate(names)}, "label": np.asarray(y)})
    found = minimise(table, "label", rng=rng, loss=loss).kept
    return tuple(place for place, name in enumerate(names) if name in found)
