"""Files that no loader here reads or that are programs: each is named, with what to do instead.

Sources: magic numbers as file(1) and the formats' own documents give them.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from redan.scan.contract import Context, Format
from redan.scan.records import Detection
from redan.scan.region import Region
from redan.scan.say import Voice

_UNPACK = "Unpack it yourself with a tool you trust, and scan what comes out."
_PROGRAM = "A model needs no program: do not run it; ask its maker why it is there."
_CONVERT = "Convert the model from its source to ONNX or safetensors, and scan that."
_DATA = "It is data, not a model: seal it as a dataset."


class _Kind(NamedTuple):
    """A format that is named and not read: its name, its magic and where that stands, what it is, what to do."""

    name: str
    offset: int
    magic: bytes
    what: str
    remedy: str


_KINDS = (
    _Kind("elf", 0, b"\x7fELF", "a program or library for Linux", _PROGRAM),
    _Kind("mach-o", 0, b"\xcf\xfa\xed\xfe", "a program or library for macOS", _PROGRAM),
    _Kind("mach-o", 0, b"\xce\xfa\xed\xfe", "a program or library for macOS", _PROGRAM),
    _Kind("mach-o", 0, b"\xfe\xed\xfa\xcf", "a program or library for macOS", _PROGRAM),
    _Kind("mach-o", 0, b"\xfe\xed\xfa\xce", "a program or library for macOS", _PROGRAM),
    _Kind("java-class", 0, b"\xca\xfe\xba\xbe", "a class of Java or a program for macOS", _PROGRAM),
    _Kind(
        "java-serialised", 0, b"\xac\xed\x00\x05", "a stream of Java objects that runs code when it is read", _CONVERT
    ),
    _Kind("webassembly", 0, b"\0asm", "a program in WebAssembly", _PROGRAM),
    _Kind("dex", 0, b"dex\n", "a program for Android", _PROGRAM),
    _Kind("ar", 0, b"!<arch>\n", "a library or package", _UNPACK),
    _Kind("rpm", 0, b"\xed\xab\xee\xdb", "a package of a system", _PROGRAM),
    _Kind("7z", 0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    _Kind("rar", 0, b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    _Kind("cab", 0, b"MSCF", "a cabinet archive", _UNPACK),
    _Kind("zstd", 0, b"\x28\xb5\x2f\xfd", "data compressed with zstd", _UNPACK),
    _Kind("lz4", 0, b"\x04\x22\x4d\x18", "data compressed with lz4", _UNPACK),
    _Kind("lzip", 0, b"LZIP", "data compressed with lzip", _UNPACK),
    _Kind("compress", 0, b"\x1f\x9d", "data compressed with compress", _UNPACK),
    _Kind("xar", 0, b"xar!", "an installer for macOS", _PROGRAM),
    _Kind("cpio", 0, b"070701", "a cpio archive", _UNPACK),
    _Kind("r-rds", 0, b"X\n\0\0\0", "an R object, which can hold functions", _CONVERT),
    _Kind("r-rds", 0, b"A\n2\n", "an R object, which can hold functions", _CONVERT),
    _Kind("r-rds", 0, b"A\n3\n", "an R object, which can hold functions", _CONVERT),
    _Kind("r-rds", 0, b"B\n\2\0", "an R object, which can hold functions", _CONVERT),
    _Kind("r-rds", 0, b"B\n\3\0", "an R object, which can hold functions", _CONVERT),
    _Kind("r-data", 0, b"RDX2\n", "an R workspace, which can hold functions and promises that run", _CONVERT),
    _Kind("r-data", 0, b"RDX3\n", "an R workspace, which can hold functions and promises that run", _CONVERT),
    _Kind("r-data", 0, b"RDA2\n", "an R workspace, which can hold functions and promises that run", _CONVERT),
    _Kind("r-data", 0, b"RDA3\n", "an R workspace, which can hold functions and promises that run", _CONVERT),
    _Kind("r-data", 0, b"RDB2\n", "an R workspace, which can hold functions and promises that run", _CONVERT),
    _Kind("r-data", 0, b"RDB3\n", "an R workspace, which can hold functions and promises that run", _CONVERT),
    _Kind("matlab", 0, b"MATLAB 5.0 MAT-file", "a MATLAB file, which can hold function handles and objects", _CONVERT),
    _Kind("tflite", 4, b"TFL3", "a TensorFlow Lite model, whose operators can come from a library", _CONVERT),
    _Kind("executorch", 4, b"ET1", "an ExecuTorch program", _CONVERT),
    _Kind("pytorch-mobile", 4, b"PTMF", "a PyTorch Mobile model, which holds code", _CONVERT),
    _Kind("onnxruntime", 4, b"ORTM", "an ONNX Runtime model", "Scan the ONNX model that it was made from."),
    _Kind("tensorrt", 0, b"ptrt", "a TensorRT engine, which holds compiled code", _CONVERT),
    _Kind("tensorrt", 0, b"ftrt", "a TensorRT engine, which holds compiled code", _CONVERT),
    _Kind("rknn", 0, b"RKNN", "a model for Rockchip, which holds compiled code", _CONVERT),
    _Kind("parquet", 0, b"PAR1", "a Parquet table", _DATA),
    _Kind("arrow", 0, b"ARROW1", "an Arrow table", _DATA),
    _Kind("feather", 0, b"FEA1", "a Feather table", _DATA),
    _Kind("avro", 0, b"Obj\x01", "an Avro table", _DATA),
    _Kind("sqlite", 0, b"SQLite format 3\0", "a SQLite database", _DATA),
    _Kind("pdf", 0, b"%PDF-", "a PDF document", "A model needs no document with scripts: leave it out."),
    _Kind("ole", 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document", "Leave it out: it can hold macros."),
)


def _starts(kind: _Kind, region: Region, _name: str) -> bool:
    return region.upto(kind.offset, len(kind.magic)) == kind.magic


def _named(kind: _Kind, _region: Region, context: Context) -> Iterator[Detection]:
    yield Voice(context.place).unclear(
        f"unread-{kind.name}", f"The file is {kind.what}: it is not examined.", remedy=kind.remedy
    )


def _is_windows(region: Region, _name: str) -> bool:
    """`MZ`, and the header of a program where its offset says."""
    head = region.upto(0, 64)
    return head[:2] == b"MZ" and region.upto(int.from_bytes(head[60:64], "little"), 4) == b"PE\0\0"


def _is_bytecode(region: Region, _name: str) -> bool:
    """The magic of a module compiled by CPython 3: a number that grows with each release, then CR LF."""
    head = region.upto(0, 8)
    known = 3000 <= int.from_bytes(head[:2], "little") < 4000  # noqa: PLR2004 -- CPython 3.0 to well beyond 3.14
    return head[2:4] == b"\r\n" and known and head[4:] in {bytes(4), b"\1\0\0\0", b"\3\0\0\0"}


def _is_coreml(region: Region, _name: str) -> bool:
    """A CoreML specification: version 1 to 20, then a description that holds a message."""
    head = region.upto(0, 3)
    return head[:1] == b"\x08" and 1 <= head[1] <= 20 and head[2:] == b"\x12" and _has_coreml_type(region)  # noqa: PLR2004


def _has_coreml_type(region: Region) -> bool:
    from redan.scan.formats.protobuf import ProtoError, Wire

    try:
        numbers = [f.number for f in Wire(region, None).fields(0, region.size)]
    except ProtoError:
        return False
    return any(200 <= n <= 3100 for n in numbers)  # noqa: PLR2004 -- the kinds of models


def _is_checkpoint(region: Region, _name: str) -> bool:
    """The footer of a sorted table, as `variables.index` of TensorFlow has."""
    return region.upto(max(0, region.size - 8), 8) == b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"


def _in_directory(*names: bytes) -> Callable[[Region, str], bool]:
    """Whether a zip file names one of some members in its directory, at its end."""
    pattern = re.compile(b"|".join(re.escape(n) for n in names))

    def recognise(region: Region, _name: str) -> bool:
        tail = region.upto(max(0, region.size - (1 << 20)), 1 << 20)
        return region.upto(0, 2) == b"PK" and bool(pattern.search(tail))

    return recognise


def _nothing(_region: Region, _context: Context) -> Iterator[Detection]:
    """The reader of zip files walks the members; there is nothing to add."""
    return iter(())


def _format(
    name: str, recognise: Callable[[Region, str], bool], what: str, remedy: str, *, refines: str = ""
) -> Format:
    kind = _Kind(name, 0, b"", what, remedy)
    return Format(name=name, recognise=recognise, read=partial(_named, kind), refines=refines)


_BY_MAGIC = tuple(Format(name=k.name, recognise=partial(_starts, k), read=partial(_named, k)) for k in _KINDS)
FORMATS = (
    *_BY_MAGIC,
    _format("windows-program", _is_windows, "a program or library for Windows", _PROGRAM),
    _format("python-bytecode", _is_bytecode, "a compiled module of Python", _PROGRAM),
    _format("coreml", _is_coreml, "a CoreML model, whose layers can be custom code", _CONVERT),
    _format("tf-checkpoint", _is_checkpoint, "the index of a TensorFlow checkpoint", _CONVERT),
    _format(
        "program-archive",
        _in_directory(b"META-INF/MANIFEST.MF", b".dist-info/WHEEL", b"AndroidManifest.xml", b"EGG-INFO/"),
        "a package of Java, Android or Python, which runs when it is installed or opened",
        _PROGRAM,
        refines="zip",
    ),
    Format(
        name="keras-zip",
        recognise=_in_directory(b"model.weights.h5", b"model.weights.npz", b"model.weights.json"),
        read=_nothing,
        refines="zip",
    ),
    Format(name="coreml-package", recognise=_in_directory(b"com.apple.CoreML/"), read=_nothing, refines="zip"),
)
