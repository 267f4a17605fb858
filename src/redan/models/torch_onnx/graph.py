"""The part of an ONNX graph that one output needs, as plain records; no file is opened.

Source: ONNX IR specification, version 13; external tensors come from verified bytes only.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, InputError, MissingExtraError

Attributes: TypeAlias = Mapping[str, Any]
OPSETS = range(9, 23)
_MODEL = ("", "ai.onnx")
_ML = "ai.onnx.ml"
_MOST_NODES = 50_000
_EXTERNAL = 1
_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, MemoryError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operator.

    Args:
        op: its name.
        inputs: names of values; the empty string for an input that is left out.
        outputs: names of values; the empty string for an output that nobody reads.
        attributes: numbers, texts, lists of them, and constant arrays.
        opset: of its domain.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Attributes = field(default_factory=dict)
    opset: int = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """What computes one output.

    Args:
        nodes: in an order in which each follows what it reads.
        constants: values of the file, by name.
        input: the name of the one input.
        output: the name of the output.
    """

    nodes: tuple[Node, ...]
    constants: Mapping[str, NDArray[Any]]
    input: str
    output: str


def graph_of(data: bytes, output: str, pieces: Mapping[str, bytes] | None = None) -> Graph:
    """Reads the part of a model that an output needs.

    Args:
        data: the model, verified.
        output: the name of the output.
        pieces: verified bytes of files with external tensors, by the name that the model uses.

    Raises:
        MissingExtraError: onnx is not installed.
        InputError: the bytes are no model.
        IncompleteError: it has several inputs, functions of its own, or a set of operators that is not known.
    """
    if find_spec("onnx") is None:
        raise MissingExtraError("torch", "onnx")
    import onnx

    malformed: type[Exception] = import_module("google.protobuf.message").DecodeError
    try:
        model = onnx.load_model_from_string(data)
    except malformed as error:
        raise InputError("the ONNX model is not well formed", remedy="fetch it again") from error
    try:
        return _graph(model, output, pieces or {})
    except _MALFORMED as error:
        raise InputError("the ONNX model is not well formed", remedy="fetch it again") from error


def _graph(model: Any, output: str, pieces: Mapping[str, bytes]) -> Graph:  # noqa: ANN401 -- a protobuf message
    opsets = {entry.domain: int(entry.version) for entry in model.opset_import}
    version = max((opsets.get(domain, 0) for domain in _MODEL), default=0)
    if version not in OPSETS:
        raise IncompleteError(f"operators of version {version} are not converted", remedy="export it at opset 13 to 22")
    if model.functions or len(model.graph.node) > _MOST_NODES:
        raise IncompleteError("the model has functions of its own, or too many nodes")
    constants = {_text(one.name): _array(one, pieces) for one in model.graph.initializer}
    inputs = [_text(one.name) for one in model.graph.input if _text(one.name) not in constants]
    if len(inputs) != 1:
        raise IncompleteError(f"the model has {len(inputs)} inputs, and gradients are made for one")
    nodes = [_node(one, version, opsets.get(_ML, 1), pieces) for one in model.graph.node]
    kept = _needed(nodes, output)
    read = {name for node in kept for name in node.inputs}
    return Graph(
        nodes=kept,
        constants={name: value for name, value in constants.items() if name in read},
        input=inputs[0],
        output=output,
    )


def _node(found: Any, version: int, ml: int, pieces: Mapping[str, bytes]) -> Node:  # noqa: ANN401 -- a protobuf message
    known = found.domain in (*_MODEL, _ML)
    if not known:
        raise IncompleteError(f"the operator {_text(found.domain)}.{_text(found.op_type)} is not converted")
    return Node(
        op=_text(found.op_type),
        inputs=tuple(map(_text, found.input)),
        outputs=tuple(map(_text, found.output)),
        attributes={_text(one.name): _attribute(one, pieces) for one in found.attribute},
        opset=ml if found.domain == _ML else version,
    )


def _text(value: str | bytes) -> str:
    """A name; one that is no UTF-8 comes as bytes."""
    found = value if isinstance(value, str) else value.decode(errors="replace")
    return found if found.isprintable() else ascii(found)


def _attribute(found: Any, pieces: Mapping[str, bytes]) -> Any:  # noqa: ANN401
    from onnx import AttributeProto, helper

    if found.type == AttributeProto.TENSOR:
        return _array(found.t, pieces)
    if found.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS):
        raise IncompleteError("the model branches or loops, and gradients are made for plain graphs")
    value = helper.get_attribute_value(found)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return list(value) if not isinstance(value, int | float | str) else value


def _array(found: Any, pieces: Mapping[str, bytes]) -> NDArray[Any]:  # noqa: ANN401
    from onnx import helper, numpy_helper

    if found.data_location != _EXTERNAL:
        return np.array(numpy_helper.to_array(found))
    words = {entry.key: entry.value for entry in found.external_data}
    held = pieces.get(words.get("location", ""))
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(found.data_type))
    size = math.prod(found.dims) * dtype.itemsize
    try:
        start = int(words.get("offset", "0"))
    except ValueError:
        start = -1
    if held is None or start < 0 or start + size > len(held):
        raise InputError("an external tensor lies outside of its file", remedy="fetch the model again")
    return np.frombuffer(held, dtype, math.prod(found.dims), start).reshape(tuple(found.dims)).copy()


def _needed(nodes: list[Node], output: str) -> tuple[Node, ...]:
    """The nodes that the output depends on, in the order of the file, which is a valid one."""
    wanted, kept = {output}, []
    for node in reversed(nodes):
        if wanted & {name for name in node.outputs if name}:
            kept.append(node)
            wanted |= {name for name in node.inputs if name}
    return tuple(reversed(kept))
