"""Which format some bytes are, said by the bytes alone: a file's name never chooses its loader."""

import io
import zipfile
from enum import StrEnum
from pathlib import PurePosixPath

from redan.errors import InputError
from redan.models.onnx_external import is_onnx

_ZIP = b"PK\x03\x04"
_MEMBERS = 200_000  # a sharded state dict has some ten thousand
# What torch wrote first before its zip format: a pickled 0x1950A86A20F9469CFC6C (torch.serialization.MAGIC_NUMBER).
_TORCH_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_COMPRESSED = (
    *(b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"),  # zlib
    *(b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x5d\x00\x00"),  # gzip, bzip2, xz, lzma
)
_NEWEST_PICKLE = 5
_SAFETENSORS_HEADER = 100_000_000  # safetensors, tensor.rs: MAX_HEADER_SIZE
_KEEP = "export it to ONNX, safetensors or skops"
_REFUSED = (
    (0, b"\x89HDF\r\n\x1a\n", "HDF5, as Keras writes it, whose layers may hold code"),
    (0, b"GGUF", "GGUF, which the language-model runtimes read by themselves"),
    (4, b"ORTM", "the internal format of ONNX Runtime, which is not checked when it is read"),
    (4, b"TFL3", "TensorFlow Lite"),
    (0, b"CBM1", "CatBoost"),
    (0, b"tree\n", "LightGBM text"),
    (0, b"\x93NUMPY", "a NumPy array, not a model"),
    (0, b"\x04\x22M\x18", "lz4, inside of which nothing was looked at"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z, inside of which nothing was looked at"),
)  # fmt: skip


class Format(StrEnum):
    """The formats that can be loaded from memory."""

    ONNX = "onnx"
    SAFETENSORS = "safetensors"
    TORCH = "pytorch-zip"
    TORCH_LEGACY = "pytorch-legacy"
    TORCHSCRIPT = "torchscript"
    SKOPS = "skops"
    PICKLE = "pickle"


RUNS_CODE = frozenset({Format.TORCHSCRIPT, Format.PICKLE})


def recognise(data: bytes) -> Format:
    """The format of a model file.

    Args:
        data: the whole file.

    Returns:
        One format; bytes that two loaders would read differently are refused.

    Raises:
        InputError: no loader is offered for these bytes; says which format they are when that is known.
    """
    for at, magic, what in _REFUSED:
        if data[at : at + len(magic)] == magic:
            raise InputError(f"the file is {what}", remedy=_KEEP)
    if is_safetensors(data):  # first: its length may spell the magic of another format, theirs never its brace
        return Format.SAFETENSORS
    if data.startswith(_ZIP):
        return _archive(data)
    if data.startswith(_TORCH_LEGACY):
        return Format.TORCH_LEGACY
    if _is_pickle(data) or data.startswith(_COMPRESSED):
        return Format.PICKLE
    if is_onnx(data):
        return Format.ONNX
    raise InputError("the file is of no format that can be loaded", remedy=_KEEP)


def _is_pickle(data: bytes) -> bool:
    return len(data) > 1 and data[0] == 0x80 and data[1] <= _NEWEST_PICKLE  # noqa: PLR2004 -- the opcode PROTO


def is_safetensors(data: bytes) -> bool:
    """Whether bytes start as safetensors: the length of a JSON object, and its brace."""
    length = int.from_bytes(data[:8], "little")
    return data[8:9] == b"{" and length <= min(_SAFETENSORS_HEADER, len(data) - 8)


def _archive(data: bytes) -> Format:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [info.filename for info in archive.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise InputError("the file is a damaged zip archive", remedy="fetch it again") from error
    if len(names) > _MEMBERS or len(set(names)) != len(names):
        raise InputError("the zip archive has too many members, or one name twice", remedy="save the model again")
    found = sorted(_kinds(names))
    if not found:
        raise InputError("the file is a zip archive of no known model format", remedy=_KEEP)
    if len(found) > 1:
        raise InputError(
            f"the zip archive can be read as {' and as '.join(found)}", remedy="save the model again in one format"
        )
    return found[0]


def _kinds(names: list[str]) -> set[Format]:
    parts = [PurePosixPath(name).parts for name in names]
    below = {part[1:] for part in parts if len(part) > 1}
    kinds: set[Format] = set()
    if ("constants.pkl",) in below or any(part[0] == "code" for part in below):
        kinds.add(Format.TORCHSCRIPT)
    elif ("data.pkl",) in below:
        kinds.add(Format.TORCH)
    if ("schema.json",) in parts:
        kinds.add(Format.SKOPS)
    if ("config.json",) in parts and any(part[-1].endswith(".h5") for part in parts if part):
        raise InputError("the file is a Keras archive, whose layers may hold code", remedy=_KEEP)
    return kinds
