"""The models that are compared with the one in service, and the classes that two models give to one question."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from redan.errors import ConfigError
from redan.exchange.tensors import Array, Port, Tensor
from redan.gateway.generation import Place, load_generation
from redan.gateway.local_model import LocalModel
from redan.guards.scores import probabilities, score_port, scores_of
from redan.models.onnx_session import faults

PREVIOUS: Final = "previous"
BASELINE: Final = "baseline"
_ONE_NUMBER: Final = 2  # classes that one number tells apart


class Other(NamedTuple):
    """A model beside the one in service.

    Args:
        kind: `previous` or `baseline`.
        model: over verified bytes.
        version: digest of what answers, so that evidence about another is not taken for it.
    """

    kind: str
    model: LocalModel
    version: str


def other(kind: str, place: Place, beside: LocalModel, where: str) -> Other:
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
    if not alike(found.model.inputs, beside.inputs):
        raise ConfigError(f"the {kind} model takes other inputs than the one in service", where=where)
    if score_port(found.model.outputs) is None or score_port(beside.outputs) is None:
        raise ConfigError("a model without scores of classes cannot be compared", where=where)
    return Other(kind, found.model, found.sha256)


def alike(one: Sequence[Port], other: Sequence[Port]) -> bool:
    """Whether two models can be asked the same questions."""
    if {(port.name, port.datatype, len(port.shape)) for port in one} != {
        (port.name, port.datatype, len(port.shape)) for port in other
    }:
        return False
    shapes = {port.name: port.shape for port in other}
    return all(
        mine in {-1, theirs} or theirs == -1
        for port in one
        for mine, theirs in zip(port.shape, shapes[port.name], strict=True)
    )


def classes_of(outputs: Sequence[Tensor], ports: Sequence[Port]) -> Array | None:
    """The class of each row.

    Args:
        outputs: of a model, before any guard of answers.
        ports: of the model.

    Returns:
        Shape (rows,), numbers counted from 0; None where the outputs hold no scores.
    """
    port = score_port(ports)
    scores = None if port is None else scores_of(outputs, port)
    if scores is None or not len(scores):
        return None
    if scores.shape[1] < _ONE_NUMBER:
        scores = probabilities(scores)
    return np.asarray(np.argmax(scores, axis=1), dtype=np.int64)


def answered(model: LocalModel, inputs: Sequence[Tensor]) -> Array | None:
    """The classes that a model gives to a question.

    Returns:
        None when it fails, or gives no scores.
    """
    port = score_port(model.outputs)
    if port is None:
        return None
    try:
        values = model.session.run([port.name], {tensor.name: tensor.values for tensor in inputs})[0]
    except faults():
        return None
    return classes_of((Tensor(port.name, port.datatype, values),), (port,))
