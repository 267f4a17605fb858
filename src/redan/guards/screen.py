"""A model that looks at the input first and refuses what seems made to deceive.

It refuses by any class but its first, or by one score above its middle, as the design side measures it.

Source: A-MLSG-004-D005.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from redan.exchange.flow import Flow
from redan.exchange.problem import Problem, Refusal
from redan.exchange.tensors import Array, Port, Tensor
from redan.guards.scores import scores_of


@dataclass(frozen=True, slots=True)
class Screen:
    """Refuses a question when any of its rows is refused.

    Args:
        ask: the model's outputs for the question; raises `RefusedError`.
        port: its output of one score, or one for each class.
        middle: above which one score refuses; of classes, nothing.
    """

    ask: Callable[[Flow], tuple[Tensor, ...]]
    port: Port
    middle: float
    name: str = "screen"

    def inbound(self, flow: Flow) -> Refusal | None:
        """Passes (None), or refuses without saying which row it was."""
        scores = scores_of(self.ask(flow), self.port)
        if scores is None or not scores.shape[1]:
            return Refusal(Problem.BROKEN, self.name)
        refused = int(np.count_nonzero(refuses(scores, self.middle)))
        if not refused:
            return None
        flow.notes["screened"] = refused
        return Refusal(Problem.OUTSIDE, self.name)


def refuses(scores: Array, middle: float) -> Array:
    """Whether each row is refused; what is no number is.

    Args:
        scores: shape (rows, 1) or (rows, classes).
        middle: above which one score refuses.

    Returns:
        Shape (rows,).
    """
    if scores.shape[1] == 1:
        return np.asarray(~(scores[:, 0] <= middle))
    return np.asarray(~(scores[:, 1:].max(axis=1) <= scores[:, 0]))
