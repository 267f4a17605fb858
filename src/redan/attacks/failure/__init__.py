"""Failure checks: signs that an attack failed for its own reasons, so that its robust accuracy is not to be believed.

Sources: Pintor et al., Indicators of Attack Failure, NeurIPS 2022 (arXiv 2106.09947); Croce and Hein, the warnings of
AutoAttack (ICML 2020, arXiv 2003.01690); Carlini et al., On Evaluating Adversarial Robustness (arXiv 1902.06705).
Names that need PyTorch are imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from redan.attacks.failure.signs import Sign, Trust, trust
from redan.errors import MissingExtraError
from redan.extras import missing_import

if TYPE_CHECKING:
    from redan.attacks.failure.diagnosis import Evaluated as Evaluated
    from redan.attacks.failure.diagnosis import diagnose as diagnose
    from redan.attacks.failure.readings import agreement as agreement
    from redan.attacks.failure.readings import believed as believed
    from redan.attacks.failure.readings import black_box_is_weaker as black_box_is_weaker
    from redan.attacks.failure.readings import incomplete_optimisation as incomplete_optimisation
    from redan.attacks.failure.readings import larger_is_stronger as larger_is_stronger
    from redan.attacks.failure.readings import longer_is_stronger as longer_is_stronger
    from redan.attacks.failure.readings import silent_success as silent_success
    from redan.attacks.failure.readings import survives_rounding as survives_rounding
    from redan.attacks.failure.readings import transfer_failure as transfer_failure
    from redan.attacks.failure.readings import transfer_is_weaker as transfer_is_weaker
    from redan.attacks.failure.witness import watch as watch

__all__ = ["Sign", "Trust", "trust"]

_HOMES = {
    "agreement": "readings",
    "believed": "readings",
    "black_box_is_weaker": "readings",
    "incomplete_optimisation": "readings",
    "larger_is_stronger": "readings",
    "longer_is_stronger": "readings",
    "silent_success": "readings",
    "survives_rounding": "readings",
    "transfer_failure": "readings",
    "transfer_is_weaker": "readings",
    "Evaluated": "diagnosis",
    "diagnose": "diagnosis",
    "watch": "witness",
}
_WITH_TORCH = frozenset({"Evaluated", "diagnose", "watch"})


def __getattr__(name: str) -> object:
    """Imports a public name from its home on first use (PEP 562).

    Raises:
        AttributeError: there is no such name.
        MissingExtraError: it needs PyTorch, which is not installed.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    missing = missing_import("torch") if name in _WITH_TORCH else None
    if missing is not None:
        raise MissingExtraError("torch", missing)
    return vars(import_module(f"{__name__}.{_HOMES[name]}"))[name]
