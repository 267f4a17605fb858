"""What may answer queries: a network, a model of redan, an estimator, a function, an endpoint."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.queries import Queries, Source
from redan.errors import IncompleteError, InputError
from redan.models.model import Model, SklearnModel, model_of

Array: TypeAlias = NDArray[Any]
CHUNK = 32
_TRIES = 3
_FAULTS = (RuntimeError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError, OSError, MemoryError)


class FunctionSource:
    """A function from a batch to scores or labels, in batches of one shape, since kernels differ between shapes."""

    def __init__(self, ask: Callable[[Array], Array], *, classes: Array | None = None, chunk: int = CHUNK) -> None:
        """Wraps it.

        Args:
            ask: of float32, shape (chunk, ...).
            classes: the label of each index; None where labels are indices.
            chunk: rows of each batch.
        """
        self._ask = ask
        self._classes = classes
        self._chunk = chunk
        self._forward = 0

    @property
    def classes(self) -> Array | None:
        """The label of each index."""
        return self._classes

    @property
    def forward(self) -> int:
        """Samples computed, those that fill up a batch included."""
        return self._forward

    def ask(self, x: Array) -> Array:
        """Its answers."""
        told = []
        for start in range(0, len(x), self._chunk):
            part = x[start : start + self._chunk]
            short = self._chunk - len(part)
            whole = np.concatenate([part, np.repeat(part[-1:], short, axis=0)]) if short else part
            self._forward += len(whole)
            told.append(rows_of(persisting(self._array, whole), len(whole))[: len(part)])
        return np.concatenate(told)

    def _array(self, x: Array) -> Array:
        return np.asarray(self._ask(x))


class NetworkSource:
    """A PyTorch network that is asked as a stranger would."""

    classes: Array | None = None

    def __init__(self, network: Any) -> None:  # noqa: ANN401 -- redan.attacks.evasion.Network; it imports torch
        """Wraps a `redan.attacks.evasion.Network`."""
        self.network = network
        self._before: int = network.meter.forward

    @property
    def forward(self) -> int:
        """Samples computed, those that fill up a batch included."""
        return int(self.network.meter.forward) - self._before

    def ask(self, x: Array) -> Array:
        """Its logits."""
        import torch

        return self.logits(torch.as_tensor(x, device=self.network.device))

    def logits(self, x: Any) -> Array:  # noqa: ANN401 -- a tensor
        """Its logits of a tensor that lies where the network does."""
        return np.asarray(persisting(self.network.logits, x).cpu().numpy())


def persisting(ask: Callable[[Any], Any], x: Any) -> Any:  # noqa: ANN401 -- arrays or tensors
    """Asks a model that may raise now and then.

    Raises:
        IncompleteError: it raised three times in a row.
    """
    for _ in range(_TRIES - 1):
        with suppress(*_FAULTS):
            return ask(x)
    try:
        return ask(x)
    except _FAULTS as error:
        raise IncompleteError(
            f"the model raised {type(error).__name__} {_TRIES} times in a row", remedy="ask it for these inputs by hand"
        ) from error


def rows_of(told: Array, rows: int) -> Array:
    """An answer that has as many rows as were asked.

    Raises:
        InputError: it has not.
    """
    if told.ndim < 1 or len(told) != rows:
        raise InputError(f"the model answers {rows} samples in shape {told.shape}", remedy="give one row for each")
    return told


def queries_of(model: object, *, budget: int | None = None) -> Queries:
    """Queries of whatever answers.

    Args:
        model: `Queries`, a source such as an `Endpoint`, a `Network` of PyTorch, a `redan.models.Model`, an
            estimator of scikit-learn, a session of onnxruntime, or a function from a batch to scores or labels.
        budget: samples that may be asked in all.

    Raises:
        InputError: it is nothing of that.
    """
    if isinstance(model, Queries):
        return model
    return Queries(source_of(model), budget=budget)


def source_of(model: object) -> Source:
    """What answers, of whatever there is.

    Raises:
        InputError: it answers nothing.
    """
    if hasattr(model, "ask") and hasattr(model, "forward") and hasattr(model, "classes"):
        return model
    if hasattr(model, "logits") and hasattr(model, "meter"):
        return NetworkSource(model)
    if hasattr(model, "named_modules"):
        raise InputError("a module of PyTorch is no model yet", remedy="wrap it in redan.attacks.evasion.Network")
    if not hasattr(model, "predict") and not hasattr(model, "get_inputs") and callable(model):
        return FunctionSource(model)
    known = model if isinstance(model, Model) else model_of(model)
    if len(known.inputs) > 1 and not isinstance(known, SklearnModel):
        raise InputError(f"the model has {len(known.inputs)} inputs", remedy="wrap it so that it takes one array")
    classes = getattr(getattr(known, "estimator", None), "classes_", None)
    return FunctionSource(known.predict, classes=None if classes is None else np.asarray(classes))
