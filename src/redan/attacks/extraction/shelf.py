"""Extraction attacks by the word that asks for them, and which of them are tried on what kind of input."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from redan.attacks.extraction.active import Active
from redan.attacks.extraction.augmentation import JacobianAugmentation
from redan.attacks.extraction.contract import Attack
from redan.attacks.extraction.data_free import DataFree
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.equations import Equations
from redan.attacks.extraction.knockoff import AdaptiveKnockoff, Knockoff
from redan.attacks.extraction.mixmatch import MixMatch
from redan.attacks.extraction.paths import PathFinding
from redan.attacks.extraction.relu_network import FunctionallyEquivalent
from redan.attacks.extraction.semi_supervised import SemiSupervised
from redan.errors import UsageError

ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        "equations": Equations(),
        "paths": PathFinding(),
        "knockoff": Knockoff(),
        "adaptive": AdaptiveKnockoff(),
        "jacobian": JacobianAugmentation(),
        "active": Active(),
        "k-center": Active("k-center"),
        "semi-supervised": SemiSupervised(),
        "mixmatch": MixMatch(),
        "equivalent": FunctionallyEquivalent(),
        "data-free": DataFree(),
    }
)
_ROWS = ("equations", "paths", "knockoff", "active")
_PICTURES = ("knockoff", "jacobian", "active")


def attacks_of(words: Sequence[str], domain: Domain) -> tuple[Attack, ...]:
    """The attacks that are asked for; those that fit the inputs when none is.

    Raises:
        UsageError: there is no such attack.
    """
    unknown = [word for word in words if word not in ATTACKS]
    if unknown:
        raise UsageError(f"there is no extraction attack {unknown[0]!r}", remedy=f"there are {', '.join(ATTACKS)}")
    chosen = words or (_PICTURES if len(domain.shape) > 1 else _ROWS)
    return tuple(ATTACKS[word] for word in dict.fromkeys(chosen))
