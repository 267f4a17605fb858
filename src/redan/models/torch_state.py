"""PyTorch from memory: a dictionary of tensors by default, a TorchScript program only on demand."""

import io
from typing import Any

from redan.errors import InputError
from redan.models.unpickling import FAULTS
from redan.models.versions import required

_PACKAGE = "torch"


def state_dict(data: bytes) -> tuple[dict[str, Any], str, str]:
    """The tensors of a checkpoint, read with `weights_only`.

    Args:
        data: the file, verified.

    Returns:
        The dictionary, on the CPU, the loader and its version.

    Raises:
        MissingExtraError: torch is not installed.
        IncompleteError: it is so old that `weights_only` protects nothing.
        InputError: the file holds other objects than tensors and plain values, or no dictionary.
    """
    found = required(_PACKAGE, _PACKAGE)
    import torch

    try:
        loaded = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except FAULTS as error:
        raise InputError(
            "the checkpoint holds more than tensors and plain values",
            remedy="save state_dict() instead of the model, or use safetensors",
        ) from error
    if not isinstance(loaded, dict):
        raise InputError("the checkpoint holds no dictionary of tensors", remedy="save state_dict()")
    return loaded, _PACKAGE, found


def script(data: bytes) -> tuple[object, str, str]:
    """A TorchScript program, which may do whatever its operators can, files included, when it is called.

    Args:
        data: the file, verified; the caller asked for an unsafe format.

    Returns:
        The module, the loader and its version.

    Raises:
        MissingExtraError: torch is not installed.
        IncompleteError: a fault of the installed version is published.
        InputError: the file cannot be loaded.
    """
    found = required(_PACKAGE, _PACKAGE)
    import warnings

    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch.jit retires; its files do not
            return torch.jit.load(io.BytesIO(data), map_location="cpu"), _PACKAGE, found
    except FAULTS as error:
        raise InputError("torch does not load the TorchScript program", remedy="export it again") from error
