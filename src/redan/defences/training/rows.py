"""The rows of a training, checked before the first step."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from redan.attacks.judge import TOLERANCE
from redan.attacks.threat import Threat
from redan.errors import InputError

_FEWEST = 20


class Rows(NamedTuple):
    """Inputs with their classes and radii.

    Args:
        x: shape (n, ...), float32.
        y: shape (n,).
        eps: shape (n,).
    """

    x: Tensor
    y: Tensor
    eps: Tensor

    def at(self, places: Tensor) -> "Rows":
        """Some of them."""
        return Rows(self.x[places], self.y[places], self.eps[places])


def rows_of(x: Any, y: Any, threat: Threat, device: torch.device) -> Rows:  # noqa: ANN401 -- an array or a tensor
    """Inputs and classes as tensors.

    Raises:
        InputError: they differ in number, are too few, leave the box, are no numbers, or are of one class.
    """
    inputs = torch.as_tensor(x)
    if not inputs.is_floating_point():
        raise InputError(f"inputs of type {inputs.dtype}", remedy="scale them to the box of the threat model as floats")
    classes = torch.as_tensor(y)
    if classes.is_floating_point() or classes.dtype == torch.bool or classes.ndim != 1 or len(classes) != len(inputs):
        raise InputError(
            f"labels of type {classes.dtype} and shape {tuple(classes.shape)} for {len(inputs)} inputs",
            remedy="give the number of each input's class, from 0",
        )
    if len(classes) < _FEWEST:
        raise InputError(f"{len(classes)} rows to train on", remedy=f"give {_FEWEST} or more")
    if int(classes.min()) < 0 or int(classes.min()) == int(classes.max()):
        raise InputError(
            "labels are negative, or all of one class", remedy="number the classes from 0; give two or more"
        )
    inputs = inputs.to(device=device, dtype=torch.float32)
    if not bool(torch.isfinite(inputs).all()):
        raise InputError("an input holds values that are no numbers", remedy="clean the data first")
    if bool((inputs < threat.low - TOLERANCE).any()) or bool((inputs > threat.high + TOLERANCE).any()):
        raise InputError(
            f"inputs leave the box from {threat.low:g} to {threat.high:g}",
            remedy="scale them, or give the threat its box",
        )
    eps = torch.as_tensor(threat.radii(len(inputs)), device=device)
    return Rows(inputs, classes.to(device=device, dtype=torch.int64), eps)


def split(rows: Rows, held: float, rng: torch.Generator) -> tuple[Rows, Rows]:
    """Rows to train on, and rows that are kept out, at least one."""
    order = torch.randperm(len(rows.y), generator=rng).to(rows.y.device)
    count = max(1, round(held * len(rows.y)))
    return rows.at(order[count:]), rows.at(order[:count])
