"""Attacks by their names, and which one a matrix allows."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.membership.likelihood import lira
from redan.attacks.inference.membership.matrix import ScoreMatrix
from redan.attacks.inference.membership.robust import rmia
from redan.attacks.inference.membership.simple import difficulty, loss_threshold
from redan.errors import InputError

Attack: TypeAlias = Callable[[ScoreMatrix], NDArray[np.float64]]
_LEAST = 2

ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        "loss": loss_threshold,
        "difficulty": difficulty,
        "lira": partial(lira, mode="online", variance="bayes"),
        "lira-pooled": partial(lira, mode="online", variance="pooled"),
        "lira-global": partial(lira, mode="online", variance="global"),
        "lira-sample": partial(lira, mode="online", variance="sample"),
        "lira-offline": partial(lira, mode="offline", variance="bayes"),
        "lira-pooled-offline": partial(lira, mode="offline", variance="pooled"),
        "lira-global-offline": partial(lira, mode="offline", variance="global"),
        "lira-sample-offline": partial(lira, mode="offline", variance="sample"),
        "rmia": partial(rmia, mode="online"),
        "rmia-offline": partial(rmia, mode="offline"),
    }
)


def attack_of(name: str) -> Attack:
    """An attack by its name.

    Raises:
        InputError: there is none.
    """
    if name not in ATTACKS:
        raise InputError(f"there is no membership attack {name!r}", remedy=f"there are {', '.join(ATTACKS)}")
    return ATTACKS[name]


def best_for(matrix: ScoreMatrix) -> str:
    """LiRA with Bayesian variance where shadows allow it, the loss threshold else."""
    rows = matrix.shadows if len(matrix.shadows) else np.arange(matrix.models)
    needed = _LEAST if len(matrix.shadows) else _LEAST + 1  # a target among them is no shadow of its own
    there = int(matrix.inside[rows].sum(axis=0).max(initial=0))
    gone = int((~matrix.inside[rows]).sum(axis=0).max(initial=0))
    if matrix.models == 1 or gone < needed:
        return "loss"
    return "lira" if there >= needed else "lira-offline"
