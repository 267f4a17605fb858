"""A named array as the Open Inference Protocol has it, and the types that it may have.

Source: Open Inference Protocol, version 2, REST: tensor data types.
"""

from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
DTYPES = MappingProxyType(
    {
        "BOOL": np.dtype("?"),
        "UINT8": np.dtype("u1"),
        "UINT16": np.dtype("<u2"),
        "UINT32": np.dtype("<u4"),
        "UINT64": np.dtype("<u8"),
        "INT8": np.dtype("i1"),
        "INT16": np.dtype("<i2"),
        "INT32": np.dtype("<i4"),
        "INT64": np.dtype("<i8"),
        "FP16": np.dtype("<f2"),
        "FP32": np.dtype("<f4"),
        "FP64": np.dtype("<f8"),
        "BYTES": np.dtype("O"),
    }
)
DATATYPES = MappingProxyType({dtype: name for name, dtype in DTYPES.items()})


class Tensor(NamedTuple):
    """One input or output.

    Args:
        name: of the port.
        datatype: one of `DTYPES`.
        values: in its shape; objects of `bytes` for BYTES.
    """

    name: str
    datatype: str
    values: Array


class Port(NamedTuple):
    """One input or output as a model declares it.

    Args:
        name: of the port.
        datatype: one of `DTYPES`.
        shape: -1 for a length that is free.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]


class Wanted(NamedTuple):
    """One output that a client asks for.

    Args:
        name: of the port.
        binary: whether it is to come as bytes behind the JSON.
    """

    name: str
    binary: bool


class Inference(NamedTuple):
    """A decoded question.

    Args:
        id: the client's own, given back with the answer; the empty string when there is none.
        inputs: in the order of the request.
        outputs: asked for; all when empty.
        binary: whether outputs come as bytes where nothing else is said.
        rows: length of the first axis, the same for every input; 1 where an input has no axis.
    """

    id: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Wanted, ...]
    binary: bool
    rows: int
