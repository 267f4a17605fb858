"""Where a technique applies: what a rule yields."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from redan.system.records import Exposure
from redan.system.system import System


class Place(NamedTuple):
    """One element that a technique applies to.

    Args:
        element: the element's id.
        reason: one sentence that names the declared fact.
        exposure: who can get there.
        exposed_by: one clause that says which fact exposes it.
        assets: ids of the elements whose worth is at stake.
    """

    element: str
    reason: str
    exposure: Exposure
    exposed_by: str
    assets: tuple[str, ...]


class Rule(NamedTuple):
    """A technique and the question whether it applies: a pure function of the system."""

    technique: str
    applies: Callable[[System], Iterator[Place]]


def sentence(text: str) -> str:
    """The text with a full stop and a capital, unless it starts with an element id, whose case matters."""
    first = text.split(" ", 1)[0]
    return f"{text if ':' in first else text[:1].upper() + text[1:]}."


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 column`, `2 columns`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
