"""Inputs and labels as an attack by queries takes them, checked once."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.queries import Queries
from redan.attacks.sources import queries_of
from redan.attacks.threat import Threat
from redan.errors import InputError

_SLACK = 1e-6
_TABLE = 2


class Samples(NamedTuple):
    """What is attacked.

    Args:
        x: shape (n, ...), float32.
        y: shape (n,), indices of classes.
    """

    x: NDArray[np.float32]
    y: NDArray[np.int64]


def checked(x: object, y: object, threat: Threat, queries: Queries) -> Samples:
    """Arrays or tensors as arrays.

    Args:
        x: shape (n, ...).
        y: shape (n,), labels as the data has them.
        threat: whose box the inputs lie in.
        queries: of the model that knows the labels.

    Raises:
        InputError: shapes differ, an input is outside of the box or no number, or a label is no class.
    """
    given, truth = array(x), array(y)
    if given.ndim < _TABLE or truth.ndim != 1 or len(given) != len(truth):
        raise InputError(
            f"inputs of shape {given.shape} and labels of shape {truth.shape}",
            remedy="give inputs of shape (n, ...) and one label for each",
        )
    try:
        inputs = np.ascontiguousarray(given, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError("the inputs are no numbers", remedy="encode them as the model takes them") from error
    outside = ~((inputs >= threat.low - _SLACK) & (inputs <= threat.high + _SLACK))
    if outside.any():
        raise InputError(
            f"{int(outside.reshape(len(inputs), -1).any(axis=1).sum())} of {len(inputs)} inputs are outside of the box "
            f"from {threat.low:g} to {threat.high:g}, or no numbers",
            remedy="scale them, or give the threat model their box",
        )
    threat.radii(len(inputs))
    return Samples(inputs, queries.indices(truth))


def positive(**numbers: int) -> None:
    """Refuses counts that would attack nothing, and so find everything robust.

    Raises:
        InputError: one is below 1.
    """
    for name, number in numbers.items():
        if number < 1:
            raise InputError(f"{name} is {number}", remedy="give 1 or more")


def queries_for(model: object, budget: int | None) -> Queries:
    """What `queries_of` takes, or a module of PyTorch, which must be in evaluation mode.

    Raises:
        InputError: it answers nothing, or is in training mode.
    """
    if not hasattr(model, "named_modules"):
        return queries_of(model, budget=budget)
    from redan.attacks.evasion.network import Network

    return queries_of(Network(model), budget=budget)


def array(values: object) -> NDArray[Any]:
    """An array, of an array or of a tensor on any device."""
    detach = getattr(values, "detach", None)
    return np.asarray(values if detach is None else detach().cpu())
