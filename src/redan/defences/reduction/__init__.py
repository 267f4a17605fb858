"""Information reduction: distillation, pruning, fewer features, each measured before it is believed.

Public names are imported on first use; PyTorch is needed for modules alone, scikit-learn for its own estimators.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from redan.defences.torch_only import on_first_use

if TYPE_CHECKING:
    from redan.defences.reduction.compare import compare_canaries as compare_canaries
    from redan.defences.reduction.compare import compare_membership as compare_membership
    from redan.defences.reduction.costs import Cost as Cost
    from redan.defences.reduction.costs import cost as cost
    from redan.defences.reduction.distilling import distil as distil
    from redan.defences.reduction.distilling import distil_into as distil_into
    from redan.defences.reduction.features import fewer_features as fewer_features
    from redan.defences.reduction.gain import Gain as Gain
    from redan.defences.reduction.gain import Pair as Pair
    from redan.defences.reduction.gain import exposure_gain as exposure_gain
    from redan.defences.reduction.gain import membership_gain as membership_gain
    from redan.defences.reduction.modules import distil_module as distil_module
    from redan.defences.reduction.modules import prune_module as prune_module
    from redan.defences.reduction.perceptron import Perceptron as Perceptron
    from redan.defences.reduction.perceptron import fit as fit
    from redan.defences.reduction.pruning import prune_tree as prune_tree
    from redan.defences.reduction.pruning import prune_units as prune_units
    from redan.defences.reduction.pruning import prune_weights as prune_weights
    from redan.defences.reduction.record import Reduced as Reduced

_HOMES = {
    "Cost": "costs",
    "Gain": "gain",
    "Pair": "gain",
    "Perceptron": "perceptron",
    "Reduced": "record",
    "compare_canaries": "compare",
    "compare_membership": "compare",
    "cost": "costs",
    "distil": "distilling",
    "distil_into": "distilling",
    "exposure_gain": "gain",
    "fewer_features": "features",
    "fit": "perceptron",
    "membership_gain": "gain",
    "prune_tree": "pruning",
    "prune_units": "pruning",
    "prune_weights": "pruning",
}
_OF_TORCH = on_first_use(__name__, {"distil_module": "modules", "prune_module": "modules"})


def __getattr__(name: str) -> object:
    """Imports a public name from its home on first use (PEP 562).

    Raises:
        AttributeError: there is no such name.
        MissingExtraError: it needs PyTorch, which is not installed.
    """
    if name not in _HOMES:
        return _OF_TORCH(name)
    return vars(import_module(f"{__name__}.{_HOMES[name]}"))[name]
