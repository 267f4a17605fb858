"""Extraction: how good a copy of a model somebody makes who may only ask it, for how many questions.

Public names are imported on first use; PyTorch is needed for copies of pictures alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redan.attacks.extraction.active import Active as Active
    from redan.attacks.extraction.augmentation import JacobianAugmentation as JacobianAugmentation
    from redan.attacks.extraction.contract import Known as Known
    from redan.attacks.extraction.data_free import DataFree as DataFree
    from redan.attacks.extraction.domain import Domain as Domain
    from redan.attacks.extraction.domain import box as box
    from redan.attacks.extraction.domain import box_of as box_of
    from redan.attacks.extraction.equations import Equations as Equations
    from redan.attacks.extraction.equations import solve_linear as solve_linear
    from redan.attacks.extraction.equations import solve_perceptron as solve_perceptron
    from redan.attacks.extraction.form import shown as shown
    from redan.attacks.extraction.knockoff import AdaptiveKnockoff as AdaptiveKnockoff
    from redan.attacks.extraction.knockoff import Knockoff as Knockoff
    from redan.attacks.extraction.mixmatch import MixMatch as MixMatch
    from redan.attacks.extraction.oracle import Oracle as Oracle
    from redan.attacks.extraction.paths import PathFinding as PathFinding
    from redan.attacks.extraction.reach import Extraction as Extraction
    from redan.attacks.extraction.reach import extract as extract
    from redan.attacks.extraction.reach import yardstick as yardstick
    from redan.attacks.extraction.recipes import recipe_of as recipe_of
    from redan.attacks.extraction.relu_network import FunctionallyEquivalent as FunctionallyEquivalent
    from redan.attacks.extraction.semi_supervised import SemiSupervised as SemiSupervised

_HOMES = {
    "Active": "active",
    "AdaptiveKnockoff": "knockoff",
    "DataFree": "data_free",
    "Domain": "domain",
    "Equations": "equations",
    "Extraction": "reach",
    "FunctionallyEquivalent": "relu_network",
    "JacobianAugmentation": "augmentation",
    "Known": "contract",
    "Knockoff": "knockoff",
    "MixMatch": "mixmatch",
    "Oracle": "oracle",
    "PathFinding": "paths",
    "SemiSupervised": "semi_supervised",
    "box": "domain",
    "box_of": "domain",
    "extract": "reach",
    "recipe_of": "recipes",
    "shown": "form",
    "solve_linear": "equations",
    "solve_perceptron": "equations",
    "yardstick": "reach",
}


def __getattr__(name: str) -> object:
    """Imports a public name from its home on first use (PEP 562).

    Raises:
        AttributeError: there is no such name.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return vars(import_module(f"{__name__}.{_HOMES[name]}"))[name]
