"""Distillation and pruning of modules of PyTorch.

Source: Hinton, Vinyals and Dean (2015); Han et al. (2015).
"""

import copy
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from redan.defences.reduction.record import Reduced
from redan.errors import InputError

_WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def distil_module(
    teacher: nn.Module,
    student: nn.Module,
    x: Any,  # noqa: ANN401 -- an array or a tensor
    *,
    temperature: float = 4.0,
    epochs: int = 20,
    batch: int = 64,
    rate: float = 3e-3,
    seed: int = 0,
) -> Reduced:
    """Trains a student on the softened answers of a teacher.

    Args:
        teacher: gives logits, shape (n, classes).
        student: likewise; a copy of it is trained, from its own first weights.
        x: inputs that the teacher is asked about, shape (n, ...).
        temperature: that logits of both are divided by.
        epochs: passes over the inputs.
        batch: inputs of a step.
        rate: of Adam.
        seed: of the order of inputs, and of what the student draws.

    Returns:
        The student in evaluation mode.

    Raises:
        InputError: a setting is not positive, or the two have other classes.
    """
    if min(temperature, rate, epochs, batch) <= 0:
        raise InputError("a setting of the distillation is not positive")
    inputs = torch.as_tensor(np.asarray(x), dtype=torch.float32)
    master, pupil = copy.deepcopy(teacher).eval(), copy.deepcopy(student).train()
    with torch.no_grad():
        told = torch.cat([master(part) for part in inputs.split(256)])
    soft = functional.softmax(told / temperature, dim=1)
    steps = torch.optim.Adam(pupil.parameters(), lr=rate)
    order = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(epochs):
            for rows in torch.from_numpy(order.permutation(len(inputs))).split(batch):
                said = pupil(inputs[rows])
                if said.shape[1:] != soft.shape[1:]:
                    raise InputError("the student has other classes than the teacher")
                loss = -(soft[rows] * functional.log_softmax(said / temperature, dim=1)).sum(dim=1).mean()
                steps.zero_grad()
                (loss * temperature).backward()
                steps.step()
    settings = {"temperature": temperature, "epochs": epochs, "rows": len(inputs), "seed": seed}
    return _reduced(teacher, pupil.eval(), "distillation", settings)


def prune_module(module: nn.Module, share: float) -> Reduced:
    """Sets the smallest weights of all linear and convolutional layers together to zero; the module given stays.

    Args:
        module: any.
        share: of those weights that go, in [0, 1).

    Raises:
        InputError: the share is out of range, or the module has no such layer.
    """
    if not 0.0 <= share < 1.0:
        raise InputError(f"a share that goes lies between 0 and 1, not {share}")
    made = copy.deepcopy(module)
    layers = [part.weight for part in made.modules() if isinstance(part, _WEIGHTED)]
    if not layers:
        raise InputError("the module has no linear or convolutional layer")
    with torch.no_grad():
        sizes = torch.cat([weight.abs().flatten() for weight in layers])
        edge = sizes.kthvalue(int(share * len(sizes)) + 1).values
        for weight in layers:
            weight.mul_(weight.abs() >= edge)
    return _reduced(module, made, "magnitude pruning", {"share": share})


def _reduced(before: nn.Module, after: nn.Module, way: Any, settings: Any) -> Reduced:  # noqa: ANN401 -- of the record
    (numbers_before, bytes_before), (numbers_after, bytes_after) = _size(before), _size(after)
    return Reduced(
        model=after,
        way=way,
        settings=settings,
        numbers_before=numbers_before,
        numbers_after=numbers_after,
        bytes_before=bytes_before,
        bytes_after=bytes_after,
    )


def _size(module: nn.Module) -> tuple[int, int]:
    parts = list(module.parameters())
    return (
        sum(int(torch.count_nonzero(part)) for part in parts),
        sum(part.numel() * part.element_size() for part in parts),
    )
