"""How much an answer tells: the class alone, the first classes, rounded probabilities, or the numbers as they are.

Source: A-MLSG-004-D007; Tramèr et al., Stealing Machine Learning Models via Prediction APIs, USENIX Security 2016,
section 7 (rounding and omitting confidence values).
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from redan.exchange.flow import Answer, Flow
from redan.exchange.problem import Problem, Refusal
from redan.exchange.tensors import Array, Port, Tensor
from redan.guards.scores import scores_of

Form: TypeAlias = Literal["label", "top-k", "probabilities", "score"]
_HIDDEN: Final = 0.0


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
    """

    port: Port
    form: Form = "probabilities"
    top: int = 1
    decimals: int | None = None
    others: frozenset[str] = frozenset()
    middle: float = 0.5
    name: str = "answer-form"

    def outbound(self, flow: Flow) -> Refusal | None:
        """Replaces the scores, and drops what the policy does not name."""
        given = flow.answer
        if given is None:
            return Refusal(Problem.BROKEN, self.name)
        outputs = []
        for tensor in given.outputs:
            if tensor.name == self.port.name:
                scores = scores_of((tensor,), self.port)
                if scores is None or not np.isfinite(scores).all():
                    return Refusal(Problem.BROKEN, self.name)
                outputs.append(Tensor(tensor.name, tensor.datatype, self._shaped(scores).astype(tensor.values.dtype)))
            elif tensor.name in self.others:
                outputs.append(tensor)
        flow.answer = Answer(tuple(outputs), given.parameters)
        return None

    def _shaped(self, scores: Array) -> Array:
        if self.form == "label":
            return _kept(scores, 1, shown=False) if scores.shape[1] > 1 else scores > self.middle
        kept = _kept(scores, self.top, shown=True) if self.form == "top-k" else scores
        return kept if self.decimals is None else np.round(kept, self.decimals)


def _kept(scores: Array, top: int, *, shown: bool) -> Array:
    """The highest of each row, the others hidden; equal ones go by their place, so that ties tell nothing."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, : max(1, top)]
    values = np.take_along_axis(scores, order, axis=1) if shown else np.ones(order.shape)
    found = np.full(scores.shape, _HIDDEN)
    np.put_along_axis(found, order, values, axis=1)
    return found
