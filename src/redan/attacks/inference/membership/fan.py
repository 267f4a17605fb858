"""Shadows on a Ray cluster: the recipe and the records are shipped once, and each shadow is kept as it comes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.cluster import connected
from redan.attacks.campaign.parts import Cluster
from redan.attacks.inference.membership.shadows import Kept, Plan, Trainer, one
from redan.attacks.progress import Progress
from redan.errors import IncompleteError, MissingExtraError
from redan.extras import missing_import


def fanned_out(
    trainer: Trainer,
    plan: Plan,
    cluster: Cluster,
    *,
    work: Path | None = None,
    of: str = "",
    told: Callable[[Progress], None] | None = None,
) -> NDArray[np.float64]:
    """Scores of all shadows, shape (shadows, samples), the same as `shadows.trained` gives.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: the file of work is of other shadows.
        IncompleteError: the cluster does not answer, or a shadow cannot be trained; those that are done are kept.
    """
    if (missing := missing_import("ray")) is not None:
        raise MissingExtraError("ray", missing)
    kept = Kept(work, plan.digest(trainer.name, of), plan.inside.shape[1])
    waiting = [number for number in range(len(plan.inside)) if number not in kept.found]
    if waiting:
        with connected(cluster, _size(trainer)) as ray:
            _run(_Fan(ray, ray.put(trainer), ray.put(plan), cluster.workers), kept, waiting, told)
    return np.stack([kept.found[number] for number in range(len(plan.inside))])


class _Fan(NamedTuple):
    ray: Any
    trainer: Any
    plan: Any
    workers: int


def _run(fan: _Fan, kept: Kept, waiting: list[int], told: Callable[[Progress], None] | None) -> None:
    ray, of = fan.ray, len(kept.found) + len(waiting)
    made = ray.remote(one).options(num_cpus=1, max_retries=2)
    busy: dict[Any, int] = {}
    left = list(waiting)
    while left or busy:
        while left and len(busy) < fan.workers:
            number = left.pop(0)
            busy[made.remote(fan.trainer, fan.plan, number)] = number
        ended, _ = ray.wait(list(busy), num_returns=1)
        for ref in ended:
            try:
                kept.add(busy.pop(ref), np.asarray(ray.get(ref)))
            except ray.exceptions.RayError as error:
                raise IncompleteError(
                    f"a worker could not train a shadow ({type(getattr(error, 'cause', error)).__name__})",
                    remedy="look at the logs of Ray, or train without --ray",
                ) from error
            if told is not None:
                told(Progress("shadows", len(kept.found), of))


def _size(trainer: Trainer) -> int:
    x: Any = getattr(trainer, "x", None)
    return int(x.memory_usage(deep=True).sum()) if hasattr(x, "memory_usage") else int(getattr(x, "nbytes", 1 << 20))
