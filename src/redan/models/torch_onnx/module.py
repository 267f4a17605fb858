"""The module itself: the nodes of a graph, run one after the other."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from redan.errors import IncompleteError
from redan.models.torch_onnx.elementwise import ELEMENTWISE, Operator
from redan.models.torch_onnx.graph import Graph, Node
from redan.models.torch_onnx.layers import LAYERS
from redan.models.torch_onnx.shapes import SHAPES

OPERATORS: Mapping[str, Operator] = MappingProxyType({**ELEMENTWISE, **LAYERS, **SHAPES})
_FAULTS = (RuntimeError, ValueError, TypeError, IndexError, KeyError, OverflowError, MemoryError, AttributeError)


def _tensor(value: NDArray[Any]) -> Tensor:
    """An array as a tensor.

    Raises:
        IncompleteError: its type has no numbers, such as texts.
    """
    try:
        return torch.from_numpy(value.copy())
    except TypeError as error:
        raise IncompleteError(f"a constant of {value.dtype} is not converted") from error


class OnnxNetwork(nn.Module):  # type: ignore[misc]
    """A graph as a module in evaluation mode; its numbers are buffers, so that nothing trains them by accident."""

    def __init__(self, graph: Graph) -> None:
        """Takes over constants, and computes what no input changes.

        Raises:
            IncompleteError: an operator is not converted.
        """
        super().__init__()
        self._nodes: list[Node] = []
        missing = sorted({node.op for node in graph.nodes} - OPERATORS.keys())
        if missing:
            raise IncompleteError(f"the operators {', '.join(missing)} are not converted to gradients")
        self.graph = graph
        self._places: dict[str, str] = {}
        self._fixed: dict[str, Tensor] = {}
        self._held: dict[str, bool] = {}
        for name, value in graph.constants.items():
            self._keep(name, _tensor(value))
        self._nodes = [node for node in graph.nodes if not self._computed(node)]
        self.eval()

    def _keep(self, name: str, value: Tensor) -> None:
        """Numbers of layers move with the module; whole numbers are shapes and places, and stay where they are read."""
        if value.is_floating_point():
            place = f"value_{len(self._places)}"
            self.register_buffer(place, value)
            self._places[name] = place
        else:
            self._fixed[name] = value

    def _computed(self, node: Node) -> bool:
        if any(name and not self._known(name) for name in node.inputs):
            return False
        for name, value in self._outputs(node, {}).items():
            self._keep(name, value)
        return True

    def _known(self, name: str) -> bool:
        return name in self._places or name in self._fixed

    def _value(self, name: str, values: Mapping[str, Tensor]) -> Tensor | None:
        if not name:
            return None
        if name in values:
            return values[name]
        return self.get_buffer(self._places[name]) if name in self._places else self._fixed[name]

    def _outputs(self, node: Node, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What a node gives, by name.

        Raises:
            IncompleteError: the arguments do not fit, so the graph is of a kind that was not thought of.
        """
        try:
            made = OPERATORS[node.op](node, [self._value(name, values) for name in node.inputs])
        except _FAULTS as error:
            raise IncompleteError(f"the operator {node.op} could not be computed by PyTorch") from error
        parts = made if isinstance(made, tuple) else (made,)
        return {name: part for name, part in zip(node.outputs, parts, strict=False) if name}

    def forward(self, x: Tensor) -> Tensor:
        """The output of the graph."""
        values: dict[str, Tensor] = {self.graph.input: x}
        for node in self._nodes:
            values |= self._outputs(node, values)
        name = self.graph.output
        found = self._value(name, values) if name in values or self._known(name) else None
        if found is None:
            raise IncompleteError("the graph does not compute its output")
        return found

    def extra_repr(self) -> str:
        """Operators and how often each comes."""
        counts: dict[str, Any] = {}
        for node in self._nodes:
            counts[node.op] = counts.get(node.op, 0) + 1
        return ", ".join(f"{op} {n}" for op, n in sorted(counts.items()))
