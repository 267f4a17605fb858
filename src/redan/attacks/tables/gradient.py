"""A gradient attack within the rules of a table: constrained Auto-PGD.

Source: Simonetto et al., Constrained Adaptive Attack, NeurIPS 2024 (arXiv 2406.00775), section 4 (CAPGD): momentum and
a step that halves itself as in Auto-PGD, a repair in every iteration, and starts from the row itself and at random.
Beyond it, whole numbers and choices stay continuous between steps: the network is asked at the repaired point, and its
gradient moves the point before the repair, so that steps smaller than a whole number add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from redan.attacks.evasion import draws
from redan.attacks.evasion.losses import cross_entropy, dlr
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import Course, State, Tasks, run
from redan.attacks.result import Result
from redan.attacks.tables.asked import label_places
from redan.attacks.tables.distance import Scaled, scaled
from redan.attacks.tables.mending import reach, repair
from redan.attacks.tables.space import Space, allowed
from redan.attacks.threat import Threat
from redan.errors import InputError

_RHO = 0.75
_MOMENTUM = 0.75
_TINY = 1e-12
_SPARSE = 0.2  # share of the parts that a step of l1 moves
_FAR = 10.0  # scales from the row at which the search ends where nothing bounds a column
_STAGES = 4  # cross-entropy and margin, each from the row itself and from a random start


def capgd(
    model: nn.Module | Network,
    x: NDArray[Any],
    y: NDArray[Any],
    *,
    space: Space,
    threat: Threat,
    seed: int = 0,
    steps: int = 60,
    restarts: int = _STAGES,
    classes: Sequence[object] | None = None,
    slots: int = 256,
) -> Result:
    """Moves rows along the gradient of a network, and repairs them after each step.

    Args:
        model: from rows, shape (n, columns) of float32, to logits; a `Network` with `Preprocess` where it normalises.
        x: shape (n, columns), encoded rows that break no rule, see `rows_of`.
        y: shape (n,), the true labels.
        space: the rules; a category that is one column of codes has no gradient and stays as it is.
        threat: norm and radius, in units of the columns' scales.
        seed: fixes every random choice.
        steps: of each run.
        restarts: runs of each row, while it is not broken: the first two start from the row itself.
        classes: labels in the order of the logits; labels are places when None.
        slots: rows in flight; no result depends on it.

    Returns:
        Rows that break no rule; where nothing was found, the row itself.

    Raises:
        InputError: the rows do not fit the rules, or a label is none of the classes.
    """
    began = perf_counter()
    network = model if isinstance(model, Network) else Network(model)
    start = np.ascontiguousarray(x, dtype=np.float32)
    if start.ndim != 2 or start.shape[1] != len(space.columns) or len(start) != len(y):  # noqa: PLR2004
        raise InputError(f"rows of shape {start.shape} do not fit the rules or the labels", remedy="see rows_of")
    if not allowed(space, start, start).all():
        raise InputError("a row breaks a rule before it is attacked", remedy="leave it out, see rows_of")
    within = scaled(threat, space)
    before = network.meter.read()
    tasks = Tasks(
        torch.as_tensor(start, device=network.device),
        torch.as_tensor(label_places(np.asarray(y), classes), device=network.device),
        torch.as_tensor(within.radii(len(start)), device=network.device),
        torch.as_tensor(draws.keys(start, "capgd", seed), device=network.device),
        torch.arange(restarts, device=network.device).repeat(len(start), 1),
    )
    found, broken = start.copy(), np.zeros(len(start), dtype=bool)
    step = np.full(len(start), -1, dtype=np.int64)
    for ended in run(Course(Capgd(within, steps), network, tasks, within, slots)):
        hit = ended.samples[ended.broken]
        found[hit] = ended.found.cpu().numpy()[ended.broken]
        broken[ended.samples], step[ended.samples] = ended.broken, ended.step
    after = network.meter.read(perf_counter() - began)
    cost = type(after)(
        forward=after.forward - before.forward, backward=after.backward - before.backward, seconds=after.seconds
    )
    return Result(attack="capgd", x_adv=found, broken=broken, step=step, cost=cost)


class _Tables(NamedTuple):
    """Columns as tensors."""

    scale: Tensor
    choice: Tensor
    whole: Tensor


@dataclass(frozen=True, slots=True)
class Capgd:
    """One run per job; the job's target is the number of the run.

    Args:
        within: ball and rules.
        steps: of each run.
        name: under which findings carry it.
    """

    within: Scaled
    steps: int
    name: str = "capgd"

    def start(self, state: State, threat: Threat) -> State:  # noqa: ARG002 -- as pools call it
        """The row itself in the first two runs, then a random point of what each column can reach."""
        x0, k = state["x0"], state["k"]
        low, high = (
            torch.as_tensor(end.astype(np.float32), device=x0.device)
            for end in reach(self.within, x0.cpu().numpy(), state["eps"].cpu().numpy(), ball=self.within.norm == "linf")
        )
        far = _FAR * self._tables(x0).scale
        low, high = torch.maximum(low, x0 - far), torch.minimum(high, x0 + far)
        drawn = low + (high - low) * draws.uniform(state["key"], k, 0, x0.shape[1])
        again = (state["target"] > 1)[:, None]
        none = torch.zeros(len(x0), dtype=x0.dtype, device=x0.device)
        point = torch.where(again, drawn, x0)
        return {
            "low": low,
            "high": high,
            "x": point,
            "x_old": point,
            "x_best": point,
            "g_best": torch.zeros_like(x0),
            "loss_best": none - torch.inf,
            "loss_last": none - torch.inf,
            "loss_checked": none - torch.inf,
            "size": none + 1.0,
            "rises": torch.zeros_like(k),
            "since": torch.zeros_like(k),
            "every": torch.zeros_like(k) + max(int(0.22 * self.steps), 1),
            "kept": torch.zeros_like(state["done"]),
        }

    def step(self, state: State, network: Network, threat: Threat) -> State:  # noqa: ARG002 -- the same
        """One gradient at the repaired point, and the move of the point before the repair."""
        x0, y = state["x0"], state["y"]
        put = repair(self.within, x0.cpu().numpy(), state["x"].cpu().numpy(), state["eps"].cpu().numpy())
        asked = torch.as_tensor(put, device=x0.device)
        tables = self._tables(x0)
        state["x"] = torch.where(tables.whole, state["x"], asked)
        ratio = (state["target"] % 2 == 1)[:, None]

        def climbed(logits: Tensor, at: slice | Tensor) -> Tensor:
            return torch.where(ratio[at, 0], dlr(logits, y[at]), cross_entropy(logits, y[at]))

        told = network.gradient(asked, climbed)
        hit = ~(state["broken"] | state["done"]) & (told.logits.argmax(dim=1) != y)  # repaired: inside of the ball
        state["found"] = torch.where(hit[:, None], asked, state["found"])
        state["broken"] = state["broken"] | hit
        slope = self._through(asked, told.gradient)
        self._remembered(state, told.loss, slope)
        gradient = self._checked(state, slope)
        state["x_old"], state["x"] = state["x"], self._moved(state, gradient)
        state["done"] = state["done"] | (state["k"] >= self.steps)
        return state

    def _through(self, x: Tensor, gradient: Tensor) -> Tensor:
        """The gradient of what moves, when the columns that give way to it follow (chain rule)."""
        space = self.within.space
        if not space.quotients and not space.linear:
            return gradient
        slope = gradient.clone()
        for rule in space.quotients:
            own = gradient[:, rule.quotient] / x[:, rule.denominator]
            slope[:, rule.numerator] += own
            slope[:, rule.denominator] -= own * x[:, rule.quotient]
            slope[:, rule.quotient] = 0.0
        for relation in space.linear:
            first, rest = int(relation.places[0]), relation.places[1:]
            if relation.low == relation.high and space.mutable[first] and not space.choice[first]:
                shares = torch.as_tensor(relation.weights[1:] / relation.weights[0], dtype=x.dtype, device=x.device)
                slope[:, rest] -= slope[:, first : first + 1] * shares
                slope[:, first] = 0.0
        return torch.nan_to_num(slope, 0.0, 0.0, 0.0)

    def _remembered(self, state: State, loss: Tensor, gradient: Tensor) -> None:
        better = loss > state["loss_best"]
        state["x_best"] = torch.where(better[:, None], state["x"], state["x_best"])
        state["g_best"] = torch.where(better[:, None], gradient, state["g_best"])
        state["loss_best"] = torch.where(better, loss, state["loss_best"])
        state["rises"] = state["rises"] + (loss > state["loss_last"])
        state["loss_last"] = loss
        state["since"] = state["since"] + 1

    def _checked(self, state: State, gradient: Tensor) -> Tensor:
        """At a checkpoint: half the step, and back to the best point, where the loss does not rise as it should."""
        due = state["since"] >= state["every"]
        slow = state["rises"] < _RHO * state["every"]
        stuck = ~state["kept"] & (state["loss_best"] <= state["loss_checked"])
        back = due & (slow | stuck)
        state["size"] = torch.where(back, state["size"] / 2, state["size"])
        state["kept"] = torch.where(due, back, state["kept"])
        state["loss_checked"] = torch.where(due, state["loss_best"], state["loss_checked"])
        less = torch.clamp(state["every"] - max(int(0.03 * self.steps), 1), min=max(int(0.06 * self.steps), 1))
        state["every"] = torch.where(due, less, state["every"])
        state["since"] = torch.where(due, 0, state["since"])
        state["rises"] = torch.where(due, 0, state["rises"])
        state["x"] = torch.where(back[:, None], state["x_best"], state["x"])
        return torch.where(back[:, None], state["g_best"], gradient)

    def _moved(self, state: State, gradient: Tensor) -> Tensor:
        x, low, high = state["x"], state["low"], state["high"]
        step = state["size"][:, None] * self._steepest(state, gradient)
        aim = torch.minimum(torch.maximum(x + step, low), high)
        first = (state["k"] == 0)[:, None]
        mixed = x + _MOMENTUM * (aim - x) + (1 - _MOMENTUM) * (x - state["x_old"])
        moved = torch.where(first, aim, mixed)
        return torch.minimum(torch.maximum(moved, low), high)

    def _steepest(self, state: State, gradient: Tensor) -> Tensor:
        """The longest useful step: two radii for numbers, the whole way for choices."""
        scale, choice, _ = self._tables(gradient)
        slope = torch.where(choice, 0.0, gradient * scale)
        turn = torch.where(choice, gradient / (gradient.abs().amax(dim=1, keepdim=True) + _TINY), 0.0)
        room = state["high"] - state["low"]
        if self.within.norm == "linf":
            return torch.where(choice, turn, 2.0 * state["eps"][:, None] * slope.sign() * scale)
        if self.within.norm == "l2":
            length = torch.linalg.vector_norm(slope, dim=1, keepdim=True) + _TINY
            return torch.where(choice, turn, 2.0 * state["eps"][:, None] * slope / length * scale)
        most = max(1, int(_SPARSE * slope.shape[1])) if self.within.norm == "l1" else int(state["eps"].max())
        gain = slope.abs() if self.within.norm == "l1" else (gradient * room).abs() * ~choice
        rank = gain.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
        count = most if self.within.norm == "l1" else state["eps"][:, None].floor()
        chosen = (rank < count) & (gain > 0)
        reached = room if self.within.norm == "l0" else 2.0 * state["eps"][:, None] * scale / most
        return torch.where(choice, turn, torch.where(chosen, slope.sign() * reached, 0.0))

    def _tables(self, like: Tensor) -> _Tables:
        space = self.within.space
        return _Tables(
            torch.as_tensor(space.scale.astype(np.float32), device=like.device),
            torch.as_tensor(space.choice, device=like.device),
            torch.as_tensor(space.whole, device=like.device),
        )
