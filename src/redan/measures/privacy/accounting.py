"""Accounting: the epsilon of steps with Gaussian noise, by privacy loss distributions and by Renyi divergence.

Source: Koskela, Jalko and Honkela (2020) and Doroshenko et al. (2022) for the first, Mironov, Talwar and Zhang (2019)
for the second; both as implemented by dp-accounting.
"""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from redan.errors import MissingExtraError
from redan.measures.privacy.record import Assumed, Neighbours

if TYPE_CHECKING:
    from types import ModuleType

GRID = 1e-4  # of privacy losses, as dp-accounting has it
_USEFUL = 50.0  # beyond, nothing is protected, and exactness would cost minutes
_STEPS = 1_000_000  # likewise
_WHOLE = 10**9  # rows that a rate is a share of, where dp-accounting asks for rows
_NOISIEST = 1e6
_CLOSE = 1e-3
_SMALL = 0.5  # noise below takes a coarser grid: the losses reach further


class Epsilon(NamedTuple):
    """An upper bound of epsilon, and how it was come by.

    Args:
        value: infinite when nothing is protected; None when no accounting of this mechanism is known here.
        by: `pld` or `rdp`.
    """

    value: float | None
    by: Literal["pld", "rdp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """Steps that each release a sum of clipped gradients with Gaussian noise.

    Args:
        noise_multiplier: standard deviation of the noise over the most that one row adds to the sum.
        steps: releases that a row can be part of.
        rate: chance of a row to be in a batch; 1 without sampling.
        sampling: `none` claims nothing for it.
        neighbours: what the guarantee compares; by replacement, two gradients differ by twice the clipping norm.
    """

    noise_multiplier: float
    steps: int
    rate: float = 1.0
    sampling: Assumed = "poisson"
    neighbours: Neighbours = "add-remove"


def epsilon(mechanism: Mechanism, delta: float) -> Epsilon:
    """The smallest epsilon that is known of a mechanism.

    Args:
        mechanism: what was released.
        delta: in [0, 1].

    Returns:
        The better of two upper bounds; `pld` alone is not tried where it would take minutes to say "nothing".

    Raises:
        MissingExtraError: dp-accounting is not installed.
    """
    by_rdp = epsilon_rdp(mechanism, delta)
    if not _tractable(mechanism, delta):
        return Epsilon(by_rdp, "rdp")
    by_pld = epsilon_pld(mechanism, delta)
    if by_pld is None or (by_rdp is not None and by_rdp < by_pld):
        return Epsilon(by_rdp, "rdp")
    return Epsilon(by_pld, "pld")


def epsilon_pld(mechanism: Mechanism, delta: float) -> float | None:
    """Epsilon by privacy loss distributions, rounded up to a grid; None for sampling that they do not cover.

    Raises:
        MissingExtraError: dp-accounting is not installed.
    """
    accountant = _pld(mechanism)
    return None if accountant is None else float(accountant.get_epsilon(delta))


def deltas_pld(mechanism: Mechanism) -> Callable[[float], float] | None:
    """Delta as a function of epsilon, by privacy loss distributions; None for sampling that they do not cover.

    Raises:
        MissingExtraError: dp-accounting is not installed.
    """
    accountant = _pld(mechanism)
    return None if accountant is None else lambda at: float(accountant.get_delta(at))


def epsilon_rdp(mechanism: Mechanism, delta: float) -> float | None:
    """Epsilon by Renyi divergence: an older, looser bound; None for pairs of sampling and neighbours it does not cover.

    Raises:
        MissingExtraError: dp-accounting is not installed.
    """
    package = _package()
    from dp_accounting.rdp import RdpAccountant

    if _sampled(mechanism) and (mechanism.sampling == "poisson") is (mechanism.neighbours == "replace-one"):
        return None
    if mechanism.noise_multiplier == 0.0 or delta == 0.0:
        return math.inf
    with _quiet():
        accountant = RdpAccountant(neighboring_relation=_relation(package, mechanism))
        return float(accountant.compose(_event(package, mechanism)).get_epsilon(delta))


def noise_for(target: float, delta: float, *, steps: int, rate: float, neighbours: Neighbours = "add-remove") -> float:
    """The least noise multiplier, to a thousandth, with which Poisson batches keep to an epsilon.

    Args:
        target: epsilon that is not to be exceeded, above 0.
        delta: in (0, 1).
        steps: batches.
        rate: chance of a row to be in a batch.
        neighbours: of the claim.

    Raises:
        ValueError: no noise up to a million suffices.
        MissingExtraError: dp-accounting is not installed.
    """

    def fits(noise: float) -> bool:
        found = epsilon(Mechanism(noise_multiplier=noise, steps=steps, rate=rate, neighbours=neighbours), delta).value
        return found is not None and found <= target

    low, high = 0.0, 1.0
    while not fits(high):
        low, high = high, 2.0 * high
        if high > _NOISIEST:
            raise ValueError(f"no noise keeps {steps} steps to an epsilon of {target}")
    while high - low > _CLOSE * high:
        middle = (low + high) / 2.0
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def _pld(mechanism: Mechanism) -> Any | None:  # noqa: ANN401 -- dp-accounting ships no types
    package = _package()
    from dp_accounting.pld import PLDAccountant

    if _sampled(mechanism) and mechanism.sampling == "fixed-without-replacement":
        return None
    noise = mechanism.noise_multiplier / (1.0 if _sampled(mechanism) else _apart(mechanism) * mechanism.steps**0.5)
    coarser = max(1.0, (_SMALL / noise) ** 2) if noise else 1.0
    accountant = PLDAccountant(_relation(package, mechanism), GRID * coarser)
    return accountant.compose(_event(package, mechanism))


def _tractable(mechanism: Mechanism, delta: float) -> bool:
    """Whether exact composition ends within seconds, as Renyi divergence foresees it."""
    if mechanism.noise_multiplier == 0.0 or delta == 0.0 or mechanism.steps > _STEPS:
        return False
    probe = Mechanism(
        noise_multiplier=mechanism.noise_multiplier / _apart(mechanism),
        steps=mechanism.steps,
        rate=mechanism.rate,
        sampling="none" if mechanism.sampling == "none" else "poisson",
    )
    foreseen = epsilon_rdp(probe, delta)
    return foreseen is not None and foreseen <= _USEFUL


def _event(package: "ModuleType", mechanism: Mechanism) -> object:
    sampled, sigma = _sampled(mechanism), mechanism.noise_multiplier
    if not sampled or mechanism.sampling == "fixed-without-replacement":
        sigma /= _apart(mechanism)
    gaussian = package.GaussianDpEvent(sigma)
    if not sampled:
        return package.SelfComposedDpEvent(gaussian, mechanism.steps)
    if mechanism.sampling == "poisson":
        return package.SelfComposedDpEvent(package.PoissonSampledDpEvent(mechanism.rate, gaussian), mechanism.steps)
    drawn = package.SampledWithoutReplacementDpEvent(_WHOLE, max(1, round(mechanism.rate * _WHOLE)), gaussian)
    return package.SelfComposedDpEvent(drawn, mechanism.steps)


def _sampled(mechanism: Mechanism) -> bool:
    return mechanism.sampling != "none" and mechanism.rate < 1.0


def _apart(mechanism: Mechanism) -> float:
    """Clipping norms between the sums of two neighbours."""
    return 2.0 if mechanism.neighbours == "replace-one" else 1.0


def _relation(package: "ModuleType", mechanism: Mechanism) -> object:
    kinds = package.NeighboringRelation
    if not _sampled(mechanism):
        return kinds.ADD_OR_REMOVE_ONE  # `_event` has put the distance of the neighbours into the noise
    return {
        "add-remove": kinds.ADD_OR_REMOVE_ONE,
        "zero-out": kinds.REPLACE_SPECIAL,
        "replace-one": kinds.REPLACE_ONE,
    }[mechanism.neighbours]


def _package() -> "ModuleType":
    try:
        import dp_accounting
    except ImportError as error:
        raise MissingExtraError("privacy", "dp_accounting") from error
    return dp_accounting  # type: ignore[no-any-return]


@contextmanager
def _quiet() -> Iterator[None]:
    """Orders of Renyi divergence that do not converge are left out of a minimum; nobody needs to read of each."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
