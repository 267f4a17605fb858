"""Outliers among the weights: channels that can be pushed unusually far, and a class with unusually high weights.

Source: Zheng et al., Data-free Backdoor Removal based on Channel Lipschitzness (ECCV 2022), section 4, for the bound of
a channel; Fields et al., Trojan Signatures in DNN Weights (ICCV workshops 2021), for the mean weight of each class in
the last layer. Neither asks the model anything.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Array: TypeAlias = NDArray[Any]
_FEWEST = 4  # channels of a layer, or classes, of which one can stand out
_NORMAL = 1.4826


class Weights(NamedTuple):
    """What stands out.

    Args:
        channel: robust z-score of the largest bound of a channel, over all layers; None of no layer.
        layer: in which it lies, from 0.
        signature: robust z-score of the largest mean weight of a class in the last layer; None where there is none.
        target: that class.
    """

    channel: float | None
    layer: int | None
    signature: float | None
    target: int | None


def weights(module: nn.Module) -> Weights:
    """Outliers among the channels of all layers and among the classes of the last one.

    Args:
        module: of layers of PyTorch, or a converted ONNX graph.
    """
    layers = list(matrices(module))
    bounds = [np.linalg.norm(layer.reshape(len(layer), -1), axis=1) for layer in layers[:-1]]
    bounds = [_spectral(layer) if layer.ndim > 2 else bound for layer, bound in zip(layers[:-1], bounds, strict=True)]  # noqa: PLR2004
    scores = [robust_z(bound) for bound in bounds]
    told = [float(score.max()) if score is not None else -np.inf for score in scores]
    place = int(np.argmax(told)) if told and max(told) > -np.inf else None
    last = robust_z(layers[-1].mean(axis=1)) if layers and layers[-1].ndim == 2 else None  # noqa: PLR2004
    return Weights(
        channel=None if place is None else told[place],
        layer=place,
        signature=None if last is None else float(last.max()),
        target=None if last is None else int(last.argmax()),
    )


def matrices(module: nn.Module) -> Iterator[NDArray[np.float64]]:
    """Weights of convolutions and of linear layers, in order, outputs first."""
    graph = getattr(module, "graph", None)
    if graph is not None and hasattr(graph, "constants"):
        yield from _of_graph(graph)
        return
    for part in module.modules():
        if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
            yield part.weight.detach().cpu().double().numpy()


def robust_z(values: Array) -> NDArray[np.float64] | None:
    """Distances from the median in units of the median absolute deviation; None of too few, or of equal values."""
    if len(values) < _FEWEST:
        return None
    middle = np.median(values)
    spread = _NORMAL * np.median(np.abs(values - middle))
    return None if spread <= 0 else np.asarray((values - middle) / spread, dtype=np.float64)


def _of_graph(graph: Any) -> Iterator[NDArray[np.float64]]:  # noqa: ANN401 -- a converted ONNX graph
    for node in graph.nodes:
        if node.op not in {"Conv", "Gemm", "MatMul"} or len(node.inputs) < 2:  # noqa: PLR2004 -- input and weights
            continue
        held = graph.constants.get(node.inputs[1])
        if held is None or held.ndim < 2:  # noqa: PLR2004
            continue
        outputs_first = node.op == "Conv" or (node.op == "Gemm" and bool(node.attributes.get("transB", 0)))
        yield np.asarray(held if outputs_first else held.T, dtype=np.float64)


def _spectral(layer: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest singular value of each output channel's kernel, as inputs by positions."""
    each = torch.from_numpy(layer.reshape(len(layer), layer.shape[1], -1))
    return np.asarray(torch.linalg.matrix_norm(each, ord=2).numpy())
