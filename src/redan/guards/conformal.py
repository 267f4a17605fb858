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
from redan.guards.scores import finite, probabilities

SET, ABSTAIN = "conformal_set", "abstain"
_MATRIX: Final = 2
_FEW: Final = 64  # classes up to which one row is quicker without arrays
_FLAGS: Final = (np.zeros(1, dtype=bool), np.ones(1, dtype=bool))
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

    def weights(self, scores: list[float]) -> list[float]:
        """The same for one row without arrays, each as a multiple of its probability.

        Args:
            scores: one for each class, or one for the second of two classes.

        Returns:
            Numbers whose sum is not finite where a score is none.
        """
        if not self.logits:
            two = scores if len(scores) > 1 else [1.0 - scores[0], scores[0]]
            power = 1.0 / self.temperature
            return two if power == 1.0 else [one**power if one > 0.0 else one * 0.0 for one in two]
        two = scores if len(scores) > 1 else [0.0, scores[0]]
        top, t = (max(two), self.temperature) if math.isfinite(sum(two)) else (math.nan, 1.0)
        return [math.exp((one - top) / t) for one in two]

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
    _leasts: list[float] = field(init=False, repr=False)
    _coverage: tuple[str, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """What every request asks for is made once."""
        least = 1.0 - self.calibration.limits(self.miss) - _SLACK
        object.__setattr__(self, "_least", least)
        object.__setattr__(self, "_leasts", least.tolist())
        object.__setattr__(self, "_coverage", ("coverage", round(1.0 - self.miss, 12)))

    @property
    def ports(self) -> tuple[Port, ...]:
        """The outputs that it adds."""
        return (Port(SET, "BOOL", (-1, self.calibration.classes)), Port(ABSTAIN, "BOOL", (-1,)))

    def outbound(self, flow: Flow) -> Refusal | None:
        """Adds the outputs, and `coverage_valid` and `coverage` beside them."""
        given = flow.answer
        values = None if given is None else next((t.values for t in given.outputs if t.name == self.port.name), None)
        if given is None or values is None or values.ndim != _MATRIX:
            return Refusal(Problem.BROKEN, self.name)
        if max(2, values.shape[1]) != self.calibration.classes:
            return Refusal(Problem.BROKEN, self.name)
        judged = self._one(values) if len(values) == 1 and values.shape[1] <= _FEW else self._several(values)
        if judged is None:
            return Refusal(Problem.BROKEN, self.name)
        shown, inside, abstain, abstained = judged
        outputs = [*given.outputs]
        if self.shown:
            outputs = [self._replaced(tensor, np.asarray(shown)) for tensor in outputs]
        outputs += (Tensor(SET, "BOOL", inside), Tensor(ABSTAIN, "BOOL", abstain))
        flow.answer = Answer(tuple(outputs), (*given.parameters, self._coverage, ("coverage_valid", self.valid())))
        if abstained:
            flow.notes["abstained"] = abstained
        return None

    def _several(self, values: Array) -> tuple[Array, Array, Array, int] | None:
        """Calibrated probabilities, sets, flags of abstention and their number; None for what is no number."""
        if not finite(values):
            return None
        shown = self.calibration.calibrated(np.asarray(values, dtype=np.float64))
        inside = shown >= self._least
        size = inside.sum(axis=1)
        abstain = (size == 0) | (size > self.most)
        return shown, inside, abstain, int(np.count_nonzero(abstain))

    def _one(self, values: Array) -> tuple[list[list[float]], Array, Array, int] | None:
        """The same for one row of few classes, as nearly always: without arrays, in half the time."""
        raised = self.calibration.weights(values[0].tolist())
        total = sum(raised)
        if not 0.0 < total < math.inf:
            return None
        held = self.calibration
        plain = held.temperature == 1.0 and not held.logits  # as they are, also where they sum to not quite one
        shown = raised if plain else [one / total for one in raised]
        inside = [one >= least for one, least in zip(shown, self._leasts, strict=True)]
        abstained = int(not 0 < sum(inside) <= self.most)
        return [shown], np.array([inside]), _FLAGS[abstained], abstained

    def _replaced(self, tensor: Tensor, shown: Array) -> Tensor:
        if tensor.name != self.port.name:
            return tensor
        values = shown[:, 1:] if tensor.values.shape[1] == 1 else shown
        return Tensor(tensor.name, tensor.datatype, values.astype(tensor.values.dtype))
