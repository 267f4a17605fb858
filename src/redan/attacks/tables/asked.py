"""A model that shows its scores only, asked for encoded rows, and how often it was asked."""

from collections.abc import Callable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Meter
from redan.attacks.tables.encode import TableModel
from redan.attacks.tables.observed import key_of
from redan.attacks.tables.space import Space
from redan.errors import InputError

if TYPE_CHECKING:
    from redan.attacks.queries import Queries

_MATRIX = 2


class Asked:
    """Scores per class of encoded rows; a label counts as a score of 1 for its class."""

    def __init__(
        self, model: object, space: Space, *, classes: Sequence[object] | None = None, chunk: int = 65_536
    ) -> None:
        """Takes a model of any kind.

        Args:
            model: a `redan.models` model, an estimator or a session of onnxruntime, which read the table as it is; or a
                function, a network, an endpoint or `Queries`, which read encoded rows.
            space: how the rows are encoded.
            classes: labels in the order of the scores; those of the estimator when None, else 0, 1, 2 ...
            chunk: most rows of one batch.
        """
        from redan.attacks.queries import Queries
        from redan.models.model import Model, model_of

        self.queries: Queries | None = None
        self.model: TableModel | None = None
        self.function: Callable[[NDArray[Any]], object] | None = None
        own = None
        if hasattr(model, "predict") or hasattr(model, "get_inputs"):
            known = model if isinstance(model, Model) else model_of(model)
            self.model = TableModel(known, space)
            own = getattr(getattr(known, "estimator", known), "classes_", None)
        elif callable(model) and not hasattr(model, "named_modules"):
            self.function = model
        else:
            self.queries = model if isinstance(model, Queries) else _queries(model)
            own = self.queries.source.classes
        given = own if classes is None else classes
        self.classes: list[object] | None = None if given is None else list(given)
        self.space, self.chunk, self.meter = space, chunk, Meter()
        self._labels_only = False

    def scores(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Scores, shape (n, classes).

        Raises:
            InputError: the model answers in no shape that tells classes apart.
            IncompleteError: an endpoint does not answer, or its budget is spent.
        """
        if not len(x):
            return np.empty((0, len(self.classes or [0, 1])))
        told = np.concatenate([self._told(x[i : i + self.chunk]) for i in range(0, len(x), self.chunk)])
        self.meter.queries += len(x)
        self.meter.forward += len(x)
        scores = self._as_scores(told)
        if not np.isfinite(scores).all():
            raise InputError("the model answers with values that are no numbers", remedy="look for NaN in its weights")
        return scores

    def labels(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """The place of each row's class, shape (n,): what the judge asks."""
        return np.asarray(self.scores(x).argmax(axis=1), dtype=np.int64)

    def apart(self) -> "Asked":
        """The same model, counted by itself."""
        found = copy(self)
        found.meter = Meter()
        return found

    def _told(self, x: NDArray[Any]) -> NDArray[Any]:
        if self.model is not None:
            return self.model.predict(x)
        if self.function is not None:
            return np.asarray(self.function(x))
        queries = self.queries
        if queries is None:
            raise InputError("there is no model", remedy="give one")
        if not self._labels_only:
            try:
                return queries.scores(x).astype(np.float64)
            except InputError:  # it shows labels, or nothing that can be used, as asking for labels tells
                self._labels_only = True
        if self.classes is None:
            raise InputError("the model shows labels and names no classes", remedy="give them with classes=")
        return np.eye(len(self.classes))[queries.labels(x)]

    def places(self, y: NDArray[Any]) -> NDArray[np.int64]:
        """The place of each label among the classes, shape (n,).

        Raises:
            InputError: a label is none of the model's classes.
        """
        return label_places(y, self.classes)

    def _as_scores(self, told: NDArray[Any]) -> NDArray[np.float64]:
        if told.ndim == _MATRIX and told.shape[1] > 1:
            return told.astype(np.float64)
        flat = told.reshape(-1) if told.size == len(told) else None
        if flat is None:
            raise InputError(f"the model answers in shape {told.shape}", remedy="give one score per class")
        if flat.dtype.kind == "f" and self._binary() and not self._among_classes(flat):
            return np.column_stack([1.0 - flat, flat])
        labels = self.places(flat)
        return np.eye(len(self.classes or range(int(labels.max()) + 1)))[labels]

    def _binary(self) -> bool:
        return self.classes is None or len(self.classes) == _MATRIX

    def _among_classes(self, flat: NDArray[Any]) -> bool:
        known = {key_of(label) for label in self.classes or ()}
        return bool(known) and all(key_of(value) in known for value in flat.tolist())


def _queries(model: object) -> "Queries":
    from redan.attacks.sources import queries_of

    if not hasattr(model, "named_modules"):
        return queries_of(model)
    from redan.attacks.evasion.network import Network

    return queries_of(Network(model))


def label_places(y: NDArray[Any], classes: Sequence[object] | None) -> NDArray[np.int64]:
    """The place of each label among the classes; labels are places by themselves when nobody names classes.

    Raises:
        InputError: a label is none of the classes, or no place.
    """
    if classes is None:
        if y.dtype.kind not in "iub" or (len(y) and int(y.min()) < 0):
            raise InputError("nobody knows the order of the model's classes", remedy="give them with classes=")
        return y.astype(np.int64)
    place = {key_of(label): i for i, label in enumerate(classes)}
    lost = sorted({str(label)[:80] for label in y.tolist() if key_of(label) not in place})
    if lost:
        raise InputError(
            f"label {lost[0]!r} is none of the model's classes", remedy="give the classes in the model's order"
        )
    return np.array([place[key_of(label)] for label in y.tolist()], dtype=np.int64)


def margins(scores: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """The true class's score less the best other one, shape (n,); the label is wrong below zero."""
    at = np.arange(len(y))
    others = scores.copy()
    others[at, y] = -np.inf
    return np.asarray(scores[at, y] - others.max(axis=1))


def wrong(scores: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows whose best class is another, ties by the order of classes as the judge breaks them; shape (n,)."""
    return np.asarray(scores.argmax(axis=1) != y)
