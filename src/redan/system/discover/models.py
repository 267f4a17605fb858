"""Recognises model files by their bytes; none is loaded, unpickled or unpacked."""

import json
import os
import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from redan.errors import InputError
from redan.files import open_regular
from redan.system.discover.found import ModelFile
from redan.system.discover.onnx import onnx_model

_HEAD = 1 << 16
_LOOK = 1 << 18
_DIRECTORY_BYTES = 8 << 20  # of a zip file; a checkpoint of ten thousand tensors needs one
_LIBRARY = re.compile(rb"(sklearn|xgboost|lightgbm|catboost|torch|keras|statsmodels|pandas|numpy)[./\w]")
_LIBRARY_NAMES = {
    b"sklearn": "scikit-learn", b"xgboost": "XGBoost", b"lightgbm": "LightGBM", b"catboost": "CatBoost",
    b"torch": "PyTorch", b"keras": "Keras", b"statsmodels": "statsmodels",
}  # fmt: skip
_TORCH_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # torch.serialization.MAGIC_NUMBER, pickled


def model(root: Path, path: str) -> ModelFile | None:
    """The model that a file holds, or None when its bytes are no model.

    Args:
        root: the folder.
        path: relative to it.
    """
    try:
        with os.fdopen(open_regular(root / path), "rb") as file:
            return _sniffed(file, path, os.fstat(file.fileno()).st_size)
    except (InputError, OSError):
        return None


def _sniffed(file: BinaryIO, path: str, size: int) -> ModelFile | None:
    start = file.read(_HEAD)
    plain = next((name for name, begins in _MAGIC.items() if begins(start)), "")
    if plain:
        return ModelFile(path=path, format=plain)
    found = _container(file, path, start, size)
    if found is None and start[:1] == b"\x08":  # field 1, a varint: how ONNX begins
        found = onnx_model(file, path, size)
    if found is None and path.rpartition("/")[2] == "saved_model.pb":
        found = ModelFile(path=path, format="TensorFlow SavedModel")
    return found or _safetensors(start, path, size)


_MAGIC: Mapping[str, Callable[[bytes], bool]] = {
    "GGUF": lambda start: start.startswith(b"GGUF"),
    "TensorFlow Lite": lambda start: start[4:8] == b"TFL3",
    "CatBoost": lambda start: start.startswith(b"CBM1"),
    "LightGBM (text)": lambda start: start.startswith((b"tree\nversion=", b"tree\r\nversion=")),
    "XGBoost (JSON)": lambda start: start.startswith(b"{") and b'"learner"' in start and b'"version"' in start[:256],
    "XGBoost (UBJSON)": lambda start: start.startswith(b"{L") and b"learner" in start[:64],
    "PMML": lambda start: b"<PMML" in start[:4096],
}


def _container(file: BinaryIO, path: str, start: bytes, size: int) -> ModelFile | None:
    if start.startswith(b"PK\x03\x04"):
        return _zipped(file, path, size)
    if start.startswith(b"\x89HDF\r\n\x1a\n"):
        file.seek(0)
        keras = b"model_config" in file.read(_LOOK) or path.endswith((".h5", ".keras"))
        return ModelFile(path=path, format="Keras (HDF5)", runs_code=True) if keras else None
    if _is_pickle(start, file, size):
        return _pickled(file, path, start)
    if path.endswith(".joblib") and start[:1] in {b"\x78", b"\x1f", b"B", b"\xfd"}:
        return ModelFile(path=path, format="joblib (compressed)", runs_code=True)
    return None


def _is_pickle(start: bytes, file: BinaryIO, size: int) -> bool:
    """Protocol 2 and later begin with PROTO; every pickle ends with STOP, but joblib appends arrays (PEP 3154)."""
    if len(start) < 4 or start[0] != 0x80 or not 2 <= start[1] <= 5:  # noqa: PLR2004
        return False
    if start[1] >= 4:  # noqa: PLR2004 -- protocol 4 frames what follows
        return start[2:3] == b"\x95" or start[2:3].isalnum()
    file.seek(max(0, size - 1))
    return file.read(1) == b"." or start.startswith(_TORCH_MAGIC) or b"\x63" in start[:64]


def _pickled(file: BinaryIO, path: str, start: bytes) -> ModelFile | None:
    if start.startswith(_TORCH_MAGIC):
        return ModelFile(path=path, format="PyTorch (pickle)", runs_code=True)
    file.seek(0)
    seen = [found.group(1) for found in _LIBRARY.finditer(file.read(_LOOK))]
    library = next((_LIBRARY_NAMES[name] for name in seen if name in _LIBRARY_NAMES), "")
    if not library and seen:
        return None  # a pickled table or array
    return ModelFile(path=path, format=f"pickle ({library})" if library else "pickle", runs_code=True)


def _zipped(file: BinaryIO, path: str, size: int) -> ModelFile | None:
    if not _small_directory(file, size):
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error, EOFError):
        return None
    last = {name.rpartition("/")[2] for name in names}
    if "data.pkl" in last:
        return ModelFile(path=path, format="PyTorch (zip)", runs_code=True)
    if "model.weights.h5" in last and "config.json" in last:
        return ModelFile(path=path, format="Keras (zip)", runs_code=True)
    if "schema.json" in last and any(name.endswith(".npy") for name in last):
        return ModelFile(path=path, format="skops")
    return None


def _small_directory(file: BinaryIO, size: int) -> bool:
    """Whether the central directory, which zipfile reads whole, is small (APPNOTE 4.3.16)."""
    file.seek(max(0, size - (1 << 16) - 22))
    tail = file.read((1 << 16) + 22)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 16:
        return False
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    return length <= _DIRECTORY_BYTES


def _safetensors(start: bytes, path: str, size: int) -> ModelFile | None:
    """An eight-byte length, then a JSON table of tensors (safetensors format)."""
    if len(start) < 10:  # noqa: PLR2004
        return None
    length = int.from_bytes(start[:8], "little")
    if not 2 <= length <= min(size - 8, 100_000_000) or start[8:9] != b"{":  # noqa: PLR2004
        return None
    if length <= len(start) - 8:
        try:
            table = json.loads(start[8 : 8 + length])
        except (ValueError, RecursionError):
            return None
        if not isinstance(table, dict):
            return None
    elif b'"data_offsets"' not in start and b'"__metadata__"' not in start:
        return None
    return ModelFile(path=path, format="safetensors")
