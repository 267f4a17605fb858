"""The output that says how sure a model is, among all its outputs, and its rows as probabilities."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from redan.exchange.tensors import Array, Port, Tensor

_NAMES: Final = ("probabilities", "output_probability", "probability", "probs", "scores", "logits")
_LABELS: Final = frozenset(
    {"label", "labels", "output_label", "predicted_label", "class", "classes", "predicted_class"}
)
_CLASSES: Final = frozenset({"INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8", "BOOL", "BYTES"})


def score_port(outputs: Sequence[Port]) -> Port | None:
    """The output that holds one number per class.

    Args:
        outputs: of a model, in order.

    Returns:
        The first that is named like scores, else the first of real numbers in rows; None when there is none.
    """
    real = [port for port in outputs if port.datatype.startswith("FP") and len(port.shape) == 2]  # noqa: PLR2004
    named = {port.name.lower(): port for port in real}
    return next((named[name] for name in _NAMES if name in named), real[0] if real else None)


def label_ports(outputs: Sequence[Port]) -> tuple[Port, ...]:
    """The outputs that name the class alone: one value a row, called like one."""
    return tuple(
        port
        for port in outputs
        if port.name.lower() in _LABELS and port.datatype in _CLASSES and port.shape[1:] in {(), (1,)}
    )


def finite(scores: Array) -> bool:
    """Whether all numbers are."""
    return bool(np.count_nonzero(np.isfinite(scores)) == scores.size)


def scores_of(outputs: Sequence[Tensor], port: Port) -> Array | None:
    """The values of that output.

    Returns:
        Shape (rows, classes); None when it is not among the outputs.
    """
    found = next((tensor.values for tensor in outputs if tensor.name == port.name), None)
    return None if found is None or found.ndim != 2 else np.asarray(found, dtype=np.float64)  # noqa: PLR2004


def shares(scores: Array) -> bool:
    """Whether rows look like probabilities: from 0 to 1, several of them summing to 1.

    It is asked once, offline, of many rows; logits of a few rows may look so by chance.

    Args:
        scores: shape (rows, classes).
    """
    inside = bool(scores.size and scores.min() >= 0.0 and scores.max() <= 1.0)
    return inside and (scores.shape[1] == 1 or bool(np.allclose(scores.sum(axis=1), 1.0, atol=1e-3)))


def probabilities(scores: Array, *, logits: bool) -> Array:
    """Rows as probabilities.

    Args:
        scores: shape (rows, classes).
        logits: whether they go through the softmax, or one column through the logistic function, first.

    Returns:
        Shape (rows, classes), each row summing to one; one column is taken for the chance of the second of two classes.
    """
    if scores.shape[1] == 1:
        second = 1.0 / (1.0 + np.exp(-np.clip(scores, -500.0, 500.0))) if logits else scores
        return np.concatenate([1.0 - second, second], axis=1)
    if not logits:
        return scores
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
