"""The engine: one pool of jobs, a batch that stays full, samples that leave when they are broken.

A job is a sample with a target and a restart. Jobs sit in slots; every step moves all slots at once, each by its own
step counter. A slot whose job ended takes the next job, so that no pass is spent on samples that are done, nor on a
batch that runs empty. The next target of a sample is only tried when the one before failed, unless rows of the batch
would stay empty; `board` knows who sits where.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor

from redan.attacks.evasion.ball import length
from redan.attacks.evasion.board import Board, Ended, Job, Run
from redan.attacks.evasion.draws import derived
from redan.attacks.evasion.network import Network
from redan.attacks.threat import Threat

State: TypeAlias = dict[str, Tensor]
SLOTS = 256
__all__ = ["Attack", "Course", "Ended", "State", "Tasks", "note", "run"]


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


def note(state: State, x: Tensor, logits: Tensor, threat: Threat) -> None:
    """Keeps the first point of each running job that the network gets wrong inside of the ball.

    Args:
        state: of the slots; `found` and `broken` are changed.
        x: shape (slots, ...), where the network was asked.
        logits: shape (slots, classes), its answers.
        threat: a point outside of it is no success.
    """
    wrong = ~(state["broken"] | state["done"]) & (logits.argmax(dim=1) != state["y"])
    if wrong.device.type == "cpu" and not bool(wrong.any()):
        return
    inside = length(x - state["x0"], threat.norm) <= state["eps"] * (1 + 1e-6) + 1e-7
    hit = wrong & inside
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
    samples, stages = course.tasks.targets.shape
    board = Board(samples, stages, course.network.chunk)
    state: State = {}
    while jobs := board.seated(course.slots):
        state = _filled(course, state, jobs)
        for _ in range(course.look):
            state = course.attack.step(state, course.network, course.threat)
            state["k"] = state["k"] + 1
        over = (state["broken"] | state["done"]).cpu().numpy()
        if over.any():
            stay = board.over({int(place): _run(state, int(place)) for place in over.nonzero()[0]})
            kept = torch.as_tensor(stay, device=course.tasks.x.device)
            state = {name: tensor[kept] for name, tensor in state.items()}
            if (ended := board.decided()) is not None:
                yield ended


def _run(state: State, place: int) -> Run:
    found = state["found"][place].clone()  # a view would keep all rows
    return Run(int(state["k"][place]), bool(state["broken"][place]), found)


def _filled(course: Course, state: State, jobs: list[Job]) -> State:
    """The state with rows for the jobs that were just seated."""
    tasks, device = course.tasks, course.tasks.x.device
    taken = jobs[len(state["k"]) if state else 0 :]
    if not taken:
        return state
    sample = torch.tensor([job.sample for job in taken], device=device)
    stage = torch.tensor([job.stage for job in taken], device=device)
    x0 = tasks.x[sample]
    none = torch.zeros(len(taken), dtype=torch.bool, device=device)
    fresh: State = {
        "x0": x0,
        "y": tasks.y[sample],
        "target": tasks.targets[sample, stage],
        "stage": stage,
        "eps": tasks.eps[sample],
        "key": derived(tasks.keys[sample], stage),
        "k": torch.zeros(len(taken), dtype=torch.int64, device=device),
        "found": x0.clone(),
        "broken": none,
        "done": none.clone(),
    }
    fresh |= course.attack.start(fresh, course.threat)
    return {name: torch.cat([state[name], fresh[name]]) for name in fresh} if state else fresh
