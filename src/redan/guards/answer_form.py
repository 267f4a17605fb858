"""How much an answer tells: the class alone, the first classes, rounded probabilities, or the numbers as they are.

Source: A-MLSG-004-D007; Tramèr et al., Stealing Machine Learning Models via Prediction APIs, USENIX Security 2016,
section 7 (rounding and omitting confidence values).
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from redan.exchange.flow import Answer, Flow
from redan.exchange.problem import Problem, Refusal
from redan.exchange.tensors import Array, Port, Tensor
from redan.guards.scores import finite

Form: TypeAlias = Literal["label", "top-k", "probabilities", "score"]


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """Shapes answers by policy; what a client asks for changes nothing about it.

    Args:
        port: the output that holds one number per class.
        form: `label` (one-hot), `top-k` (other classes get 0), `probabilities` or `score` (every number).
        top: classes that `top-k` shows.
        decimals: digits that are kept; None for all.
        others: names of further outputs that may go out; all others are dropped.
        middle: of one column, the chance or score above which its answer is the second of two classes.
        checked: whether a guard before it has seen that all scores are numbers.
    """

    port: Port
    form: Form = "probabilities"
    top: int = 1
    decimals: int | None = None
    others: frozenset[str] = frozenset()
    middle: float = 0.5
    checked: bool = False
    name: str = "answer-form"

    def outbound(self, flow: Flow) -> Refusal | None:
        """Replaces the scores, and drops what the policy does not name."""
        given = flow.answer
        if given is None:
            return Refusal(Problem.BROKEN, self.name)
        outputs = []
        for tensor in given.outputs:
            if tensor.name == self.port.name:
                scores = tensor.values
                if scores.ndim != 2 or not (self.checked or finite(scores)):  # noqa: PLR2004 -- rows, columns
                    return Refusal(Problem.BROKEN, self.name)
                outputs.append(Tensor(tensor.name, tensor.datatype, self._shaped(scores)))
            elif tensor.name in self.others:
                outputs.append(tensor)
        flow.answer = Answer(tuple(outputs), given.parameters)
        return None

    def _shaped(self, scores: Array) -> Array:
        if self.form == "label":
            return _first(scores) if scores.shape[1] > 1 else (scores > self.middle).astype(scores.dtype)
        kept = _kept(scores, self.top) if self.form == "top-k" else scores
        return kept if self.decimals is None else kept.astype(np.float64).round(self.decimals).astype(scores.dtype)


def _first(scores: Array) -> Array:
    """One for the highest of each row, nothing for the others; of equal ones the first, so that ties tell nothing."""
    found = np.zeros(scores.shape, scores.dtype)
    if len(scores) == 1:  # nearly always
        found[0, scores.argmax()] = 1
    else:
        found[np.arange(len(scores)), scores.argmax(axis=1)] = 1
    return found


def _kept(scores: Array, top: int) -> Array:
    """The highest of each row as they are, the others hidden; equal ones go by their place."""
    rows = np.arange(len(scores))[:, None]
    order = (-scores).argsort(axis=1, kind="stable")[:, : max(1, top)]
    found = np.zeros(scores.shape, scores.dtype)
    found[rows, order] = scores[rows, order]
    return found
