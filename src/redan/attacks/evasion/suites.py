"""Suites: which attacks are tried in which order, each on what the ones before did not break.

Source: Croce and Hein, Reliable evaluation of adversarial robustness, ICML 2020 (arXiv 2003.01690), section 6, and the
settings of AutoAttack at commit a392200.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from redan.attacks.evasion.apgd import Apgd
from redan.attacks.evasion.assault import Plan
from redan.attacks.evasion.fab import Fab
from redan.attacks.evasion.squares import Square
from redan.attacks.threat import Norm
from redan.errors import InputError

SuiteName: TypeAlias = Literal["standard", "plus", "rand", "screen"]
_DRAWS = 20
_SHRUNK: Mapping[str, int] = MappingProxyType({"linf": 1, "l2": 1, "l1": 5})


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Attacks in their order.

    Args:
        name: as the command line takes it.
        plans: the attacks, with targets and restarts.
        votes: passes that the judge asks for the label that comes most often; 1 unless models draw random numbers.
    """

    name: str
    plans: tuple[Plan, ...]
    votes: int = 1


def suite_of(name: str, norm: Norm) -> Suite:
    """AutoAttack's standard, plus and rand; and screen, its first two attacks, which is not AutoAttack.

    With two or three classes the targeted attacks go for the one or two others, and the logits' margin takes the place
    of a ratio that needs more of them.

    Args:
        name: of the suite.
        norm: linf, l2 or l1.

    Raises:
        InputError: there is no such suite, or none for the norm.
    """
    if norm not in _SHRUNK:
        raise InputError(f"there is no suite for {norm}", remedy="use linf, l2 or l1")
    sparse = norm == "l1"
    climbing = Plan(attack=Apgd(loss="ce", widened=sparse), restarts=_SHRUNK[norm])
    targeted = Plan(attack=Apgd(loss="dlr-targeted", widened=sparse), targets=5 if sparse else 9)
    boundary = Plan(attack=Fab(), targets=9)
    search = Plan(attack=Square())
    suites: Mapping[str, Suite] = {
        "standard": Suite(name="standard", plans=(climbing, targeted, boundary, search)),
        "plus": Suite(
            name="plus",
            plans=(
                Plan(attack=Apgd(loss="ce"), restarts=5),
                Plan(attack=Apgd(loss="dlr"), restarts=5),
                Plan(attack=Fab(targeted=False, restarts=5), restarts=5),
                search,
                Plan(attack=Apgd(loss="dlr-targeted"), targets=9),
                boundary,
            ),
        ),
        "rand": Suite(
            name="rand",
            plans=(Plan(attack=Apgd(loss="ce", eot=_DRAWS)), Plan(attack=Apgd(loss="dlr", eot=_DRAWS))),
            votes=_DRAWS,
        ),
        "screen": Suite(name="screen", plans=(climbing, targeted)),
    }
    if name not in suites:
        raise InputError(f"there is no suite {name!r}", remedy=f"use one of {', '.join(suites)}")
    return suites[name]
