"""An answer with a set of classes that holds the right one as often as declared, and silence where it says nothing.

Source: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005), section 2 (conformal p-values);
Sadinle, Lei and Wasserman, Least Ambiguous Set-Valued Classifiers, JASA 114 (2019) (scores 1 - p, label-conditional);
Guo et al., On Calibration of Modern Neural Networks, ICML 2017, section 4.2 (temperature).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from redan.exchange.flow import Answer, Flow
from redan.exchange.problem import Problem, Refusal
from redan.exchange.tensors import Array, Port, Tensor
from redan.guards.scores import finite, probabilities, scores_of

SET, ABSTAIN = "conformal_set", "abstain"
_SLACK: Final = 1e-12  # of rounding, always in favour of the class


class Calibration(NamedTuple):
    """What a calibration set came to; made offline, sealed with the model.

    Args:
        temperature: that logarithms of probabilities are divided by.
        scores: for each class the scores of its calibration rows in rising order, `1 - p` of the right class.
        logits: whether the model gives logits rather than probabilities.
    """

    temperature: float
    scores: tuple[Array, ...]
    logits: bool = False

    @property
    def classes(self) -> int:
        """Their number."""
        return len(self.scores)

    def calibrated(self, scores: Array) -> Array:
        """Probabilities at the temperature, of the model's own numbers.

        Args:
            scores: shape (rows, classes), or one column for the second of two classes.
        """
        if self.logits:
            return probabilities(scores if self.temperature == 1.0 else scores / self.temperature, logits=True)
        given = probabilities(scores, logits=False)
        if self.temperature == 1.0:
            return given
        raised = np.maximum(given, 0.0) ** (1.0 / self.temperature)
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def p_values(self, given: Array) -> Array:
        """For each row and class, the share of the class's calibration rows that are at least as strange.

        Args:
            given: calibrated probabilities, shape (rows, classes).

        Returns:
            Shape (rows, classes); 1 for a class without calibration rows, which nothing can be said about.
        """
        found = np.ones(given.shape)
        for k, held in enumerate(self.scores):
            if len(held):
                stranger = len(held) - np.searchsorted(held, 1.0 - given[:, k] - _SLACK)
                found[:, k] = (stranger + 1) / (len(held) + 1)
        return found

    def limits(self, miss: float) -> Array:
        """For each class the largest score whose p-value is above a level; shape (classes,), infinite for every score.

        Args:
            miss: the level.
        """
        found = np.full(self.classes, np.inf)
        for k, held in enumerate(self.scores):
            least = math.floor(miss * (len(held) + 1) - 1 - _SLACK) + 1  # calibration rows that are as strange
            if least > 0:
                found[k] = held[len(held) - least]
        return found


@dataclass(frozen=True, slots=True)
class Conformal:
    """Adds a set of classes and a flag of abstention; replaces scores by calibrated ones.

    Args:
        port: the output that holds one number per class.
        calibration: of this model.
        miss: how often the set may lack the right class, such as 0.1; for every class alike.
        most: classes of a set at most; a larger or empty one abstains.
        valid: whether inputs still come as the calibration set did; tied to the drift monitor.
        shown: whether calibrated probabilities take the place of the model's own numbers.
    """

    port: Port
    calibration: Calibration
    miss: float
    most: int
    valid: Callable[[], bool]
    shown: bool = True
    name: str = "conformal"
    _least: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """What every request asks for is made once."""
        object.__setattr__(self, "_least", 1.0 - self.calibration.limits(self.miss) - _SLACK)

    @property
    def ports(self) -> tuple[Port, ...]:
        """The outputs that it adds."""
        return (Port(SET, "BOOL", (-1, self.calibration.classes)), Port(ABSTAIN, "BOOL", (-1,)))

    def outbound(self, flow: Flow) -> Refusal | None:
        """Adds the outputs, and `coverage_valid` and `coverage` beside them."""
        given = flow.answer
        scores = None if given is None else scores_of(given.outputs, self.port)
        if given is None or scores is None or max(2, scores.shape[1]) != self.calibration.classes:
            return Refusal(Problem.BROKEN, self.name)
        if not finite(scores):
            return Refusal(Problem.BROKEN, self.name)
        shown = self.calibration.calibrated(scores)
        inside = shown >= self._least
        if len(inside) == 1:  # nearly always
            abstained = int(not 0 < np.count_nonzero(inside) <= self.most)
            abstain = np.full(1, bool(abstained))
        else:
            size = inside.sum(axis=1)
            abstain = (size == 0) | (size > self.most)
            abstained = int(np.count_nonzero(abstain))
        outputs = [self._replaced(tensor, shown) if self.shown else tensor for tensor in given.outputs]
        outputs += [Tensor(SET, "BOOL", inside), Tensor(ABSTAIN, "BOOL", abstain)]
        said = (("coverage", round(1.0 - self.miss, 12)), ("coverage_valid", self.valid()))
        flow.answer = Answer(tuple(outputs), (*given.parameters, *said))
        if abstained:
            flow.notes["abstained"] = abstained
        return None

    def _replaced(self, tensor: Tensor, shown: Array) -> Tensor:
        if tensor.name != self.port.name:
            return tensor
        values = shown[:, 1:] if tensor.values.shape[1] == 1 else shown
        return Tensor(tensor.name, tensor.datatype, values.astype(tensor.values.dtype))
