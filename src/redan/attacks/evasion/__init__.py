"""Evasion: inputs that were moved a little so that the model errs; for PyTorch networks, tables, trees, endpoints.

Public names are imported on first use, so that threat models and the judge work where PyTorch is not installed.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from redan.errors import MissingExtraError
from redan.extras import missing_import

if TYPE_CHECKING:
    from redan.attacks.evasion.black_box import boundary as boundary
    from redan.attacks.evasion.black_box import geoda as geoda
    from redan.attacks.evasion.black_box import hop_skip_jump as hop_skip_jump
    from redan.attacks.evasion.black_box import rays as rays
    from redan.attacks.evasion.black_box import square as square
    from redan.attacks.evasion.black_box import surfree as surfree
    from redan.attacks.evasion.evaluation import evaluate as evaluate
    from redan.attacks.evasion.min_norm import cw as cw
    from redan.attacks.evasion.min_norm import ddn as ddn
    from redan.attacks.evasion.min_norm import fmn as fmn
    from redan.attacks.evasion.network import Network as Network
    from redan.attacks.evasion.network import Preprocess as Preprocess
    from redan.attacks.evasion.patches import patch as patch
    from redan.attacks.evasion.transferable import di_fgsm as di_fgsm
    from redan.attacks.evasion.transferable import mi_fgsm as mi_fgsm
    from redan.attacks.evasion.white_box import apgd as apgd
    from redan.attacks.evasion.white_box import fab as fab
    from redan.attacks.evasion.white_box import fgsm as fgsm
    from redan.attacks.evasion.white_box import pgd as pgd

_HOMES = {
    "fgsm": "white_box",
    "pgd": "white_box",
    "apgd": "white_box",
    "fab": "white_box",
    "mi_fgsm": "transferable",
    "di_fgsm": "transferable",
    "fmn": "min_norm",
    "ddn": "min_norm",
    "cw": "min_norm",
    "patch": "patches",
    "evaluate": "evaluation",
    "Network": "network",
    "Preprocess": "network",
    "square": "black_box",
    "hop_skip_jump": "black_box",
    "boundary": "black_box",
    "geoda": "black_box",
    "surfree": "black_box",
    "rays": "black_box",
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


class _Evasion(ModuleType):
    """Some attacks have the name of the module that they live in; importing that does not hide the attack."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Evasion
