"""What a guard is: a question asked before the model, one asked after it, or a look at what has passed."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from redan.exchange.flow import Flow
from redan.exchange.message import Response
from redan.exchange.problem import Refusal
from redan.exchange.tensors import Array


class Inbound(Protocol):
    """Looks at a request before the model is asked. What it raises besides `RefusedError` blocks the request."""

    @property
    def name(self) -> str:
        """Short name, for events and metrics."""
        ...

    def inbound(self, flow: Flow) -> Refusal | None:
        """Passes (None) or refuses; may fill its own field of the flow, and add claims."""
        ...


class Outbound(Protocol):
    """Looks at an answer before it goes out, and may replace it."""

    @property
    def name(self) -> str:
        """Short name, for events and metrics."""
        ...

    def outbound(self, flow: Flow) -> Refusal | None:
        """Passes (None) or refuses; may replace `flow.answer`."""
        ...


class Finish(Protocol):
    """Looks at the bytes that go out, refusals included, and may add headers; it never refuses."""

    @property
    def name(self) -> str:
        """Short name, for events and metrics."""
        ...

    def finish(self, flow: Flow, response: Response) -> Response:
        """The response as it is sent."""
        ...


class Seen(NamedTuple):
    """An answered question, for monitors.

    Args:
        principal: who asked.
        model: name.
        x: inputs that monitors look at, shape (rows, columns).
        scores: of the answer before it was shaped, shape (rows, classes).
        now: seconds since the epoch.
    """

    principal: str
    model: str
    x: Array
    scores: Array
    now: float


class Measure(NamedTuple):
    """What a monitor asks for; it takes hold later, never in the answer to the request that caused it.

    Args:
        principal: whom it concerns; the empty string for everyone.
        model: name.
        factor: that further budgets are multiplied by, in [0, 1]; 1 takes it back.
        reason: name of what was seen, for the event.
        value: the statistic.
    """

    principal: str
    model: str
    factor: float
    reason: str
    value: float


class Monitor(Protocol):
    """Looks at what has passed, in batches, after the answers are out."""

    @property
    def name(self) -> str:
        """Short name, for events and metrics."""
        ...

    def observe(self, batch: Sequence[Seen]) -> Sequence[Measure]:
        """Takes a batch in and says what follows from it."""
        ...
