"""Inference: what a model gives away about the data it was trained on.

Public names are imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redan.attacks.inference.canaries import CanarySet as CanarySet
    from redan.attacks.inference.canaries import read_canaries as read_canaries
    from redan.attacks.inference.canaries_losses import losses_of_rows as losses_of_rows
    from redan.attacks.inference.canaries_losses import losses_of_text as losses_of_text
    from redan.attacks.inference.canaries_losses import sequence_losses as sequence_losses
    from redan.attacks.inference.canaries_losses import try_canaries as try_canaries
    from redan.attacks.inference.canaries_planting import plant_in_table as plant_in_table
    from redan.attacks.inference.canaries_planting import plant_in_text as plant_in_text
    from redan.attacks.inference.canaries_search import beam as beam
    from redan.attacks.inference.canaries_search import shortest_path as shortest_path
    from redan.attacks.inference.exposure import CanaryTest as CanaryTest
    from redan.attacks.inference.exposure import Exposure as Exposure
    from redan.attacks.inference.exposure import canary_test as canary_test
    from redan.attacks.inference.exposure import exposures as exposures
    from redan.attacks.inference.exposure_fit import Extrapolated as Extrapolated
    from redan.attacks.inference.exposure_fit import extrapolated as extrapolated
    from redan.attacks.inference.inversion import Likeness as Likeness
    from redan.attacks.inference.inversion import Reconstruction as Reconstruction
    from redan.attacks.inference.inversion import invert as invert
    from redan.attacks.inference.inversion import likeness as likeness
    from redan.attacks.inference.properties import PropertyInference as PropertyInference
    from redan.attacks.inference.properties import property_inference as property_inference
    from redan.attacks.inference.properties import records_leaked as records_leaked

_HOMES = {
    "CanarySet": "canaries",
    "CanaryTest": "exposure",
    "Exposure": "exposure",
    "Extrapolated": "exposure_fit",
    "Likeness": "inversion",
    "PropertyInference": "properties",
    "Reconstruction": "inversion",
    "beam": "canaries_search",
    "canary_test": "exposure",
    "exposures": "exposure",
    "extrapolated": "exposure_fit",
    "invert": "inversion",
    "likeness": "inversion",
    "losses_of_rows": "canaries_losses",
    "losses_of_text": "canaries_losses",
    "plant_in_table": "canaries_planting",
    "plant_in_text": "canaries_planting",
    "property_inference": "properties",
    "read_canaries": "canaries",
    "records_leaked": "properties",
    "sequence_losses": "canaries_losses",
    "shortest_path": "canaries_search",
    "try_canaries": "canaries_losses",
}


def __getattr__(name: str) -> object:
    """Imports a public name from its home on first use (PEP 562).

    Raises:
        AttributeError: there is no such name.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return vars(import_module(f"{__name__}.{_HOMES[name]}"))[name]
