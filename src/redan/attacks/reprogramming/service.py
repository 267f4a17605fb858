"""The victim as a stranger sees it: answers in one form, each counted, until the budget or the service ends them."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.attacks.extraction.form import Shown
from redan.attacks.queries import Queries, SpentError
from redan.attacks.sources import queries_of
from redan.errors import IncompleteError, InputError

Array: TypeAlias = NDArray[Any]
_TABLE = 2
_CHUNK = 64


class Service:
    """Asks, shapes and counts; keeps nothing of what was asked."""

    def __init__(
        self,
        model: object,
        *,
        shown: Shown | None = None,
        budget: int | None = None,
        classes: int | None = None,
        watched: Callable[[Array], None] | None = None,
    ) -> None:
        """Asks nothing yet.

        Args:
            model: whatever `redan.attacks.sources.queries_of` takes.
            shown: the form of answers; applied here, as a gateway would, to a model that shows more.
            budget: inputs that may be asked in all.
            classes: of the model; needed where it shows labels alone.
            watched: is given the inputs that were answered, in their order.
        """
        self.queries: Queries = queries_of(model, budget=budget)
        self.shown = shown or Shown()
        self.ended: IncompleteError | None = None
        self.classes = classes
        self._watched = watched

    @property
    def asked(self) -> int:
        """Inputs that were answered."""
        return self.queries.asked

    @property
    def refused(self) -> str:
        """What the service said when it ended the attack; the empty string when it did not."""
        return "" if self.ended is None or isinstance(self.ended, SpentError) else self.ended.what

    def shares(self, x: Array) -> NDArray[np.float64]:
        """What is shown of each class, shape (n, classes).

        Raises:
            IncompleteError: the budget is spent, or it does not answer; then `ended` says so.
            InputError: it answers what is no answer, or labels while nobody knows how many there are.
        """
        found = []
        for start in range(0, len(x), _CHUNK):
            part = x[start : start + _CHUNK]
            before = self.queries.asked
            try:
                told = self.queries.answered(part)
            except IncompleteError as error:
                self.queries.asked = before  # nothing of what was refused is known
                self.ended = error
                raise
            found.append(self._shaped(told))
            if self._watched is not None:
                self._watched(part)
        return np.concatenate(found)

    def cost(self, seconds: float = 0.0) -> Cost:
        """What was asked so far."""
        return self.queries.cost(seconds)

    def _shaped(self, told: Array) -> NDArray[np.float64]:
        if told.ndim == _TABLE:
            self.classes = told.shape[1]
            return self.shown.of(told)
        if self.classes is None:
            known = self.queries.source.classes
            if known is None:
                raise InputError("nobody knows how many classes the model has", remedy="say it with --classes")
            self.classes = len(known)
        if len(told) and int(told.max()) >= self.classes:
            raise InputError(f"the model answers a class beyond its {self.classes}", remedy="say how many it has")
        return np.asarray(np.eye(self.classes)[told.astype(np.int64)])
