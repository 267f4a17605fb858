"""Keras configurations: which classes and functions a model's JSON names, and which of them run code.

Sources: Keras 3.15 `saving/serialization_lib.py` and Keras 2 `deserialize_keras_object`; CVE-2024-3660 and
CVE-2025-9905 (Lambda), CVE-2025-1550 (any module), CVE-2025-8747 and CVE-2025-9906 (functions inside Keras),
CVE-2025-12058 (files as vocabulary), CVE-2025-49655 (wrapped torch modules).
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from redan.canon import Json
from redan.scan.formats import strict_json
from redan.scan.formats.gadgets import dangerous
from redan.scan.records import Detection
from redan.scan.say import Voice, shown, words

_KINDS = (
    "layers|models|initializers|optimizers|losses|metrics|regularizers|constraints|activations|ops|random|quantizers|"
    "dtype_policies|engine|backend"
)
_NAMESPACE = re.compile(rf"(?:tf_)?keras(?:\.(?:src|api|_tf_keras\.keras|v2))*(?:\.(?:{_KINDS})(?:\.[a-z0-9_]+)*)?")
_FUNCTIONS = re.compile(
    r"(?:tf_)?keras(?:\.(?:src|api))*\.(?:activations|losses|metrics|initializers|regularizers|constraints|ops)(?:\.[a-z0-9_]+)*"
)
_GADGET_MODULES = re.compile(
    r"(?:tf_)?keras(?:\.(?:src|api))*\.(?:utils|saving|config|export|applications|datasets|preprocessing|callbacks|trainers|wrappers|legacy\.saving)\b"
)
_INSIDE_KERAS = words(
    "get_file load_model save_model load_weights save_weights load_img save_img enable_unsafe_deserialization "
    "deserialize_keras_object deserialize from_config model_from_json pack_x_y_sample_weight plot_model "
    "clone_model register_keras_serializable CustomObjectScope custom_object_scope ExportArchive ModelCheckpoint "
    "BackupAndRestore CSVLogger LambdaCallback RemoteMonitor TensorBoard python_utils func_load func_dump"
)
_SHORTEST_CODE = 40  # characters of base64: less is no code object of Python
_LAMBDAS = words("Lambda __lambda__")
_LOADERS = {
    "TorchModuleWrapper": ("unpickles a module of torch", "CVE-2025-49655"),
    "TFSMLayer": ("loads a TensorFlow SavedModel from a path", "CVE-2024-3660"),
    "JaxLayer": ("calls a function of JAX", "CWE-94"),
    "FlaxLayer": ("calls a module of Flax", "CWE-94"),
    "TensorFlowOpLayer": ("runs an operator of TensorFlow from its description", "CWE-94"),
}
_VALUES = words(
    "__tensor__ __numpy__ __bytes__ __ellipsis__ __slice__ __complex__ __keras_tensor__ __tuple__ __set__ "
    "__dict__ __typespec__ __timestamp__"
)
_LOOKUPS = words("StringLookup IntegerLookup TextVectorization IndexLookup")
_TF_CALLS = words("TFOpLambda SlicingOpLambda ClassMethod InstanceMethod InstanceProperty")
_TF_PURE = re.compile(
    r"(?:tf\.)?(?:math|nn|linalg|__operators__|strings|signal|image|_api\.v2\.\w+|compat\.v1\.\w+)\.[\w.]+|(?:tf\.)?[a-z0-9_]+"
)
_TF_REACHING = re.compile(
    r"\b(?:io|data|raw_ops|saved_model|summary|py_function|numpy_function|py_func|load_library|load_op_library|read_file|"
    r"write_file|matching_files|gfile|train|distribute|debugging|keras)\b"
)
_REMEDY = "Rebuild the model from the layers of Keras alone, or read the named code and load it with custom_objects."


def examine(value: Json, say: Voice) -> Iterator[Detection]:
    """Detections of every serialised object in a configuration; none for a JSON value that holds no such object."""
    for path, here in strict_json.walk(value):
        if isinstance(here, dict) and isinstance(here.get("class_name"), str) and _OBJECT & here.keys():
            yield from _object(here, shown(path), say)


_OBJECT = words("config module registered_name function_type")


def _object(here: dict[str, Json], path: str, say: Voice) -> Iterator[Detection]:
    name, module, registered = str(here["class_name"]), here.get("module"), here.get("registered_name")
    config = here.get("config")
    where = f"at {path}"
    if name.rpartition(">")[2] in _LAMBDAS:
        yield _lambda(config, where, say)
    elif name in _LOADERS:
        what, reference = _LOADERS[name]
        yield say.bad("keras-loader", f"The layer {name} {where} {what}.", reference=reference, remedy=_REMEDY)
    elif name in _TF_CALLS:
        yield from _tensorflow_call(config, where, say)
    elif module is not None:
        yield from _modern(name, module, config, where, say)
    elif name not in _VALUES and name not in builtin_names():
        yield _custom(name, where, say)
    if isinstance(registered, str) and registered not in {name, "function"} and not registered.startswith("keras"):
        yield _custom(registered, where, say)
    if name in _LOOKUPS and isinstance(config, dict):
        yield from _vocabulary(config, where, say)


def _lambda(config: Json, where: str, say: Voice) -> Detection:
    """A Lambda with marshalled code runs it; one that names a function needs that function from elsewhere."""
    texts = [v for _, v in strict_json.walk(config) if isinstance(v, str)]
    code = any(len(text) > _SHORTEST_CODE and re.fullmatch(r"[A-Za-z0-9+/=\s]+", text) for text in texts)
    if code or (isinstance(config, dict) and config.get("function_type") == "lambda") or not isinstance(config, dict):
        return say.bad(
            "keras-lambda",
            f"A Lambda {where} holds code of Python that runs when the model is loaded or used.",
            reference="CVE-2024-3660, CVE-2025-9905",
            remedy=_REMEDY,
        )
    if any("." in text and dangerous(text) for text in texts) or any(
        isinstance(v, str) and dangerous(f"{v}.x") for k, v in config.items() if "module" in k
    ):
        return say.bad("keras-lambda", f"A Lambda {where} names a function that runs code.", reference="CVE-2025-9905")
    return say.unclear(
        "keras-lambda",
        f"A Lambda {where} calls a function that must come from elsewhere.",
        reference="CVE-2025-9905",
        remedy=_REMEDY,
    )


def _modern(name: str, module: Json, config: Json, where: str, say: Voice) -> Iterator[Detection]:
    """An object that states its module: Keras 3 imports that module."""
    full = f"{module}.{name}"
    called = f"{module}.{config}" if name == "function" and isinstance(config, str) else full
    if not isinstance(module, str) or not re.fullmatch(r"[\w.>]+", full):
        yield _custom(full, where, say)
    elif module == "builtins" and name in _VALUES:
        return
    elif module == "builtins" and name == "function" and isinstance(config, str) and not dangerous(config):
        yield _custom(config, where, say)
    elif dangerous(called) or dangerous(full) or _gadget(module, name, called):
        yield say.bad(
            "keras-module",
            f"The configuration {where} imports `{shown(called)}`, which runs code, reaches out or reads files.",
            reference="CVE-2025-1550, CVE-2025-8747, CVE-2025-9906",
            remedy="Do not load the file.",
        )
    elif name == "function":
        if not _FUNCTIONS.fullmatch(module):
            yield _custom(called, where, say)
    elif not _NAMESPACE.fullmatch(module) or not re.fullmatch(r"[A-Z]\w*", name):
        yield _custom(full, where, say)


def _gadget(module: str, name: str, called: str) -> bool:
    last = called.rpartition(".")[2]
    if not re.match(r"(?:tf_)?keras\b", module):
        return False
    return (
        name in _INSIDE_KERAS
        or last in _INSIDE_KERAS
        or (bool(_GADGET_MODULES.match(module)) and not name[:1].isupper())
    )


def _custom(name: str, where: str, say: Voice) -> Detection:
    if dangerous(name.replace(">", ".")):
        return say.bad(
            "keras-module",
            f"The configuration {where} names `{shown(name)}`, which runs code.",
            reference="CVE-2025-1550",
        )
    return say.unclear(
        "keras-custom",
        f"The object {where} is `{shown(name)}`, which is not part of Keras: its code must come from elsewhere.",
        reference="CWE-829",
        remedy=_REMEDY,
    )


def _tensorflow_call(config: Json, where: str, say: Voice) -> Iterator[Detection]:
    """Keras 2 kept calls of TensorFlow functions as layers, by the name of the function."""
    symbols = (
        [v for k, v in config.items() if k in {"function", "cls_symbol", "name_of_function"}]
        if isinstance(config, dict)
        else []
    )
    for symbol in symbols or ["?"]:
        text = symbol if isinstance(symbol, str) else "?"
        if _TF_REACHING.search(text):
            yield say.bad(
                "keras-tensorflow", f"A layer {where} calls `{shown(text)}` of TensorFlow.", reference="CWE-73"
            )
        elif not _TF_PURE.fullmatch(text):
            yield say.unclear(
                "keras-tensorflow", f"A layer {where} calls `{shown(text)}` of TensorFlow.", remedy=_REMEDY
            )


def _vocabulary(config: dict[str, Json], where: str, say: Voice) -> Iterator[Detection]:
    for key in ("vocabulary", "idf_weights", "invert_vocabulary"):
        path = config.get(key)
        if not isinstance(path, str):
            continue
        reference = "CVE-2025-12058"
        if path.startswith(("/", "\\", "~")) or ".." in path or "://" in path or re.match(r"[A-Za-z]:", path):
            yield say.bad("keras-file", f"The {key} {where} is read from `{shown(path)}`.", reference=reference)
        else:
            yield say.unclear(
                "keras-file", f"The {key} {where} is read from the file `{shown(path)}`.", reference=reference
            )


@cache
def builtin_names() -> frozenset[str]:
    """Classes that Keras 1 to 3 find without being told a module: layers, losses, metrics, optimisers and the like."""
    return words(files("redan.scan.formats").joinpath("names_keras.txt").read_text(encoding="ascii"))
