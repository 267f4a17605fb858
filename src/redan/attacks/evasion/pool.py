"""The engine: one pool of jobs, a batch that stays full, samples that leave when they are broken.

A job is a sample with a target and a restart. Jobs sit in slots; every step moves all slots at once, each by its own
step counter. A slot whose job ended takes the next job, so that no pass is spent on samples that are done, nor on a
batch that runs empty. The next target of a sample is only tried when the one before failed.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from redan.attacks.evasion.ball import length
from redan.attacks.evasion.draws import derived
from redan.attacks.evasion.network import Network
from redan.attacks.threat import Threat

State: TypeAlias = dict[str, Tensor]
SLOTS = 256
NONE = -1


class Attack(Protocol):
    """What moves samples; all that it knows of a job is in the state, one row per slot."""

    @property
    def name(self) -> str:
        """Under which findings carry it."""
        ...

    def start(self, state: State, threat: Threat) -> State:
        """What it keeps per job, beside what the pool keeps; asks the network nothing.

        Args:
            state: of the new jobs: `x0`, `y`, `target`, `stage`, `eps`, `key`, `k`, `found`, `broken`, `done`.
            threat: the threat model.
        """
        ...

    def step(self, state: State, network: Network, threat: Threat) -> State:
        """One step of every slot by its counter `k`, which the pool raises afterwards.

        It calls `note` for every point at which the network was asked, and sets `done` where a job has no step left.
        """
        ...


class Tasks(NamedTuple):
    """What is to be attacked.

    Args:
        x: shape (n, ...), float32.
        y: shape (n,).
        eps: shape (n,).
        keys: shape (n,), seeds of the samples.
        targets: shape (n, stages): the class to reach at each stage, -1 for any other.
    """

    x: Tensor
    y: Tensor
    eps: Tensor
    keys: Tensor
    targets: Tensor


class Ended(NamedTuple):
    """Samples that are through.

    Args:
        samples: shape (m,), rows of the tasks.
        found: shape (m, ...), broken inputs, or what the attack kept as its best.
        broken: shape (m,).
        step: shape (m,), passes until broken over all stages, -1 where it was not.
        stage: shape (m,), at which it was broken.
    """

    samples: NDArray[np.int64]
    found: Tensor
    broken: NDArray[np.bool_]
    step: NDArray[np.int64]
    stage: NDArray[np.int64]


def note(state: State, x: Tensor, logits: Tensor, threat: Threat) -> None:
    """Keeps the first point of each running job that the network gets wrong inside of the ball.

    Args:
        state: of the slots; `found` and `broken` are changed.
        x: shape (slots, ...), where the network was asked.
        logits: shape (slots, classes), its answers.
        threat: a point outside of it is no success.
    """
    running = ~(state["broken"] | state["done"])
    wrong = logits.argmax(dim=1) != state["y"]
    inside = length(x - state["x0"], threat.norm) <= state["eps"] * (1 + 1e-6) + 1e-7
    hit = running & wrong & inside
    state["found"] = torch.where(hit.reshape(-1, *[1] * (x.ndim - 1)), x, state["found"])
    state["broken"] = state["broken"] | hit


class Course(NamedTuple):
    """What stays the same while a pool runs.

    Args:
        attack: what moves samples.
        network: what is asked.
        tasks: the samples; those that the network gets wrong by itself are not to be among them.
        threat: the threat model.
        slots: how many samples are in flight at most; no result depends on it.
        look: steps between two looks at who has ended; on a GPU each look waits for it.
    """

    attack: Attack
    network: Network
    tasks: Tasks
    threat: Threat
    slots: int = SLOTS
    look: int = 1


def run(course: Course) -> Iterator[Ended]:
    """Attacks every sample, and gives them back as they end.

    Returns:
        Groups of samples, in the order in which they end; each sample once.
    """
    tasks = course.tasks
    waiting = deque((sample, 0) for sample in range(len(tasks.x)))
    spent = np.zeros(len(tasks.x), dtype=np.int64)
    seats: NDArray[np.int64] = np.empty((0, 2), dtype=np.int64)
    state: State = {}
    while waiting or len(seats):
        state, seats = _filled(course, state, seats, waiting)
        for _ in range(course.look):
            state = course.attack.step(state, course.network, course.threat)
            state["k"] = state["k"] + 1
        state, seats, ended = _ended(state, seats, waiting, spent, tasks)
        if ended is not None:
            yield ended


def _filled(
    course: Course, state: State, seats: NDArray[np.int64], waiting: deque[tuple[int, int]]
) -> tuple[State, NDArray[np.int64]]:
    tasks = course.tasks
    free = min(course.slots - len(seats), len(waiting))
    if not free:
        return state, seats
    taken = np.array([waiting.popleft() for _ in range(free)], dtype=np.int64).reshape(-1, 2)
    sample = torch.as_tensor(taken[:, 0], device=tasks.x.device)
    stage = torch.as_tensor(taken[:, 1], device=tasks.x.device)
    x0 = tasks.x[sample]
    none = torch.zeros(free, dtype=torch.bool, device=x0.device)
    fresh: State = {
        "x0": x0,
        "y": tasks.y[sample],
        "target": tasks.targets[sample, stage],
        "stage": stage,
        "eps": tasks.eps[sample],
        "key": derived(tasks.keys[sample], stage),
        "k": torch.zeros(free, dtype=torch.int64, device=x0.device),
        "found": x0.clone(),
        "broken": none,
        "done": none.clone(),
    }
    fresh |= course.attack.start(fresh, course.threat)
    if not state:
        return fresh, taken
    return {name: torch.cat([state[name], fresh[name]]) for name in fresh}, np.concatenate([seats, taken])


def _ended(
    state: State, seats: NDArray[np.int64], waiting: deque[tuple[int, int]], spent: NDArray[np.int64], tasks: Tasks
) -> tuple[State, NDArray[np.int64], Ended | None]:
    over = (state["broken"] | state["done"]).cpu().numpy()
    if not over.any():
        return state, seats, None
    broken = state["broken"].cpu().numpy()
    samples, stages = seats.T
    spent[samples[over]] += state["k"].cpu().numpy()[over]
    again = over & ~broken & (stages + 1 < tasks.targets.shape[1])
    waiting.extend((int(sample), int(stage) + 1) for sample, stage in seats[again])
    out = over & ~again
    kept = torch.as_tensor(~over, device=tasks.x.device)
    ended = None
    if out.any():
        chosen = torch.as_tensor(out, device=tasks.x.device)
        step = np.where(broken[out], spent[samples[out]], NONE)
        ended = Ended(samples[out], state["found"][chosen], broken[out], step, stages[out])
    return {name: tensor[kept] for name, tensor in state.items()}, seats[~over], ended
