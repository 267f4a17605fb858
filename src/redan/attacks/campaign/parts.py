"""Parts of a campaign: each is attacked by itself, wherever that is, and all of them are joined in their order."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from redan.attacks.campaign.tried import Tried
from redan.attacks.cost import Cost
from redan.attacks.progress import Progress

SIZE = 250
LOCAL = "local"


class Cluster(NamedTuple):
    """Who attacks.

    Args:
        address: of a Ray cluster; `local` for one on this machine, which is started and stopped here.
        workers: parts that are attacked at the same time.
    """

    address: str = LOCAL
    workers: int = 2


class Part(NamedTuple):
    """Some samples at one radius.

    Args:
        number: from 0, over all parts of a campaign.
        start: first row.
        stop: after the last one.
        eps: radius; one for each of the rows where they differ.
    """

    number: int
    start: int
    stop: int
    eps: float | tuple[float, ...]


class Campaign(Protocol):
    """What is attacked, with what, and within which limits; the same object on every machine that takes part."""

    def parts(self) -> tuple[Part, ...]:
        """What can be done apart; the cut is a matter of the campaign, not of who takes part."""
        ...

    def attempt(self, part: Part, work: Path | None) -> Tried:
        """Attacks one part.

        Args:
            part: one of `parts`.
            work: file that keeps what is done, and from which the same part goes on.
        """
        ...

    def joined(self, tried: Sequence[Tried]) -> Tried:
        """The whole campaign, with its failure checks.

        Args:
            tried: one for each of `parts`, in their order.
        """
        ...


Reporting: TypeAlias = Callable[[Progress], None]


def cut(n: int, radii: Sequence[float | tuple[float, ...]], size: int = SIZE) -> tuple[Part, ...]:
    """Parts of `size` samples for each radius.

    Args:
        n: samples.
        radii: the first is the one of the threat model; a tuple has one for each sample.
        size: samples of a part at most.
    """
    found: list[Part] = []
    for eps in radii:
        for start in range(0, n, size):
            stop = min(start + size, n)
            own = eps[start:stop] if isinstance(eps, tuple) else eps
            found.append(Part(len(found), start, stop, own))
    return tuple(found)


def work_of(work: Path | None, part: Part, parts: int) -> Path | None:
    """The work file of a part: the one that was named, with a number where there are several."""
    if work is None or parts == 1:
        return work
    return work.with_name(f"{work.name}.{part.number + 1}")


def here(campaign: Campaign, work: Path | None, told: Reporting | None = None) -> tuple[Tried, ...]:
    """All parts, one after the other, in this process.

    Args:
        campaign: what is attacked.
        work: file that keeps what is done; see `work_of`.
        told: is told how many parts have ended.
    """
    parts, found = campaign.parts(), []
    for part in parts:
        found.append(campaign.attempt(part, work_of(work, part, len(parts))))
        if told is not None and len(parts) > 1:
            told(Progress("parts", len(found), len(parts)))
    return tuple(found)


def together(tried: Sequence[Tried]) -> Tried:
    """Parts of one radius as one; whatever is of no sample is that of the first part.

    Args:
        tried: parts in their order, one at least.
    """
    first = tried[0]
    places = {name: max(one.attacks.index(name) for one in tried if name in one.attacks) for name in _names(tried)}
    attacks = tuple(sorted(places, key=lambda name: places[name]))
    breaker = [
        np.array([-1 if place < 0 else attacks.index(one.attacks[place]) for place in one.breaker], dtype=np.int64)
        for one in tried
    ]
    proved = [one.certified for one in tried if one.certified is not None]
    return replace(
        first,
        attacks=attacks,
        classes=max((one.classes for one in tried), key=len),
        y=np.concatenate([one.y for one in tried]),
        before=np.concatenate([one.before for one in tried]),
        after=np.concatenate([one.after for one in tried]),
        breaker=np.concatenate(breaker),
        size=np.concatenate([one.size for one in tried]),
        x=np.concatenate([one.x for one in tried]),
        x_adv=np.concatenate([one.x_adv for one in tried]),
        cost=sum((one.cost for one in tried), start=Cost()),
        notes=tuple(dict.fromkeys(note for one in tried for note in one.notes)),
        certified=np.concatenate(proved) if len(proved) == len(tried) else None,
        further=tuple(np.concatenate(parts) for parts in zip(*(one.further for one in tried), strict=True)),
    )


def _names(tried: Sequence[Tried]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in tried for name in one.attacks))
