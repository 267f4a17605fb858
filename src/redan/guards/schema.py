"""The question fits what the model takes: every input once, of its type and shape.

Source: A-MLSG-004-D004; Open Inference Protocol, version 2, REST: inference request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from redan.exchange.decode import decode
from redan.exchange.flow import Flow
from redan.exchange.limits import Limits
from redan.exchange.problem import Problem, Refusal
from redan.exchange.tensors import Port, Tensor

_JSON_LENGTH: Final = b"inference-header-content-length"
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Schema:
    """Decodes the question and compares it with the ports of the model.

    Args:
        ports: inputs and outputs of a model in service by its name; None for a model that is not there.
        limits: how large a question may be.
    """

    ports: Callable[[str], tuple[tuple[Port, ...], tuple[Port, ...]] | None]
    limits: Limits
    name: str = "schema"

    def inbound(self, flow: Flow) -> Refusal | None:
        """Fills `flow.inference`, or refuses."""
        found = self.ports(flow.model)
        if found is None:
            return Refusal(Problem.UNKNOWN, self.name)
        length = flow.fields.get(_JSON_LENGTH)
        if length is not None and not (length.isdigit() and len(length) <= _DIGITS):
            return Refusal(Problem.MALFORMED, self.name, "the header's length of the JSON is no number")
        flow.inference = asked = decode(flow.request.body, None if length is None else int(length), self.limits)
        inputs, outputs = found
        if len(asked.inputs) != len(inputs):
            return Refusal(Problem.SCHEMA, self.name, "the inputs are not those of the model")
        given = {tensor.name: tensor for tensor in asked.inputs}
        for port in inputs:
            if not _fits(given.get(port.name), port):
                return Refusal(Problem.SCHEMA, self.name, "the inputs are not those of the model")
        if asked.outputs:
            names = {port.name for port in outputs}
            if any(one.name not in names for one in asked.outputs):
                return Refusal(Problem.SCHEMA, self.name, "the model has no such output")
        return None


def _fits(tensor: Tensor | None, port: Port) -> bool:
    if tensor is None or tensor.datatype != port.datatype:
        return False
    shape, want = tensor.values.shape, port.shape
    return shape == want or (
        len(shape) == len(want) and all(free in (-1, size) for size, free in zip(shape, want, strict=True))
    )
