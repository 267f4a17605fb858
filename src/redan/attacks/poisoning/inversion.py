"""Trigger inversion: for each class the smallest change, the same for all inputs, that makes a network answer it.

Source: Wang et al., Neural Cleanse (IEEE S&P 2019), section 4: a mask and a pattern by Adam, with a weight of the
mask's size that follows the success. Added here: all classes are searched in one batch; a second kind of change, a
shift of every value, finds triggers that are faint and everywhere, which a mask does not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from redan.attacks.evasion.network import Network
from redan.attacks.poisoning.changes import CHANGES, Change
from redan.attacks.progress import Progress
from redan.errors import IncompleteError
from redan.measures.robustness import Rate, rate

Array: TypeAlias = NDArray[Any]
_BETAS, _SMALL = (0.5, 0.9), 1e-8
_ENOUGH = 0.95  # of the inputs that have to follow a trigger
_FEWEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How much is tried.

    Args:
        steps: of Adam.
        rows: inputs for each class that a trigger is made on.
        rate: step size.
        weight: of the size at the start.
        faster: by which the weight grows while enough inputs follow, and shrinks while they do not.
    """

    steps: int = 150
    rows: int = 32
    rate: float = 0.1
    weight: float = 0.001
    faster: float = 1.15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inverted:
    """The smallest trigger that was found for one class.

    Args:
        kind: of change, `mask` or `shift`.
        target: the class.
        size: of a mask, the share of positions that it covers; of a shift, its root mean square as a share of the box.
        follow: inputs that took no part in the search, of other classes, that the trigger leads to the class.
        mask: how much of each position it replaces, shape (1, ...); None of a shift.
        pattern: by what, shape (...); what is added, of a shift.
    """

    kind: str
    target: int
    size: float
    follow: Rate
    mask: NDArray[np.float32] | None
    pattern: NDArray[np.float32]

    def on(self, x: Array, box: tuple[float, float]) -> NDArray[np.float32]:
        """Inputs with the trigger."""
        made = x + self.pattern if self.mask is None else x * (1 - self.mask) + self.mask * self.pattern
        return np.asarray(np.clip(made, *box), dtype=np.float32)


def invert(
    network: Network,
    x: Array,
    classes: Sequence[int],
    *,
    kind: str = "mask",
    box: tuple[float, float] = (0.0, 1.0),
    search: Search | None = None,
    seed: int = 0,
    told: Callable[[Progress], None] | None = None,
) -> tuple[Inverted, ...]:
    """The smallest trigger of each class.

    Args:
        network: that is examined.
        x: inputs without a trigger, of all classes, shape (n, ...).
        classes: that are searched for.
        kind: `mask` or `shift`.
        box: least and largest valid value.
        search: how much is tried.
        seed: of the choice of inputs.
        told: is told of progress.

    Raises:
        IncompleteError: too few inputs are answered otherwise than by a class.
    """
    plan = search or Search()
    rows, held = _rows(network.labels(x), classes, plan.rows, seed)
    given = torch.as_tensor(np.asarray(x, dtype=np.float32)[rows.ravel()], device=network.device)
    change = CHANGES[kind](len(classes), given.shape[1:], box, network.device)
    best = _searched(network, given, classes, change, (plan, told))
    found = []
    for place, target in enumerate(classes):
        mask, pattern = change.arrays(best, place)
        one = Inverted(
            kind=kind, target=target, size=change.size(best, place), follow=rate([]), mask=mask, pattern=pattern
        )
        followed = network.labels(one.on(np.asarray(x)[held[place]], box)) == target
        found.append(
            Inverted(kind=kind, target=target, size=one.size, follow=rate(followed), mask=mask, pattern=pattern)
        )
    return tuple(found)


def _rows(
    labels: NDArray[np.int64], classes: Sequence[int], most: int, seed: int
) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """For each class as many inputs to search with, and others to judge by."""
    rng = np.random.default_rng([seed, 11])
    others = [rng.permutation(np.flatnonzero(labels != target)) for target in classes]
    least = min(map(len, others))
    if least < 2 * _FEWEST:
        raise IncompleteError(
            f"{least} inputs are answered otherwise than by some class; {2 * _FEWEST} are needed",
            remedy="give more samples, of all classes",
        )
    used = min(most, least // 2)
    return np.stack([one[:used] for one in others]), [one[used : used + 10 * most] for one in others]


def _searched(
    network: Network,
    x: Tensor,
    classes: Sequence[int],
    change: Change,
    how: tuple[Search, Callable[[Progress], None] | None],
) -> dict[str, Tensor]:
    """Parameters of the smallest change of each class that enough inputs followed, or of the best one."""
    plan, told = how
    wanted = torch.as_tensor(classes, device=x.device)
    each = len(x) // len(classes)
    aims = wanted.repeat_interleave(each)
    now = change.start()
    adam = _Adam(now, plan.rate)
    weight = torch.full((len(classes),), plan.weight, device=x.device)
    best, least = {name: v.clone() for name, v in now.items()}, torch.full_like(weight, torch.inf)
    most = torch.zeros_like(weight)

    def loss(logits: Tensor, at: slice | Tensor) -> Tensor:
        return functional.cross_entropy(logits, aims[at], reduction="none")

    for step in range(plan.steps):
        found = network.gradient(change.on(now, x), loss)
        follow = (found.logits.argmax(1) == aims).float().reshape(-1, each).mean(1)
        size = change.sizes(now)
        better = torch.where(follow >= _ENOUGH, size < least, least.isinf() & (follow >= most))
        least = torch.where(better & (follow >= _ENOUGH), size, least)
        most = torch.maximum(most, follow)
        for name, value in now.items():
            best[name] = torch.where(better.reshape(-1, *[1] * (value.ndim - 1)), value, best[name])
        slopes = change.gradient(now, x, found.gradient / each, weight)
        now = adam.moved(now, slopes, change)
        weight = torch.where(follow >= _ENOUGH, weight * plan.faster, weight / plan.faster**1.5)
        if told is not None:
            told(Progress(change.name, step + 1, plan.steps))
    return best


class _Adam:
    """Adam over a few tensors, with Neural Cleanse's decay of means."""

    def __init__(self, now: dict[str, Tensor], rate: float) -> None:
        """Begins at rest."""
        self._rate, self._step = rate, 0
        self._first = {name: torch.zeros_like(value) for name, value in now.items()}
        self._second = {name: torch.zeros_like(value) for name, value in now.items()}

    def moved(self, now: dict[str, Tensor], slopes: dict[str, Tensor], change: Change) -> dict[str, Tensor]:
        """The tensors after one step."""
        self._step += 1
        made = {}
        for name, value in now.items():
            self._first[name] = _BETAS[0] * self._first[name] + (1 - _BETAS[0]) * slopes[name]
            self._second[name] = _BETAS[1] * self._second[name] + (1 - _BETAS[1]) * slopes[name] ** 2
            mean = self._first[name] / (1 - _BETAS[0] ** self._step)
            spread = self._second[name] / (1 - _BETAS[1] ** self._step)
            made[name] = value - self._rate * change.pace(name) * mean / (spread.sqrt() + _SMALL)
        return made
