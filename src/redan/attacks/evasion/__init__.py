"""Evasion: inputs that were moved a little so that the model errs; for PyTorch networks, tables, trees, endpoints.

Public names are imported on first use, so that threat models and the judge work where PyTorch is not installed.
"""

from importlib import import_module

from redan.errors import MissingExtraError
from redan.extras import missing_import

_HOMES = {
    "fgsm": "white_box",
    "pgd": "white_box",
    "apgd": "white_box",
    "fab": "white_box",
    "evaluate": "evaluate",
    "suite": "suites",
    "Network": "network",
    "Preprocess": "network",
    "square": "square",
    "hop_skip_jump": "hop_skip_jump",
    "boundary": "boundary",
    "geoda": "geoda",
    "surfree": "surfree",
    "rays": "rays",
}
_WITHOUT_TORCH = frozenset({"square", "hop_skip_jump", "boundary", "geoda", "surfree", "rays"})


def __getattr__(name: str) -> object:
    """Imports a public name from its home on first use (PEP 562).

    Raises:
        AttributeError: there is no such name.
        MissingExtraError: it needs PyTorch, which is not installed.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    missing = None if name in _WITHOUT_TORCH else missing_import("torch")
    if missing is not None:
        raise MissingExtraError("torch", missing)
    return vars(import_module(f"{__name__}.{_HOMES[name]}"))[name]
