"""safetensors from memory: a dictionary of NumPy arrays, and nothing that could run."""

from typing import TYPE_CHECKING, Any

from redan.errors import InputError
from redan.models.versions import required

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PACKAGE = "safetensors"
_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "U64": "<u8",
    "I32": "<i4",
    "U32": "<u4",
    "I16": "<i2",
    "U16": "<u2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
    "C64": "<c8",
}


def tensors(data: bytes) -> "tuple[dict[str, NDArray[Any]], str, str]":
    """The arrays of a safetensors file; bfloat16, which NumPy does not have, becomes float32 without loss.

    Args:
        data: the file, verified.

    Returns:
        The arrays by name, read-only, the loader and its version.

    Raises:
        MissingExtraError: safetensors is not installed.
        InputError: the file is not well formed, or has numbers that NumPy does not have.
    """
    found = required(_PACKAGE, _PACKAGE)
    import safetensors

    try:
        parts = safetensors.deserialize(data)  # type: ignore[no-untyped-call]
    except (safetensors.SafetensorError, ValueError, TypeError) as error:
        raise InputError("the safetensors file is not well formed", remedy="fetch it again") from error
    return {name: _array(name, part) for name, part in parts}, _PACKAGE, found


def _array(name: str, part: "dict[str, Any]") -> "NDArray[Any]":
    import numpy as np

    kind, shape, data = part["dtype"], part["shape"], part["data"]
    if kind == "BF16":  # the upper half of a float32
        wide = np.frombuffer(data, "<u2").astype("<u4") << 16
        return wide.view("<f4").reshape(shape)
    if kind not in _TYPES:
        raise InputError(
            f"tensor {name[:80]!r} has numbers of type {kind}, which NumPy does not have",
            remedy="save it as float16 or float32",
        )
    return np.frombuffer(data, _TYPES[kind]).reshape(shape)
