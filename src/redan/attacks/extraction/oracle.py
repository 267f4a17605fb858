"""The model as whoever copies it sees it: answers of one form, each counted, until a budget or the service ends them.

Source: AIPS-ORA-01; Tramèr et al., Stealing Machine Learning Models via Prediction APIs (2016), section 3.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.attacks.extraction.form import Shown
from redan.attacks.queries import Queries, SpentError
from redan.attacks.sources import queries_of
from redan.errors import IncompleteError, InputError

Array: TypeAlias = NDArray[Any]
_CHUNK = 32
_TABLE = 2


class Answered(NamedTuple):
    """What came back.

    Args:
        x: the inputs that were answered, the first ones of those that were asked.
        y: their answers, shape (n, classes).
    """

    x: Array
    y: NDArray[np.float64]


class Oracle:
    """Asks, shapes, counts, and keeps what was answered."""

    def __init__(
        self,
        model: object,
        *,
        shown: Shown | None = None,
        budget: int | None = None,
        classes: int | None = None,
        chunk: int = _CHUNK,
    ) -> None:
        """Asks nothing yet.

        Args:
            model: whatever `redan.attacks.sources.queries_of` takes: `Queries`, a source such as an `Endpoint`, a
                `Network`, a model, an estimator, a session of onnxruntime or a function.
            shown: the form of answers; applied here, as a gateway would, to a model that shows more.
            budget: inputs that may be asked in all.
            classes: of the model; needed where it shows labels and names none.
            chunk: inputs that are asked at once; what was answered before a refusal is kept by so many.

        Raises:
            InputError: it is nothing that answers.
        """
        self.queries: Queries = queries_of(model, budget=budget)
        self.shown = shown or Shown()
        self.ended: IncompleteError | None = None
        known = self.queries.source.classes
        self._classes = classes if known is None else len(known)
        self._chunk = chunk
        self._held: list[Answered] = []

    @property
    def asked(self) -> int:
        """Inputs that were answered and counted."""
        return self.queries.asked

    @property
    def left(self) -> int | None:
        """Inputs that may still be asked; None for no end, 0 once it ended."""
        return 0 if self.ended is not None else self.queries.left

    @property
    def classes(self) -> int:
        """How many classes the model has.

        Raises:
            InputError: nobody knows it yet.
        """
        if self._classes is None:
            raise InputError("nobody knows how many classes the model has", remedy="say it with classes=")
        return self._classes

    @property
    def told(self) -> float:
        """Unknowns of the model that its answers told so far at most."""
        return self.asked * self.shown.told(self.classes) if self.asked else 0.0

    @property
    def held(self) -> Answered:
        """Everything that was answered so far, in order.

        Raises:
            InputError: nothing was.
        """
        y = self.answers
        return Answered(np.concatenate([one.x for one in self._held]), y)

    @property
    def answers(self) -> NDArray[np.float64]:
        """Everything that came back so far, without the inputs, shape (n, classes).

        Raises:
            InputError: nothing did.
        """
        if not self._held:
            raise InputError("the model answered nothing", remedy="give a larger budget")
        return np.concatenate([one.y for one in self._held])

    def ask(self, x: Array) -> Answered:
        """Answers to inputs, or to the first of them.

        Args:
            x: shape (n, ...).

        Returns:
            Fewer than were asked once the budget is spent or the service refused; then `ended` says why, nothing is
            asked any more, and what was answered is kept.

        Raises:
            InputError: the inputs do not fit the model.
        """
        given = np.ascontiguousarray(x, dtype=np.float32)
        told: list[NDArray[np.float64]] = []
        done = 0
        while done < len(given) and self.ended is None:
            left = self.queries.left
            part = given[done : done + (self._chunk if left is None else min(self._chunk, max(1, left)))]
            try:
                told.append(self._told(part))
            except IncompleteError as error:
                self.ended = error
                break
            self._held.append(Answered(part, told[-1]))
            done += len(part)
        made = np.concatenate(told) if told else np.empty((0, self._classes or 0))
        return Answered(given[:done], made)

    @property
    def spent(self) -> bool:
        """Whether its own budget ended it, and not the service."""
        return isinstance(self.ended, SpentError)

    def cost(self, seconds: float = 0.0) -> Cost:
        """What was asked so far."""
        return self.queries.cost(seconds)

    def _told(self, x: Array) -> NDArray[np.float64]:
        before = self.queries.asked
        try:
            told = self.queries.answered(x)
        except IncompleteError:
            self.queries.asked = before  # nothing of a batch that was refused is known
            raise
        if told.ndim == _TABLE:
            self._classes = self._classes or told.shape[1]
            return self.shown.of(told)
        places = told.astype(np.int64)
        if len(places) and int(places.max()) >= self.classes:
            raise InputError(f"the model answers a class beyond its {self.classes}", remedy="say how many it has")
        return np.eye(self.classes)[places]
