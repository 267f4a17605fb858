"""JSON files beside a model: settings that make a loader import code, call functions or render templates.

Sources: the loaders' own keys (transformers `auto_map`, diffusers `model_index.json`, hydra `_target_`, jsonpickle
`py/`), CVE-2024-34359 for templates, CVE-2025-1550 for Keras.
"""

from collections.abc import Iterator

from redan.canon import Json
from redan.scan.contract import Context, Format
from redan.scan.formats import keras_config, plain, skops_schema, strict_json, template, tf_ops
from redan.scan.formats.gadgets import DOTTED, dangerous
from redan.scan.records import Detection
from redan.scan.region import Region
from redan.scan.say import Voice, shown, words

_CODE_REMEDY = "Load it without trust_remote_code, or read the named code, pin its revision and seal it with the model."
_DIFFUSERS = words("diffusers transformers onnxruntime flax null diffusers_modules")
_ONNX_JSON = ("graph", "opsetImport")


def recognise(region: Region, name: str) -> bool:
    """Whether the first and last visible bytes are those of a JSON object or array; the first do under the name."""
    head = region.upto(0, 4096).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    tail = region.upto(max(0, region.size - 4096), 4096).rstrip(b" \t\r\n")
    if name.lower().endswith((".json", ".ipynb")) and head[:1] in {b"{", b"["}:
        return True
    return (head[:1], tail[-1:]) in {(b"{", b"}"), (b"[", b"]")}


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of a JSON file; what only looks like JSON is read as plain text."""
    say = Voice(context.place)
    if region.size > strict_json.LIMIT_BYTES:
        yield say.unclear("unread-json", f"{region.size:,} bytes of JSON are more than this scanner parses.")
        return
    data = region.read(0, region.size)
    context.budget.spend(steps=region.size // 16)
    try:
        parsed = strict_json.parse(data)
    except strict_json.JsonError as error:
        if context.name.lower().endswith((".json", ".ipynb")) or "deep" in str(error):
            yield say.unclear("json-syntax", f"The file cannot be read as JSON: {error}.")
        else:
            yield from plain.examine(data, context)
        return
    if parsed.duplicates:
        names = ", ".join(f"`{shown(d)}`" for d in parsed.duplicates)
        yield say.unclear(
            "json-duplicate-names",
            f"An object names {names} twice: parsers differ in which one counts.",
            reference="RFC 8259 section 4",
            remedy="Write each name once.",
        )
    yield from examine(parsed.value, say)


def examine(value: Json, say: Voice) -> Iterator[Detection]:
    """Detections of a parsed configuration."""
    if skops_schema.looks_like(value):
        yield from skops_schema.examine(value, say)
        return
    if isinstance(value, dict):
        yield from _document(value, say)
    elif isinstance(value, list):
        yield from _modules(value, say)
    for path, here in strict_json.walk(value):
        if isinstance(here, dict):
            yield from _object(path, here, say)
    yield from keras_config.examine(value, say)


def _document(value: dict[str, Json], say: Voice) -> Iterator[Detection]:
    """What a whole file of a known kind means."""
    if "nbformat" in value and "cells" in value:
        yield say.unclear("code", "A notebook holds code that runs when it is opened and run.", remedy=_CODE_REMEDY)
    if all(key in value for key in _ONNX_JSON):
        yield say.unclear("onnx-json", "An ONNX model written as JSON is not examined.", remedy="Save it as .onnx.")
    if "_class_name" in value and "_diffusers_version" in value:
        for key, part in value.items():
            if isinstance(part, list) and part and isinstance(part[0], str) and part[0] not in _DIFFUSERS:
                yield _import(say, f"The component `{shown(key)}` comes from `{shown(part[0])}`", part[0])
    topology = value.get("modelTopology")
    if isinstance(topology, dict):
        for _, node in strict_json.walk(topology):
            if isinstance(node, dict) and isinstance(node.get("op"), str) and "name" in node:
                yield from tf_ops.judge(str(node["op"]), say, None)


def _modules(value: list[Json], say: Voice) -> Iterator[Detection]:
    """`modules.json` of sentence-transformers: a list of classes to import."""
    for part in value:
        kind = part.get("type") if isinstance(part, dict) and "path" in part and "idx" in part else None
        if isinstance(kind, str) and not kind.startswith("sentence_transformers."):
            yield _import(say, f"A module of the model is of the class `{shown(kind)}`", kind)


def _object(path: str, here: dict[str, Json], say: Voice) -> Iterator[Detection]:
    """What any object inside a configuration may ask of its loader."""
    for key in _CODE_KEYS & here.keys():
        if here[key]:
            yield _code(say, path, key, here[key])
    for key in _TARGET_KEYS & here.keys():
        name = here[key]
        if isinstance(name, str) and (key != "target" or (DOTTED.match(name) and _called(here))):
            yield _import(say, f"The setting {shown(path)}.{key} names `{shown(name)}` to be called", name)
    if "chat_template" in here:
        yield from _templates(here["chat_template"], say)
    if here.get("template_format") == "jinja2" and isinstance(text := here.get("template"), str):
        yield from template.examine(text, say, "template")
    for key in here:
        if key.startswith("py/") and key not in {"py/id", "py/tuple", "py/set", "py/b64", "py/iterator"}:
            yield _pickled(say, path, key)


_CODE_KEYS = words("auto_map trust_remote_code custom_pipelines custom_pipeline auto_mapping")
_TARGET_KEYS = words("_target_ target class_path loader_module")


def _called(here: dict[str, Json]) -> bool:
    """`target` is a common word: it names a callable only beside its arguments."""
    return "params" in here or len(here) == 1


def _code(say: Voice, path: str, key: str, value: Json) -> Detection:
    names = [v for _, v in strict_json.walk(value) if isinstance(v, str)]
    if any(DOTTED.match(n) and dangerous(n) for n in names):
        return say.bad(
            "config-callable", f"The setting {shown(path)}.{key} names a function that runs code or reaches out."
        )
    return say.unclear(
        "remote-code",
        f"The setting {shown(path)}.{key} makes a loader run code that comes with the model.",
        reference="CWE-829",
        remedy=_CODE_REMEDY,
    )


def _import(say: Voice, what: str, name: str) -> Detection:
    if dangerous(name):
        return say.bad(
            "config-callable",
            f"{what}: it runs code or reaches out.",
            reference="CWE-470",
            remedy="Do not load the file.",
        )
    return say.unclear(
        "config-import",
        f"{what}: what that does depends on what is installed.",
        reference="CWE-470",
        remedy=_CODE_REMEDY,
    )


def _pickled(say: Voice, path: str, key: str) -> Detection:
    if key in {"py/reduce", "py/function", "py/repr", "py/initargs", "py/newargs", "py/newargsex", "py/state"}:
        return say.bad(
            "jsonpickle", f"The object at {shown(path)} is rebuilt by calling what `{key}` names.", reference="CWE-502"
        )
    return say.unclear(
        "jsonpickle", f"The object at {shown(path)} is one of jsonpickle (`{shown(key)}`).", reference="CWE-502"
    )


def _templates(value: Json, say: Voice) -> Iterator[Detection]:
    """`chat_template` is a text, a list of named texts, or a map of them."""
    for path, text in strict_json.walk(value):
        if isinstance(text, str) and not path.endswith(".name"):
            yield from template.examine(text, say, "chat_template")


FORMAT = Format(name="json", recognise=recognise, read=read, fallback=True)
