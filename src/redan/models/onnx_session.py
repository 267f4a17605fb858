"""ONNX from memory: no file is opened, no library is loaded, external tensors come from verified bytes only.

Source: onnxruntime, SessionOptions.add_external_initializers_from_files_in_memory.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from redan.errors import IncompleteError, InputError, UsageError
from redan.models.versions import required

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_PACKAGE = "onnxruntime"
_QUIET = 4  # only what ends the process; messages of hostile models quote their names
# A model could then carry session options of its own, such as a file to write a profile to.
_CONFIG_FROM_MODEL = "ORT_LOAD_CONFIG_FROM_MODEL"
_NO_REPORTS = "ORT_DISABLE_TELEMETRY"
_FAULTS = (
    "EPFail",
    "EngineError",
    "Fail",
    "InvalidArgument",
    "InvalidGraph",
    "InvalidProtobuf",
    "ModelRequiresCompilation",
    "NoModel",
    "NoSuchFile",
    "NotFound",
    "NotImplemented",
    "RuntimeException",
)


def _silenced() -> None:
    """Keeps the runtime from reporting its use: wheels of 1.31 gather events in the user's cache and send them off.

    The variable is read when it is imported; the call is for where somebody did that before.
    """
    os.environ[_NO_REPORTS] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()


def faults() -> tuple[type[Exception], ...]:
    """What onnxruntime raises of its own; it has no common base below Exception."""
    _silenced()
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = tuple(getattr(state, name) for name in _FAULTS if hasattr(state, name))
    return (*own, RuntimeError, ValueError, TypeError, MemoryError)


def onnx_session(data: bytes, pieces: Mapping[str, bytes], *, threads: int = 0) -> tuple["InferenceSession", str, str]:
    """A session on the CPU.

    Args:
        data: the model, verified.
        pieces: the verified bytes of every file with external tensors, by the name that the model uses.
        threads: for one answer; 0 leaves it to the runtime, 1 suits servers that answer many small questions.

    Returns:
        The session, the loader and its version.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        IncompleteError: it is too old.
        UsageError: the environment lets models configure their own session.
        InputError: the model cannot be loaded, such as one with operators of other libraries.
    """
    found = required("onnx", _PACKAGE)
    _silenced()
    import onnxruntime

    if os.environ.get(_CONFIG_FROM_MODEL, "0") != "0":
        raise UsageError(f"{_CONFIG_FROM_MODEL} is set, so models configure their own session", remedy="unset it")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    if threads:
        options.intra_op_num_threads = options.inter_op_num_threads = threads
    if pieces:
        give = getattr(options, "add_external_initializers_from_files_in_memory", None)
        if give is None:
            raise IncompleteError(
                f"onnxruntime {found} cannot take external tensors from memory",
                remedy="pip install --upgrade onnxruntime, or save the model with its tensors in one file",
            )
        give(list(pieces), list(pieces.values()), [len(piece) for piece in pieces.values()])
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except faults() as error:
        raise InputError(
            f"onnxruntime {found} does not load the model",
            remedy="check that it needs no operators of other libraries, and export it again",
        ) from error
    return session, _PACKAGE, found
