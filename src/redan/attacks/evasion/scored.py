"""Runs an attack of the pool that needs scores only, over samples, against whatever answers."""

import time

import numpy as np
import torch
from numpy.typing import NDArray

from redan.attacks.evasion import draws
from redan.attacks.evasion.asked import Asked
from redan.attacks.evasion.pool import SLOTS, Attack, Course, Tasks, run
from redan.attacks.evasion.samples import Samples, checked, positive, queries_for
from redan.attacks.queries import StoppedError
from redan.attacks.result import Result
from redan.attacks.threat import Threat
from redan.errors import IncompleteError


def scored(
    attack: Attack,
    model: object,
    x: object,
    y: object,
    *,
    threat: Threat,
    restarts: int = 1,
    budget: int | None = None,
    seed: int = 0,
    slots: int = SLOTS,
) -> Result:
    """Runs an attack by scores.

    Args:
        attack: which.
        model: what `queries_for` takes.
        x: shape (n, ...).
        y: shape (n,), the truth.
        threat: the ball and the box.
        restarts: runs of a sample, until it is broken.
        budget: queries in all; None for no end.
        seed: of the draws.
        slots: samples in flight; no result depends on it.

    Returns:
        Inputs; `step` is the number of proposals until success, 0 for a sample that the model gets wrong by itself.

    Raises:
        InputError: the samples do not fit.
        StoppedError: the model does not answer any more, or the budget is spent; its `result` is what was found.
    """
    began = time.perf_counter()
    queries = queries_for(model, budget)
    given = checked(x, y, threat, queries)
    positive(slots=slots, restarts=restarts)
    asked = Asked(queries)
    x_adv, broken = given.x.copy(), np.zeros(len(given.x), dtype=np.bool_)
    step = np.full(len(given.x), -1, dtype=np.int64)

    def result() -> Result:
        cost = queries.cost(time.perf_counter() - began)
        return Result(attack=attack.name, x_adv=x_adv, broken=broken, step=step, cost=cost)

    try:
        right = queries.labels(given.x) == given.y
        broken[~right], step[~right] = True, 0
        at = np.flatnonzero(right)
        keys = draws.keys(given.x[at], attack.name, seed)
        tasks = Tasks(*(part.to(asked.device) for part in _tasks(given, at, threat, keys, restarts)))
        for ended in run(Course(attack, asked, tasks, threat, slots)):
            rows = at[ended.samples[ended.broken]]
            x_adv[rows] = ended.found[torch.as_tensor(ended.broken)].cpu().numpy()
            broken[rows], step[rows] = True, ended.step[ended.broken] + 1
    except IncompleteError as error:
        raise StoppedError(error, result()) from error
    return result()


def _tasks(given: Samples, at: NDArray[np.int64], threat: Threat, keys: NDArray[np.int64], restarts: int) -> Tasks:
    return Tasks(
        torch.as_tensor(given.x[at]),
        torch.as_tensor(given.y[at]),
        torch.as_tensor(threat.radii(len(given.x))[at]),
        torch.as_tensor(keys),
        torch.full((len(at), restarts), -1),
    )
