"""Transfer: attacks made on one model and tried on others, votes attacked as a whole, attackers who know nothing.

Public names are imported on first use, so that nothing here needs PyTorch until it is called.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from redan.errors import MissingExtraError
from redan.extras import missing_import

if TYPE_CHECKING:
    from redan.attacks.transfer.between import Transfers as Transfers
    from redan.attacks.transfer.between import transfers as transfers
    from redan.attacks.transfer.crafting import crafted as crafted
    from redan.attacks.transfer.crafting import noise as noise
    from redan.attacks.transfer.joint import Joint as Joint
    from redan.attacks.transfer.joint import attack_vote as attack_vote
    from redan.attacks.transfer.surrogates import surrogate as surrogate
    from redan.attacks.transfer.votes import Vote as Vote

_HOMES = {
    "crafted": "crafting",
    "noise": "crafting",
    "Joint": "joint",
    "attack_vote": "joint",
    "Transfers": "between",
    "transfers": "between",
    "surrogate": "surrogates",
    "Vote": "votes",
}


def __getattr__(name: str) -> object:
    """Imports a public name from its home on first use (PEP 562).

    Raises:
        AttributeError: there is no such name.
        MissingExtraError: PyTorch is not installed.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    missing = missing_import("torch")
    if missing is not None:
        raise MissingExtraError("torch", missing)
    return vars(import_module(f"{__name__}.{_HOMES[name]}"))[name]
