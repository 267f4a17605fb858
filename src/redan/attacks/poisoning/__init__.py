"""Backdoors: signs that a model was taught to answer a trigger, and triggers to try such signs on.

Public names are imported on first use; PyTorch is needed where a network's gradients are followed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redan.attacks.poisoning.planting import AllToAll as AllToAll
    from redan.attacks.poisoning.planting import AllToOne as AllToOne
    from redan.attacks.poisoning.planting import Poisoned as Poisoned
    from redan.attacks.poisoning.planting import poisoned as poisoned
    from redan.attacks.poisoning.planting import success as success
    from redan.attacks.poisoning.triggers import Blend as Blend
    from redan.attacks.poisoning.triggers import Dynamic as Dynamic
    from redan.attacks.poisoning.triggers import Patch as Patch
    from redan.attacks.poisoning.triggers import RareValues as RareValues
    from redan.attacks.poisoning.triggers import Sinusoid as Sinusoid
    from redan.attacks.poisoning.triggers import Warp as Warp

_HOMES = {
    "AllToAll": "planting",
    "AllToOne": "planting",
    "Blend": "triggers",
    "Dynamic": "triggers",
    "Patch": "triggers",
    "Poisoned": "planting",
    "RareValues": "triggers",
    "Sinusoid": "triggers",
    "Warp": "triggers",
    "poisoned": "planting",
    "success": "planting",
}


def __getattr__(name: str) -> object:
    """Imports a public name from its home on first use (PEP 562).

    Raises:
        AttributeError: there is no such name.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return vars(import_module(f"{__name__}.{_HOMES[name]}"))[name]
