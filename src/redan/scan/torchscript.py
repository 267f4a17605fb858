"""TorchScript sources in an archive: run by torch's own interpreter, which has few ways out, and those are named here.

Source: torch/csrc/jit/frontend; operators of ATen that open files (`aten::from_file`, `aten::save`).
"""

import re
from collections.abc import Iterator

from redan.scan.contract import Context
from redan.scan.records import Detection, ScanVerdict
from redan.scan.region import READ_LIMIT_BYTES, Region

_CODE = re.compile(r"(?:^|/)code/__torch__(?:/[\w./]+)?\.py$")
_CALL = re.compile(r"(?<![\w.])(torch|ops)\.([A-Za-z_][\w.]*)\s*\(")
_CLASS = re.compile(r"__torch__\.torch\.classes\.(\w+)")
_REACHES_OUT = frozenset({"from_file", "save", "load", "load_library", "_load_for_lite_interpreter", "rpc_async"})
_REACHES_OUT_OF_PRIM = frozenset({"rpc_sync", "rpc_remote", "rpc_async"})
_NAMESPACES = frozenset(
    {
        "prim",
        "aten",
        "quantized",
        "_quantized",
        "sparse",
        "mkldnn",
        "mkldnn_prepacked",
        "xnnpack",
        "prepacked",
        "torchvision",
    }
)
_CLASSES = frozenset({"quantized", "sparse", "xnnpack", "mkldnn", "rnn"})


def is_code(region: Region, name: str) -> bool:
    """Whether a member has the name of TorchScript source and is text."""
    return _CODE.search(name) is not None and b"\0" not in region.upto(0, 4096)


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Calls of operators that reach files or processes, or that this scanner does not know."""
    if context.hint != "torchscript":
        yield _told(context, "code", "The file is program text in an archive that is no TorchScript.", 0)
        return
    if region.size > READ_LIMIT_BYTES:
        yield _told(context, "unread-text", "The TorchScript source is longer than this scanner reads.", 0)
        return
    text = region.read(0, region.size).decode("utf-8")
    context.budget.spend(steps=len(text) // 16)
    for match in _CALL.finditer(text):
        yield from _called(context, match[1], match[2], match.start())
    for match in _CLASS.finditer(text):
        if match[1] not in _CLASSES:
            what = f"The TorchScript uses the native class {match[1][:80]!r} of an extension."
            yield _told(context, "torchscript-extension", what, match.start())


def _called(context: Context, home: str, path: str, offset: int) -> Iterator[Detection]:
    space, _, name = path.partition(".") if home == "ops" else ("aten", "", path)
    if name in _REACHES_OUT or name in _REACHES_OUT_OF_PRIM:
        yield Detection(
            rule="torchscript-operator",
            verdict=ScanVerdict.MALICIOUS,
            what=f"The TorchScript calls {space}::{name}, which reaches files or other processes when the model runs.",
            member=context.place,
            offset=offset,
            reference="CWE-829",
            remedy="Do not load it; ask its maker for weights in safetensors or for ONNX.",
        )
    elif space not in _NAMESPACES:
        what = f"The TorchScript calls {space[:80]}::{name[:80]}, an operator of an extension."
        yield _told(context, "torchscript-extension", what, offset)


def _told(context: Context, rule: str, what: str, offset: int) -> Detection:
    return Detection(
        rule=rule,
        verdict=ScanVerdict.NOT_UNDERSTOOD,
        what=what,
        member=context.place,
        offset=offset,
        reference="CWE-829",
        remedy="Read the code, or ask its maker for weights alone.",
    )
