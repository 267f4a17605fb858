"""From a verified ONNX file to logits with gradients: accepted only where it answers as onnxruntime does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from redan.errors import IncompleteError
from redan.models.model import OnnxModel
from redan.models.torch_onnx.graph import Graph, Node, graph_of
from redan.models.torch_onnx.module import OnnxNetwork

TOLERANCE = 1e-5
_ROUNDED = 8 * 2.0**-24
PROBES = 32
_PASSING = frozenset({"Identity", "ZipMap"})
_READ: Mapping[str, torch.dtype] = MappingProxyType(
    {"float32": torch.float32, "float64": torch.float64, "float16": torch.float16}
)
_LEAST = 1e-37  # above zero in float32; its logarithm is finite
_SUM = 1e-3
_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A network that can be attacked with gradients.

    Args:
        module: from inputs, shape (n, ...), to logits, shape (n, classes), in evaluation mode.
        difference: the largest difference from onnxruntime on the probes, see `tolerance` of `converted`.
        ending: how the file's output became logits.
    """

    module: nn.Module
    difference: float
    ending: str


class _Ended(nn.Module):  # type: ignore[misc]
    """A graph's output made to logits."""

    def __init__(self, net: nn.Module, ending: str, dtype: torch.dtype) -> None:
        super().__init__()
        self.net, self.ending, self.dtype = net, ending, dtype

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the same labels."""
        told: Tensor = self.net(x.to(self.dtype))
        if self.ending == AS_IT_IS:
            return told
        told = told.reshape(len(x), -1)
        if self.ending in _ONE:
            return torch.cat([torch.zeros_like(told), told if self.ending == ONE_LOGIT else told - 0.5], dim=1)
        return told.clamp(min=_LEAST).log() if self.ending == LOGARITHM else told


AS_IT_IS = ""
LOGITS = "logits"
BEFORE = "values before the softmax"
LOGARITHM = "logarithm of the probabilities"
ONE_LOGIT = "one value before the sigmoid, against zero"
ONE_SCORE = "one score, against one half"
_ONE = (ONE_LOGIT, ONE_SCORE)


def converted(
    data: bytes,
    model: OnnxModel,
    x: NDArray[Any],
    *,
    pieces: Mapping[str, bytes] | None = None,
    tolerance: float = TOLERANCE,
) -> Converted:
    """A module with the answers of an ONNX model, checked on inputs of the user and on moved ones.

    Args:
        data: the bytes that the model was loaded from.
        model: what onnxruntime made of them.
        x: shape (n, ...), inputs; some of them are probes, as they are and moved.
        pieces: verified bytes of external tensors, by the name that the model uses.
        tolerance: of each value, relative to the larger of 1 and the largest value of its row: rounding in a deep
            network is of the size of what is summed, not of the sum. It holds for the softmax of a row as well,
            beyond eight units in the last place of its likely classes' values, so that one huge value does not hide
            what differs among the others.

    Raises:
        IncompleteError: an operator is not converted, or answers differ; the model can still be attacked by queries.
        InputError: the inputs do not fit the model.
        MissingExtraError: onnx or PyTorch is not installed.
    """
    name, reads = model.answer, model.inputs[0].dtype
    if reads not in _READ:
        raise IncompleteError(f"the model reads {reads or 'no plain array'}, and gradients are of real numbers")
    graph = graph_of(data, name, pieces)
    probes = _probes(np.asarray(x, dtype=np.float32))
    network = _Ended(OnnxNetwork(graph), AS_IT_IS, _READ[reads])
    expected = np.concatenate([_rows(answered(model, probe)) for probe in probes])
    with torch.no_grad():
        got = np.concatenate([_rows(network(torch.from_numpy(probe)).numpy()) for probe in probes])
    if got.shape != expected.shape:
        raise IncompleteError(f"the converted model answers in shape {got.shape}, onnxruntime in {expected.shape}")
    difference = _apart(got, expected)
    if not difference <= tolerance:
        raise IncompleteError(f"the converted model differs from onnxruntime by {difference:.1e}")
    ending, kept = _ending(graph, expected)
    return Converted(
        module=_Ended(OnnxNetwork(kept), ending, _READ[reads]).eval(), difference=difference, ending=ending
    )


def answered(model: OnnxModel, x: NDArray[Any]) -> NDArray[Any]:
    """What a model says of any number of inputs, though it may take only so many at once.

    Raises:
        InputError: the inputs do not fit the model.
    """
    fixed = (model.inputs[0].shape or (None,))[0]
    if fixed is None or len(x) == fixed or not len(x):
        return model.predict(x)
    told = []
    for start in range(0, len(x), fixed):
        part = x[start : start + fixed]
        whole = np.concatenate([part, np.repeat(part[-1:], fixed - len(part), axis=0)])
        told.append(model.predict(whole)[: len(part)])
    return np.concatenate(told)


def _probes(x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Inputs one by one and in a batch, as they are, and moved by up to half of the range that each place has."""
    some = x[:PROBES]
    rng = np.random.default_rng(0)
    spread = (x.max(initial=0.0) - x.min(initial=0.0)) or 1.0
    moved = some + rng.uniform(-0.5, 0.5, some.shape).astype(np.float32) * np.float32(spread)
    return [some[:1], some, moved]


def _apart(got: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    scale = np.maximum(1.0, np.abs(expected).max(axis=1, keepdims=True, initial=0.0))
    by_size = (np.abs(got - expected) / scale).max(initial=0.0)
    if not got.shape[1] or not (np.isfinite(got).all() and np.isfinite(expected).all()):
        return float(by_size)
    shares = _softmax(expected)
    rounding = _ROUNDED * (shares * np.abs(expected)).sum(axis=1, keepdims=True)  # of the likely classes' own values
    by_class = (np.abs(_softmax(got) - shares) - rounding).max(initial=0.0)
    return float(max(by_size, by_class))


def _softmax(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(rows - rows.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _rows(told: NDArray[Any]) -> NDArray[np.float64]:
    if told.dtype.kind not in "biuf" or np.prod(told.shape[2:]) != 1:
        raise IncompleteError(f"the model answers with {told.dtype} of shape {told.shape}, not with a score per class")
    return np.asarray(told, dtype=np.float64).reshape(len(told), -1)


def _ending(graph: Graph, told: NDArray[np.float64]) -> tuple[str, Graph]:
    """How the output becomes logits, and the graph up to there: labels stay, and gradients do not vanish with them."""
    makers = {name: node for node in graph.nodes for name in node.outputs if name}
    name = graph.output
    while name in makers and makers[name].op in _PASSING:
        name = makers[name].inputs[0]
    last = makers.get(name)
    classes = told.shape[1]
    if last is not None and last.op == "Softmax" and classes >= _TWO and _is_last(last):
        return BEFORE, _up_to(graph, last.inputs[0])
    if last is not None and last.op == "LinearClassifier" and last.attributes.get("post_transform") == "SOFTMAX":
        plain = replace(last, attributes={**last.attributes, "post_transform": "NONE"})
        return BEFORE, replace(graph, nodes=tuple(plain if node is last else node for node in graph.nodes))
    if last is not None and last.op == "Sigmoid" and classes == 1:
        return ONE_LOGIT, _up_to(graph, last.inputs[0])
    if classes == 1:
        return (ONE_SCORE, graph) if bool(((told >= 0) & (told <= 1)).all()) else (ONE_LOGIT, graph)
    shares = bool((told >= 0).all()) and bool((np.abs(told.sum(axis=1) - 1) < _SUM).all())
    return (LOGARITHM if shares else LOGITS), graph


def _is_last(node: Node) -> bool:
    return int(node.attributes.get("axis", -1)) in (-1, 1)


def _up_to(graph: Graph, name: str) -> Graph:
    return replace(graph, output=name)
