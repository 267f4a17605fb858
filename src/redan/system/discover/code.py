"""Reads Python files as syntax trees, never as code: which of them train, which serve, what files they name."""

import ast
import json
import warnings
from collections.abc import Iterator
from pathlib import Path

from redan.system.discover.found import Script
from redan.system.discover.walk import head

_BYTES = 1 << 20
_NOTEBOOK_BYTES = 16 << 20  # their pictures are part of the file
_LEARNERS = frozenset(
    {
        "sklearn", "torch", "tensorflow", "keras", "xgboost", "lightgbm", "catboost", "statsmodels", "lightning",
        "pytorch_lightning", "transformers", "jax", "flax", "prophet", "autogluon", "fastai", "pyspark", "imblearn",
    }
)  # fmt: skip
_FIT = frozenset({"fit", "fit_transform", "partial_fit", "backward", "fit_resample", "fit_generator"})
_TRAIN = frozenset({"train", "train_on_batch", "cross_validate", "cross_val_score"})
_APPS = {
    "fastapi": "FastAPI", "flask": "Flask", "bentoml": "BentoML", "mlserver": "MLServer", "litserve": "LitServe",
    "gradio": "Gradio", "streamlit": "Streamlit", "starlette": "Starlette", "sanic": "Sanic",
}  # fmt: skip
_MENTIONS = 2_000


def script(root: Path, path: str) -> Script | None:
    """What a Python file or notebook does, or None when it is neither or does not parse.

    Args:
        root: the folder.
        path: relative to it.
    """
    if not path.endswith((".py", ".ipynb")):
        return None
    limit = _NOTEBOOK_BYTES if path.endswith(".ipynb") else _BYTES
    data = head(root, path, limit + 1)
    source = _notebook(data) if path.endswith(".ipynb") else data.decode("utf-8-sig", "replace")
    if len(data) > limit or len(source) > _BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # their strings are not ours to judge
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _described(path, tree)


def _notebook(data: bytes) -> str:
    """The code cells of a notebook, without the lines that only IPython understands (nbformat 4)."""
    try:
        cells = json.loads(data)["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    lines = "\n".join(sources).split("\n")
    return "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in lines)


def _described(path: str, tree: ast.Module) -> Script:
    imports: set[str] = set()
    mentions: set[str] = set()
    calls: set[str] = set()
    for node in ast.walk(tree):
        imports.update(_imported(node))
        if isinstance(node, ast.Call):
            calls.add(_called(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(mentions) < _MENTIONS:
            mentions.update(_file_name(node.value))
    learns = imports & _LEARNERS
    fits = sorted(calls & (_FIT | _TRAIN if learns else _FIT - {"backward"}))
    serves = next((_APPS[name] for name in sorted(imports) if name in _APPS), "")
    return Script(
        path=path,
        imports=frozenset(imports),
        trains=f"calls {fits[0]}()" if fits and (learns or not serves) else "",
        serves=serves,
        mentions=frozenset(mentions),
    )


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.partition(".")[0]


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _file_name(text: str) -> Iterator[str]:
    """The last part of a text that looks like a path with an ending."""
    last = text.replace("\\", "/").rpartition("/")[2]
    if 0 < len(last) <= 200 and "." in last[1:] and "\n" not in last:  # noqa: PLR2004
        yield last
