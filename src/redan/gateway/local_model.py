"""A sealed ONNX model in this process: exactly the verified bytes, one generation at a time.

Source: A-MLSG-004-D002.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from redan.exchange.flow import Flow
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.exchange.tensors import Array, Port, Tensor
from redan.models.onnx_session import faults

_GUARD = "model"
_TYPES = {
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(float16)": "FP16",
    "tensor(int64)": "INT64",
    "tensor(int32)": "INT32",
    "tensor(int16)": "INT16",
    "tensor(int8)": "INT8",
    "tensor(uint64)": "UINT64",
    "tensor(uint32)": "UINT32",
    "tensor(uint16)": "UINT16",
    "tensor(uint8)": "UINT8",
    "tensor(bool)": "BOOL",
    "tensor(string)": "BYTES",
}


@dataclass(frozen=True, slots=True)
class LocalModel:
    """One generation in service.

    Args:
        session: an `onnxruntime.InferenceSession` over verified bytes.
        version: what it is called to clients.
        inputs: what it takes.
        outputs: what it gives; only those of plain tensors.
        platform: what runs it, in the words of the protocol.
    """

    session: Any
    version: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    platform: str = "onnxruntime_onnx"
    _names: list[str] = field(init=False, repr=False)
    _texts: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """What every request asks for is made once."""
        object.__setattr__(self, "_names", [port.name for port in self.outputs])
        object.__setattr__(self, "_texts", any(port.datatype == "BYTES" for port in self.inputs))

    def ask(self, flow: Flow) -> tuple[Tensor, ...]:
        """The outputs that were asked for, or all; see `redan.gateway.upstream.Local`."""
        asked, around = flow.inference, flow.around
        if asked is None:
            raise RefusedError(Refusal(Problem.MALFORMED, _GUARD))
        flow.generation = self.version
        needs, change = (None, None) if around is None else (around.needs, around.change)
        feed = self.fed(asked.inputs)
        if change is not None:
            feed = {name: change(values) if values.dtype.kind == "f" else values for name, values in feed.items()}
        ports, names = (self.outputs, self._names) if needs is None else needs
        if asked.outputs and needs is None:
            known = {port.name: port for port in ports}
            ports = tuple(known[one.name] for one in asked.outputs if one.name in known)
            names = [port.name for port in ports]
        return self.run(feed, ports, names)

    def fed(self, inputs: Sequence[Tensor]) -> dict[str, Array]:
        """Arrays as the runtime takes them, by the names of inputs; it would take bytes for how Python shows them.

        Args:
            inputs: of a question.

        Raises:
            RefusedError: a text is not UTF-8.
        """
        if not self._texts:
            return {tensor.name: tensor.values for tensor in inputs}
        return {one.name: _texts(one.values) if one.datatype == "BYTES" else one.values for one in inputs}

    def run(self, feed: Mapping[str, Array], ports: Sequence[Port], names: list[str]) -> tuple[Tensor, ...]:
        """Some outputs for arrays by the names of inputs.

        Args:
            feed: one array for each input.
            ports: the outputs.
            names: of them.

        Raises:
            RefusedError: the model failed.
        """
        try:
            found = self.session.run(names, feed)
        except faults() as error:
            raise RefusedError(Refusal(Problem.BROKEN, _GUARD)) from error
        return tuple([Tensor(port.name, port.datatype, values) for port, values in zip(ports, found, strict=True)])


def local_model(session: Any, version: str) -> LocalModel:  # noqa: ANN401 -- onnxruntime ships no types
    """A session as a generation in service.

    Args:
        session: over verified bytes.
        version: what it is called to clients.
    """
    return LocalModel(session, version, _ports(session.get_inputs()), _ports(session.get_outputs()))


def _ports(found: list[Any]) -> tuple[Port, ...]:
    return tuple(
        Port(str(one.name), _TYPES[one.type], tuple(n if isinstance(n, int) else -1 for n in one.shape))
        for one in found
        if one.type in _TYPES
    )


def _texts(values: Array) -> Array:
    """Objects of `str` from objects of `bytes`, in their shape."""
    found = np.empty(values.size, dtype=object)
    try:
        found[:] = [one.decode() if isinstance(one, bytes) else one for one in values.ravel().tolist()]
    except UnicodeDecodeError as error:
        raise RefusedError(Refusal(Problem.MALFORMED, _GUARD, "a text is not UTF-8")) from error
    return found.reshape(values.shape)
