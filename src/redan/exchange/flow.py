"""One request on its way: what every guard reads, and the few places that one guard fills for the next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from redan.exchange.message import Request
from redan.exchange.tensors import Inference, Tensor


class Identity(NamedTuple):
    """Who asks.

    Args:
        principal: name that limits and monitors follow.
        models: that it may ask; `*` for all.
        key: identifier of the key that its signatures must be made with; None when any of its keys will do.
        tier: name of the limits that hold for it.
    """

    principal: str
    models: frozenset[str]
    key: str | None = None
    tier: str = "default"


class Signed(NamedTuple):
    """The signature of a request, after it was found to fit.

    Args:
        key: identifier of the key.
        label: under which the request carries it.
        value: its bytes in base64, as they were sent.
    """

    key: str
    label: bytes
    value: bytes


class Claim(NamedTuple):
    """Something that can be spent once, or so much of which can be spent; the store decides about all claims at once.

    Args:
        kind: `nonce` (once), `rate` (refills steadily, GCRA) or `total` (never refills).
        key: what it is spent of, such as `rate/alice/churn`.
        amount: how much; 1 for a nonce.
        limit: burst of a rate, size of a total; 0 for a nonce.
        period: seconds: of a nonce, how long it is remembered; of a rate, until one unit is back; 0 for a total.
        scaled: key of the factor by which a graded response lowers the limit; the empty string for none.
    """

    kind: str
    key: str
    amount: float
    limit: float
    period: float
    scaled: str = ""


class Spent(NamedTuple):
    """What the store said about claims: all were taken, or none.

    Args:
        denied: the first claim that could not be taken; None when all were.
        retry_after: seconds until it can be; infinite for what never comes back.
        left: of each claim in its order, up to the one that could not be taken, what is left once it is taken.
    """

    denied: Claim | None = None
    retry_after: float = 0.0
    left: Sequence[float] = ()


class Answer(NamedTuple):
    """What the model said, as it goes back.

    Args:
        outputs: shaped by policy.
        parameters: what is said besides, such as whether the model abstains; JSON values.
    """

    outputs: tuple[Tensor, ...]
    parameters: tuple[tuple[str, str | int | float | bool], ...] = ()


class Labels(NamedTuple):
    """What was right, told after the answer.

    Args:
        event: identifier of the answer's event.
        labels: of each row, a class's number or its name.
    """

    event: str
    labels: tuple[int | str, ...]


@dataclass(slots=True)
class Flow:
    """A request and what is known about it so far.

    Not frozen: a request passes a dozen guards in a few dozen microseconds. Each field has one guard that fills it.

    Args:
        request: as it came.
        model: name from the path.
        version: from the path; the empty string for the one in service.
        fields: headers of the request by their names; filled when the flow is made.
        identity: filled by the guard of identity.
        signed: filled by the guard of signatures.
        inference: filled by the decoder.
        claims: what has to be spent; every guard may add to it before the store is asked.
        around: what answers, and the guards of its own; filled when the question has been decoded, where there are any.
        spent: what the store said of the claims; None while it was not asked.
        generation: version of what answered, filled by the model; the empty string while nothing has.
        answer: filled by the model, replaced by guards of answers.
        outputs: of the model as it gave them, before any guard of answers.
        labels: filled by the guard of feedback.
        notes: for the event: short names and numbers, nothing of a person.
    """

    request: Request
    model: str = ""
    version: str = ""
    fields: dict[bytes, bytes] = field(init=False)
    identity: Identity | None = None
    signed: Signed | None = None
    inference: Inference | None = None
    around: Any = None
    claims: list[Claim] = field(default_factory=list)
    spent: Spent | None = None
    generation: str = ""
    answer: Answer | None = None
    outputs: tuple[Tensor, ...] = ()
    labels: Labels | None = None
    notes: dict[str, str | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Headers are looked up by a handful of guards, and named once."""
        self.fields = self.request.fields()
