"""By which operator an ONNX model makes an output: whether its numbers are shares, or scores without bounds.

Source: onnx.proto3 (GraphProto, NodeProto).
"""

from types import MappingProxyType
from typing import Final

from redan.errors import InputError
from redan.models.onnx_external import OnnxFields
from redan.scan.formats.protobuf import ProtoError
from redan.scan.region import RegionError

_GRAPH, _NODE, _OUTPUT, _OPERATOR, _LEN = 7, 1, 2, 4, 2
_SHARES: Final = MappingProxyType(
    {"Sigmoid": True, "Softmax": True, "Gemm": False, "MatMul": False, "Add": False, "LogSoftmax": False}
)


def gives_shares(data: bytes, name: str) -> bool | None:
    """Whether an output holds numbers from 0 to 1, as its name or the operator that makes it says.

    Args:
        data: of an ONNX model.
        name: of the output.

    Returns:
        None when neither says so.

    Raises:
        InputError: the bytes are no well-formed ONNX model.
    """
    if "prob" in name.lower():
        return True
    if "logit" in name.lower():
        return False
    model, found = OnnxFields(data), None
    try:
        for graph in model.fields(0, len(data)):
            if (graph.number, graph.wire) != (_GRAPH, _LEN):
                continue
            for node in model.fields(graph.start, graph.size):
                if (node.number, node.wire) != (_NODE, _LEN):
                    continue
                parts = [part for part in model.fields(node.start, node.size) if part.wire == _LEN]
                if any(part.number == _OUTPUT and model.text(part) == name for part in parts):
                    found = next((model.text(part) for part in parts if part.number == _OPERATOR), None)
    except (ProtoError, RegionError) as error:
        raise InputError("the ONNX model is not well formed", remedy="fetch it again") from error
    return None if found is None else _SHARES.get(found)
