"""The output that says how sure a model is, among all its outputs, and its rows as probabilities."""

from collections.abc import Sequence

import numpy as np

from redan.exchange.tensors import Array, Port, Tensor

_NAMES = ("probabilities", "output_probability", "probability", "probs", "scores", "logits")


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


def scores_of(outputs: Sequence[Tensor], port: Port) -> Array | None:
    """The values of that output.

    Returns:
        Shape (rows, classes); None when it is not among the outputs.
    """
    found = next((tensor.values for tensor in outputs if tensor.name == port.name), None)
    return None if found is None or found.ndim != 2 else np.asarray(found, dtype=np.float64)  # noqa: PLR2004


def probabilities(scores: Array) -> Array:
    """Rows that are probabilities as they are, others through the softmax.

    Args:
        scores: shape (rows, classes).

    Returns:
        Shape (rows, classes), each row summing to one; one column is taken for the chance of the second of two classes.
    """
    if scores.shape[1] == 1:
        second = scores if _within(scores) else 1.0 / (1.0 + np.exp(-scores))
        return np.concatenate([1.0 - second, second], axis=1)
    if _within(scores) and np.allclose(scores.sum(axis=1), 1.0, atol=1e-3):
        return scores
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def _within(scores: Array) -> bool:
    return bool(scores.size == 0 or (scores.min() >= 0.0 and scores.max() <= 1.0))
