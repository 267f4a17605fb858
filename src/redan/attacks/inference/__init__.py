"""Inference: what a model gives away about the data it was trained on.

Public names are imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redan.attacks.inference.exposure import CanaryTest as CanaryTest
    from redan.attacks.inference.exposure import Exposure as Exposure
    from redan.attacks.inference.exposure import canary_test as canary_test
    from redan.attacks.inference.exposure import exposures as exposures
    from redan.attacks.inference.exposure_fit import Extrapolated as Extrapolated
    from redan.attacks.inference.exposure_fit import extrapolated as extrapolated

_HOMES = {
    "CanaryTest": "exposure",
    "Exposure": "exposure",
    "Extrapolated": "exposure_fit",
    "canary_test": "exposure",
    "exposures": "exposure",
    "extrapolated": "exposure_fit",
}


def __getattr__(name: str) -> object:
    """Imports a public name from its home on first use (PEP 562).

    Raises:
        AttributeError: there is no such name.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return vars(import_module(f"{__name__}.{_HOMES[name]}"))[name]
