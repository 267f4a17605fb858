"""Recorded updates with some participants replaced by attackers: how far does the combined update move?

Attackers know the rule's family and all honest updates of the round, and send what they like; f of n at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.defences.aggregation.assumptions import Rule
from redan.defences.aggregation.rules import aggregate
from redan.errors import IncompleteError, InputError
from redan.stats.interval import Interval

DRAWS = 5  # choices of who is bad, per round
MOST_ROUNDS = 50
MOST_WIDTH = 20_000  # coordinates looked at; a random choice above
FARTHEST = 1e6  # further is not told apart: the result is whatever the attacker wants
_CONFIDENCE = 0.95
_STEPS = 40

Attack: TypeAlias = Callable[[NDArray[np.float64], int, np.random.Generator], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a rule came to under one attack.

    Args:
        attack: its name.
        moved: distance between the combined update and the mean of the honest ones, in standard deviations of honest
            updates around that mean; averaged over rounds and draws.
        interval: of it, 95 %.
        forward: the combined update along the honest mean, 1 where it goes as far; averaged.
        forward_interval: of it, 95 %.
        n: rounds times draws.
    """

    attack: str
    moved: float
    interval: Interval
    forward: float
    forward_interval: Interval
    n: int


def trials(updates: ArrayLike, rule: Rule, bad: int, *, rng: np.random.Generator) -> tuple[Trial, ...]:
    """Tries every attack on recorded updates, which are taken to be honest.

    The distance is the square root of kappa in (f, kappa)-robustness: Allouah et al., Fixing by Mixing, AISTATS 2023,
    definition 2. A rule that picks one honest update is at about 1.

    Args:
        updates: shape (rounds, n, d); a participant whose update is not finite did not take part in the round.
        rule: that combines them.
        bad: participants that are replaced in each draw, f >= 1.
        rng: of draws and of noise.

    Returns:
        One per attack, in a fixed order.

    Raises:
        IncompleteError: in no round are there enough participants for the rule, or all updates are alike.
        InputError: the array has another shape.
    """
    whole = np.asarray(updates, dtype=np.float64)
    if whole.ndim != 3:  # noqa: PLR2004 -- rounds, participants, coordinates
        raise InputError(f"updates have shape {whole.shape}", remedy="give rounds x participants x coordinates")
    if whole.shape[2] > MOST_WIDTH:
        whole = whole[:, :, np.sort(rng.choice(whole.shape[2], MOST_WIDTH, replace=False))]
    kept = np.sort(rng.permutation(len(whole))[:MOST_ROUNDS])
    rounds = [sent[np.isfinite(sent).all(axis=1)] for sent in whole[kept]]
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ATTACKS}
    for sent in rounds:
        for _ in range(DRAWS if len(sent) > bad + 1 else 0):
            honest = sent[np.sort(rng.permutation(len(sent))[bad:])]
            for name, attack in ATTACKS.items():
                outcome = _outcome(honest, attack(honest, bad, rng), rule, bad)
                if outcome is not None:
                    found[name].append(outcome)
    if not all(found.values()):
        raise IncompleteError(
            "no round holds enough differing updates to try the rule on", remedy="record the updates of more rounds"
        )
    return tuple(_trial(name, np.array(outcomes)) for name, outcomes in found.items())


def _outcome(
    honest: NDArray[np.float64], sent: NDArray[np.float64], rule: Rule, bad: int
) -> tuple[float, float] | None:
    centre = honest.mean(axis=0)
    spread = float(np.sqrt(((honest - centre) ** 2).sum(axis=1).mean()))
    length = float((centre**2).sum())
    if not spread or not length:
        return None
    together = np.concatenate([sent, honest])
    result = together.mean(axis=0) if rule == "mean" else aggregate(together, rule, bad)
    moved = min(float(np.linalg.norm(result - centre)) / spread, FARTHEST)
    forward = float(np.clip(float(result @ centre) / length, -FARTHEST, FARTHEST))
    return moved, forward


def _trial(name: str, outcomes: NDArray[np.float64]) -> Trial:
    moved, forward = outcomes[:, 0], outcomes[:, 1]
    return Trial(
        attack=name,
        moved=float(moved.mean()),
        interval=_interval(moved),
        forward=float(forward.mean()),
        forward_interval=_interval(forward),
        n=len(outcomes),
    )


def _interval(values: NDArray[np.float64]) -> Interval:
    """Student's t; draws of one round share its updates, so this is narrower than new rounds would vary."""
    from scipy.special import stdtrit

    if len(values) == 1:
        return Interval(-FARTHEST, FARTHEST)
    half = float(stdtrit(len(values) - 1, (1 + _CONFIDENCE) / 2) * values.std(ddof=1) / len(values) ** 0.5)
    return Interval(float(values.mean()) - half, float(values.mean()) + half)


def _reversed(honest: NDArray[np.float64], bad: int, _: np.random.Generator) -> NDArray[np.float64]:
    """All send the honest mean backwards, enlarged so that a plain mean goes backwards as well."""
    return np.tile(-(2 * len(honest) / bad + 1) * honest.mean(axis=0), (bad, 1))


def _noise(honest: NDArray[np.float64], bad: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(rng.normal(0.0, 100 * float(np.abs(honest).max()), (bad, honest.shape[1])))


def _little(honest: NDArray[np.float64], bad: int, _: np.random.Generator) -> NDArray[np.float64]:
    """A little is enough: as far from the mean as the supporters that are needed for a majority.

    Source: Baruch, Baruch and Goldberg, A Little Is Enough, NeurIPS 2019, algorithm 3.
    """
    from scipy.special import ndtri

    count = len(honest) + bad
    supporters = count // 2 + 1 - bad
    z = float(ndtri(np.clip((count - bad - supporters) / (count - bad), 0.5, 0.999)))
    return np.tile(honest.mean(axis=0) - max(z, 0.3) * honest.std(axis=0), (bad, 1))


def _against(honest: NDArray[np.float64], bad: int, _: np.random.Generator) -> NDArray[np.float64]:
    """Inner product manipulation with a small factor. Source: Xie, Koyejo and Gupta, Fall of Empires, UAI 2020."""
    return np.tile(-0.5 * honest.mean(axis=0), (bad, 1))


def _farthest(honest: NDArray[np.float64], bad: int, _: np.random.Generator) -> NDArray[np.float64]:
    """As far against the spread as still lies within the largest distance between two honest updates.

    Source: Shejwalkar and Houmansadr, Manipulating the Byzantine, NDSS 2021, section IV (min-max).
    """
    centre, way = honest.mean(axis=0), -honest.std(axis=0)
    most = max(float(((honest - one) ** 2).sum(axis=1).max()) for one in honest)
    low, high = 0.0, 10.0 * len(honest) ** 0.5
    for _step in range(_STEPS):
        middle = (low + high) / 2
        inside = ((honest - centre - middle * way) ** 2).sum(axis=1).max() <= most
        low, high = (middle, high) if inside else (low, middle)
    return np.tile(centre + low * way, (bad, 1))


ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        "reversed and enlarged": _reversed,
        "large noise": _noise,
        "a little is enough": _little,
        "against the honest mean": _against,
        "as far as honest updates differ": _farthest,
    }
)
