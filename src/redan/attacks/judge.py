"""Re-verification of adversarial inputs, outside of the attack that made them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.threat import Threat
from redan.errors import InputError

Labels: TypeAlias = Callable[[NDArray[Any]], NDArray[np.int64]]
Allowed: TypeAlias = Callable[[NDArray[Any], NDArray[Any]], NDArray[np.bool_]]
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What of an attack's claims is true.

    Args:
        broken: shape (n,): inside of the ball, the box and the constraints, and labelled otherwise than the truth.
        outside: shape (n,): moved further than the threat model allows, out of the box, or no number.
        answers: shape (n,), the label that the model gives.
        size: shape (n,), norm of the perturbation.
    """

    broken: NDArray[np.bool_]
    outside: NDArray[np.bool_]
    answers: NDArray[np.int64]
    size: NDArray[np.float64]


def judge(
    labels: Labels,
    x: NDArray[Any],
    y: NDArray[np.int64],
    x_adv: NDArray[Any],
    threat: Threat,
    *,
    allowed: Allowed | None = None,
) -> Judged:
    """Verifies norm, box, constraints and label of each proposed input.

    Args:
        labels: the model's label per row of an array of float32, eager, in full precision, in evaluation mode.
        x: shape (n, ...), what the attacker started from.
        y: shape (n,), the truth.
        x_adv: shape of `x`, what the attack proposes.
        threat: what was allowed.
        allowed: for inputs and proposals, which rows satisfy the rules between columns.

    Raises:
        InputError: the shapes differ.
    """
    if x.shape != x_adv.shape or len(y) != len(x):
        raise InputError(f"proposals of shape {x_adv.shape} for inputs of shape {x.shape}", remedy="give one for each")
    proposed = np.asarray(x_adv, dtype=np.float32)
    given = np.asarray(x, dtype=np.float32)
    flat = proposed.reshape(len(proposed), -1)
    size = threat.sizes(proposed - given)
    slack = TOLERANCE * (threat.norm != "l0")
    inside = np.isfinite(flat).all(axis=1) & (size <= threat.radii(len(given)) + slack)
    inside &= (flat >= threat.low - TOLERANCE).all(axis=1) & (flat <= threat.high + TOLERANCE).all(axis=1)
    if allowed is not None:
        inside &= allowed(given, proposed)
    told = labels(np.where(inside.reshape(-1, *[1] * (given.ndim - 1)), proposed, given))
    return Judged(broken=inside & (told != y), outside=~inside, answers=told, size=size)
