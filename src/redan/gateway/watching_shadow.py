"""The models that are compared with the one in service, and the classes that two models give to one question."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from redan.errors import ConfigError
from redan.exchange.problem import RefusedError
from redan.exchange.tensors import Array, Port, Tensor
from redan.gateway.generation import Generation, Place, load_generation
from redan.guards.scores import score_port, scores_of

Change: TypeAlias = Callable[[Array], Array]
PREVIOUS: Final = "previous"
BASELINE: Final = "baseline"


class Other(NamedTuple):
    """A model beside the one in service.

    Args:
        kind: `previous` or `baseline`.
        generation: that answers.
    """

    kind: str
    generation: Generation

    @property
    def version(self) -> str:
        """Digest of what answers, so that evidence about another is not taken for it."""
        return self.generation.sha256


def other(kind: str, place: Place, beside: Generation, where: str) -> Other:
    """A declared model, loaded and verified as the one in service is.

    Args:
        kind: `previous` or `baseline`.
        place: where it lies.
        beside: the model in service.
        where: for errors.

    Raises:
        ConfigError: it cannot be asked the same questions, or gives no classes.
        RedanError: it is not sealed, or cannot be loaded.
    """
    found = load_generation(place)
    if not alike(found.model.inputs, beside.model.inputs):
        raise ConfigError(f"the {kind} model takes other inputs than the one in service", where=where)
    for one in (found, beside):
        port = score_port(one.model.outputs)
        if port is None or (port.shape[1] == 1 and one.shares.get(port.name) is None):
            raise ConfigError("a model without scores of classes cannot be compared", where=where)
    return Other(kind, found)


def alike(one: Sequence[Port], other: Sequence[Port]) -> bool:
    """Whether two models can be asked the same questions."""
    mine, theirs = ({port.name: port for port in ports} for ports in (one, other))
    return mine.keys() == theirs.keys() and all(
        port.datatype == theirs[name].datatype
        and len(port.shape) == len(theirs[name].shape)
        and all(a == b or -1 in {a, b} for a, b in zip(port.shape, theirs[name].shape, strict=True))
        for name, port in mine.items()
    )


def classes_of(outputs: Sequence[Tensor], generation: Generation) -> Array | None:
    """The class of each row.

    Args:
        outputs: of a model, before any guard of answers.
        generation: that gave them.

    Returns:
        Shape (rows,), numbers counted from 0; None where the outputs hold no scores.
    """
    port = score_port(generation.model.outputs)
    scores = None if port is None else scores_of(outputs, port)
    if port is None or scores is None or not len(scores) or not scores.shape[1]:
        return None
    if scores.shape[1] == 1:
        return np.asarray(scores[:, 0] > (0.5 if generation.shares.get(port.name) else 0.0), dtype=np.int64)
    return np.asarray(np.argmax(scores, axis=1), dtype=np.int64)


def answered(generation: Generation, inputs: Sequence[Tensor], change: Change | None) -> Array | None:
    """The classes that a model gives to a question.

    Args:
        generation: that is asked.
        inputs: as they came.
        change: of real numbers before the model sees them.

    Returns:
        None when it fails, or gives no scores.
    """
    model = generation.model
    port = score_port(model.outputs)
    if port is None:
        return None
    feed = {
        one.name: one.values if change is None or one.values.dtype.kind != "f" else change(one.values) for one in inputs
    }
    try:
        return classes_of(model.run(feed, (port,), [port.name]), generation)
    except RefusedError:
        return None
