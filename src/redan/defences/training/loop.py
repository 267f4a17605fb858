"""The loop that all recipes share: the most robust epoch is kept, and a collapse ends it."""

import copy
import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from redan.attacks.threat import Threat
from redan.defences.training.climb import climb, somewhere
from redan.defences.training.plan import Epoch, Plan, Trained
from redan.defences.training.rows import Rows, rows_of, split
from redan.errors import IncompleteError
from redan.measures.robustness import rate

_WORTH = 0.1  # below it, robust accuracy is too little to be lost

_MEASURED_SHARE = 2.5  # of the radius, over all steps that measure an epoch


class Batch(NamedTuple):
    """What a recipe makes a loss of.

    Args:
        module: in training mode.
        x: shape (n, ...).
        y: shape (n,).
        eps: radii, shape (n,).
        plan: of training.
        rng: for starts and noise.
    """

    module: nn.Module
    x: Tensor
    y: Tensor
    eps: Tensor
    plan: Plan
    rng: torch.Generator


Recipe: TypeAlias = Callable[[Batch], Tensor]
Worst: TypeAlias = Callable[[Batch], Tensor]
Flags: TypeAlias = NDArray[np.bool_]


class Course(NamedTuple):
    """What stays the same during a training.

    Args:
        name: of the recipe.
        module: to start from.
        threat: whose box rows keep to, and under which epochs are measured.
        plan: of training.
        seed: of everything random.
        progress: told of each epoch.
        robust: whether the epoch is chosen by robust accuracy, or by clean accuracy; without, a collapse is none.
    """

    name: str
    module: nn.Module
    threat: Threat
    plan: Plan
    seed: int
    progress: Callable[[Epoch], None] | None
    robust: bool = True


def train(course: Course, x: Any, y: Any, recipe: Recipe, *, worst: Worst | None = None) -> Trained:  # noqa: ANN401 -- an array or a tensor
    """Trains a copy of the network.

    Args:
        course: what stays the same.
        x: shape (n, ...).
        y: shape (n,).
        recipe: the loss of a batch.
        worst: inputs on which an epoch is measured; those of PGD when None.

    Raises:
        InputError: rows or labels cannot be trained on.
        IncompleteError: the loss is no number before the first epoch has ended.
    """
    device = next((p.device for p in course.module.parameters()), torch.device("cpu"))
    rng = torch.Generator().manual_seed(course.seed)
    fitted, held = split(rows_of(x, y, course.threat, device), course.plan.held, rng)
    # Dropout draws from the generator of the process, which is given back as it was.
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(course.seed)
        return _epochs(course, _run(course, len(fitted.y), rng), (fitted, held), recipe, worst)


class _Run(NamedTuple):
    module: nn.Module
    steps: torch.optim.Optimizer
    slope: torch.optim.lr_scheduler.LRScheduler
    rng: torch.Generator


def _run(course: Course, rows: int, rng: torch.Generator) -> _Run:
    plan = course.plan
    module = copy.deepcopy(course.module).requires_grad_()
    steps = torch.optim.Adam(module.parameters(), lr=plan.rate, weight_decay=plan.decay)
    total = plan.epochs * math.ceil(rows / plan.batch)
    return _Run(module, steps, torch.optim.lr_scheduler.LambdaLR(steps, lambda at: _slope((at + 1) / (total + 1))), rng)


def _epochs(course: Course, run: _Run, rows: tuple[Rows, Rows], recipe: Recipe, worst: Worst | None) -> Trained:
    fitted, held = rows
    epochs: list[Epoch] = []
    weights, stopped = copy.deepcopy(run.module.state_dict()), None
    for number in range(1, course.plan.epochs + 1):
        loss = _pass(run, fitted, course.plan, recipe)
        if not math.isfinite(loss):
            stopped = f"the loss of epoch {number} is no number"
            break
        clean, robust = _measured(course, run.module, held, worst)
        epochs.append(Epoch(number=number, loss=loss, clean=rate(clean), robust=rate(robust)))
        if course.progress is not None:
            course.progress(epochs[-1])
        if _best(epochs, robust=course.robust) == number:
            weights = copy.deepcopy(run.module.state_dict())
        stopped = _collapse(epochs, course.plan.drop) if course.robust else None
        if stopped is not None:
            break
    if not epochs:
        raise IncompleteError(f"training failed: {stopped}", remedy="lower the learning rate, or look at the inputs")
    run.module.load_state_dict(weights)
    run.module.eval().requires_grad_(requires_grad=False)
    chosen = _best(epochs, robust=course.robust)
    return Trained(recipe=course.name, module=run.module, epochs=tuple(epochs), chosen=chosen, stopped=stopped)


def _slope(at: float) -> float:
    return at / 0.4 if at < 0.4 else (1.0 - at) / 0.6  # noqa: PLR2004 -- up for two fifths, down for three


def _pass(run: _Run, fitted: Rows, plan: Plan, recipe: Recipe) -> float:
    run.module.train()
    losses = []
    for at in torch.randperm(len(fitted.y), generator=run.rng).to(fitted.y.device).split(plan.batch):
        if len(at) == 1:
            continue  # batch normalisation has no statistics of a single row
        loss = recipe(Batch(run.module, fitted.x[at], fitted.y[at], fitted.eps[at], plan, run.rng))
        run.steps.zero_grad()
        loss.backward()
        run.steps.step()
        run.slope.step()
        losses.append(float(loss.detach()))
        if not math.isfinite(losses[-1]):
            break
    return float(np.mean(losses))


def _measured(course: Course, module: nn.Module, held: Rows, worst: Worst | None) -> tuple[Flags, Flags]:
    # The same starts in each epoch: what changes is the network.
    rng = torch.Generator().manual_seed(course.seed + 1)
    module.eval()
    clean, robust = [], []
    for at in torch.arange(len(held.y), device=held.y.device).split(course.plan.batch):
        batch = Batch(module, held.x[at], held.y[at], held.eps[at], course.plan, rng)
        moved = _moved(batch, course) if worst is None else worst(batch)
        with torch.no_grad():
            right = module(batch.x).argmax(1) == batch.y
            robust.append(right & (module(moved).argmax(1) == batch.y))
        clean.append(right)
    return torch.cat(clean).cpu().numpy(), torch.cat(robust).cpu().numpy()


def _moved(batch: Batch, course: Course) -> Tensor:
    def loss(logits: Tensor) -> Tensor:
        return functional.cross_entropy(logits, batch.y, reduction="sum")

    start = somewhere(batch.x, batch.eps, course.threat, batch.rng)
    count = course.plan.measured
    share = max(_MEASURED_SHARE / count, 1.0 / 8)
    return climb(
        batch.module, batch.x, batch.eps, course.threat, start=start, loss=loss, steps=count, share=min(share, 1.0)
    )


def _best(epochs: list[Epoch], *, robust: bool) -> int:
    found = max(epochs, key=lambda e: ((e.robust if robust else e.clean).hits, e.clean.hits, e.number))
    return found.number


def _collapse(epochs: list[Epoch], drop: float) -> str | None:
    shares = [epoch.robust.value or 0.0 for epoch in epochs]
    best, now = max(shares), shares[-1]
    # At a large radius little stays right at best, and its loss is smaller than any share of all rows.
    halved = best >= _WORTH and now <= best / 2
    if best - now < drop and not halved:
        return None
    return (
        f"accuracy under PGD on {epochs[-1].robust.n} rows that were kept out fell from {best:.0%} to "
        f"{now:.0%} in epoch {len(epochs)}: overfitting to its own attack"
    )
