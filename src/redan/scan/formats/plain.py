"""Plain text beside a model: harmless unless a loader runs it, and these rules say which loaders would.

YAML is not parsed: tags and keys are looked for in the text with its escapes undone, which finds more than a parser
does.
"""

import codecs
import re
from collections.abc import Iterator
from urllib.parse import unquote

from redan.scan.contract import Context, Format
from redan.scan.formats import template
from redan.scan.formats.gadgets import DOTTED, dangerous
from redan.scan.records import Detection
from redan.scan.region import READ_LIMIT_BYTES, Region
from redan.scan.say import Voice, shown, words

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_CODE_NAMES = words(
    ".py .pyw .pyi .pyx .ipynb .sh .bash .zsh .bat .cmd .ps1 .js .mjs .ts .rb .pl .php .lua .r .jl .scala .java .c .cc "
    ".cpp .h .cu .cl .rs .go .vbs .wsf .hta .pth .lisp .m .sql .html .htm .svg .mdx"
)
_PYTHON = re.compile(
    r"^(?:import [\w.]++(?: as \w++)?(?:, *+[\w.]++)*+|from [\w.]++ import [\w(*, ]++|"
    r"(?:async )?def \w+\(.*|class \w+.*:|"
    r"(?:exec|eval|__import__|os\.system)\(.*)\s*(?:#.*)?$",
    re.MULTILINE,
)
_YAML_CODE = re.compile(r"(?:!!|!<?|tag:)[^\s]{0,40}python/(object|name|module|apply|new)")
_YAML_TAG = re.compile(r"^%TAG\s+(\S+)\s+(\S+)", re.MULTILINE)
_YAML_TARGET = re.compile(
    r"""(?:^|[\s{,\-])["']?(_target_|target|class_path|loader_module|trust_remote_code|auto_map)["']?"""
    r"""\s*:\s*["']?([\w.:]+)""",
    re.MULTILINE,
)
_PROTOBUF_TEXT = re.compile(
    r"^[ \t]*+(?:meta_graphs|graph_def|saved_model_schema_version|node|layer|graph|ir_version|input_arg|opset_import)"
    r"\s*(?:\{|:\s*[\d<{])",
    re.MULTILINE,
)
_YAML_KERAS = re.compile(r"^[ \t\-]*+class_name[ \t]*+:[ \t]*+\S", re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))")
_SCRIPT = re.compile(r"<script[\s>]|javascript:|\bon(?:load|error|click)\s*=", re.IGNORECASE)
_SEAL = "Read the code, pin it and seal it with the model, or load the model without it."


def recognise(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the first bytes are UTF-8 text without control characters; an empty file is."""
    try:
        head = codecs.getincrementaldecoder("utf-8")().decode(region.upto(0, 4096))
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(head)


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of a text file, read whole."""
    if region.size > READ_LIMIT_BYTES:
        yield Voice(context.place).unclear(
            "unread-text", f"{region.size:,} bytes of text are more than this scanner reads."
        )
        return
    yield from examine(region.read(0, region.size), context)


def examine(data: bytes, context: Context) -> Iterator[Detection]:
    """Detections of the bytes of a text file."""
    say = Voice(context.place)
    context.budget.spend(steps=len(data) // 64)
    faults = list(encoding_faults(data, say))
    yield from faults
    if faults:
        return
    text = data.decode("utf-8-sig")
    yield from _code(text, context.name.lower(), say)
    yield from _yaml(text, say)
    yield from _others(text, context.name.lower(), say)


def encoding_faults(data: bytes, say: Voice) -> Iterator[Detection]:
    """What keeps bytes from being text: other encodings, control characters."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield say.unclear("text-encoding", "The file begins as text and is not UTF-8 all through.", offset=error.start)
        return
    if found := _CONTROL.search(text):
        yield say.unclear(
            "text-control",
            "The file begins as text and holds control characters.",
            offset=len(text[: found.start()].encode()),
        )


def _code(text: str, name: str, say: Voice) -> Iterator[Detection]:
    if not text.strip():
        return
    if name.endswith(tuple(_CODE_NAMES)):
        yield say.unclear(
            "code",
            f"The file `{shown(name)}` is program text that comes with a model.",
            reference="CWE-829",
            remedy=_SEAL,
        )
    elif text.startswith("#!"):
        yield say.unclear(
            "code", "The file begins like a script that a system runs.", reference="CWE-829", remedy=_SEAL
        )
    elif _PYTHON.search(text) and "```" not in text:
        yield say.unclear("code", "The text holds statements of Python.", reference="CWE-829", remedy=_SEAL)
    elif _SCRIPT.search(text):
        yield say.unclear("code", "The text holds a script that a browser runs.", reference="CWE-79", remedy=_SEAL)


def _yaml(text: str, say: Voice) -> Iterator[Detection]:
    plain = _ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)), unquote(text))
    for tag in _YAML_TAG.finditer(plain):
        if "python" in tag[2] or tag[1] in {"!", "!!"}:
            yield say.bad(
                "yaml-tag", "A YAML directive renames the tags that build Python objects.", reference="CWE-502"
            )
    if found := _YAML_CODE.search(plain):
        yield say.bad(
            "yaml-tag",
            f"A YAML tag builds a Python object (`python/{found[1]}`).",
            reference="CVE-2020-14343",
            remedy="Load YAML with a safe loader only.",
        )
    for found in _YAML_TARGET.finditer(plain):
        yield from _setting(found[1], found[2].rstrip(".:"), plain, say)


def _setting(key: str, value: str, text: str, say: Voice) -> Iterator[Detection]:
    """A setting that names what a loader imports and calls."""
    if (key == "target" and "params" not in text) or (key == "loader_module" and value.startswith("mlflow.")):
        return  # a common word that names a callable only beside its arguments; a module that MLflow itself brings
    if DOTTED.match(value) and dangerous(value):
        yield say.bad("config-callable", f"The setting {key} names `{shown(value)}`, which runs code or reaches out.")
    elif DOTTED.match(value) or key == "_target_" or (key == "trust_remote_code" and value.lower() in _TRUE):
        yield say.unclear(
            "config-import",
            f"The setting {key} names `{shown(value)}` for a loader to import and call.",
            reference="CWE-470",
            remedy=_SEAL,
        )


_TRUE = {"true", "yes", "on", "1", "y"}


def _others(text: str, name: str, say: Voice) -> Iterator[Detection]:
    if name.endswith((".pbtxt", ".prototxt", ".textproto", ".onnxtxt", ".onnxtext")) or _PROTOBUF_TEXT.search(text):
        yield say.unclear(
            "protobuf-text", "A model written as protobuf text is not examined.", remedy="Save it in its binary form."
        )
    if _YAML_KERAS.search(text):
        yield say.unclear("keras-yaml", "A Keras model written as YAML can hold code.", reference="CVE-2021-37678")
    sure = name.endswith((".jinja", ".jinja2", ".j2"))
    if sure or "{%" in text or "{{" in text:
        yield from template.examine(text, say, "text", sure=sure)


FORMAT = Format(name="text", recognise=recognise, read=read, fallback=True)
