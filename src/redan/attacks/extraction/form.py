"""What an answer shows of a model's scores, in the words of the gateway's answer form.

Source: Tramèr et al., Stealing Machine Learning Models via Prediction APIs, USENIX Security 2016 (arXiv 1609.02943),
section 7 (rounding and omitting confidence values).
"""

import re
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import ConfigError, UsageError
from redan.guards.answer_form import Form
from redan.guards.leak import Form as Told
from redan.guards.leak import Kind, told

Array: TypeAlias = NDArray[Any]
_ROUNDED = 1e-3  # of exporters
_TEXT = re.compile(r"(score|label|probabilities)(?::(\d{1,2}))?|(top-k)(?::(\d{1,4}))(?::(\d{1,2}))?")
_KINDS: dict[str, Kind] = {"score": "values", "probabilities": "probabilities", "label": "labels", "top-k": "top"}


class Shown(NamedTuple):
    """How much an answer shows.

    Args:
        form: `label` (the class alone), `top-k` (the first classes with their probabilities, others 0),
            `probabilities`, or `score` (as the model gives them).
        top: classes that `top-k` shows.
        decimals: digits that are kept; None for all.
    """

    form: Form = "probabilities"
    top: int = 1
    decimals: int | None = None

    def __str__(self) -> str:
        """As `shown` reads it."""
        parts = [self.form, str(self.top)] if self.form == "top-k" else [str(self.form)]
        return ":".join(parts if self.decimals is None else [*parts, str(self.decimals)])

    @property
    def exact(self) -> bool:
        """Whether numbers of every class are shown to their last digit."""
        return self.form in {"score", "probabilities"} and self.decimals is None

    def of(self, scores: Array) -> NDArray[np.float64]:
        """What is shown of scores.

        Args:
            scores: shape (n, classes), as the model gives them.

        Returns:
            Shape (n, classes); a label is one-hot.
        """
        given = np.asarray(scores, dtype=np.float64)
        if self.form == "score":
            return given
        found = _probabilities(given)
        if self.form == "label":
            return _kept(np.ones_like(found), found, 1)
        kept = _kept(found, found, self.top) if self.form == "top-k" else found
        return kept if self.decimals is None else np.round(kept, self.decimals)

    def told(self, classes: int) -> float:
        """Unknowns that the answer to one row tells at most; see `redan.guards.leak`."""
        if self.form == "top-k":  # which classes, and their numbers, of which none follows from the others
            return told(Told("shown", classes, self.decimals, min(self.top, classes)))
        return told(Told(_KINDS[self.form], classes, self.decimals))


def shown(text: str) -> Shown:
    """Reads `score`, `probabilities`, `probabilities:2`, `top-k:3`, `top-k:3:2` or `label`.

    Raises:
        UsageError: it is none of them.
    """
    found = _TEXT.fullmatch(text)
    if found is None or (found[1] in {"score", "label"} and found[2] is not None) or found[4] == "0":
        raise UsageError(
            f"{text[:40]!r} is no form of answers",
            remedy="write score, probabilities, probabilities:2, top-k:3 or label",
        )
    if found[3]:
        return Shown("top-k", int(found[4]), None if found[5] is None else int(found[5]))
    form: Form = "label" if found[1] == "label" else "score" if found[1] == "score" else "probabilities"
    made = Shown(form, 1, None if found[2] is None else int(found[2]))
    try:
        made.told(2)
    except ConfigError as error:
        raise UsageError(error.what, remedy="keep 0 to 24 digits") from error
    return made


def _probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows that are probabilities as they are, others through the softmax."""
    sums = scores.sum(axis=1)
    if bool((scores >= 0).all() and (np.abs(sums - 1) < _ROUNDED).all()):
        return scores
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def _kept(values: NDArray[np.float64], by: NDArray[np.float64], top: int) -> NDArray[np.float64]:
    """Values of the highest classes, 0 elsewhere; equal ones go by their place."""
    order = np.argsort(-by, axis=1, kind="stable")[:, :top]
    found = np.zeros_like(values)
    np.put_along_axis(found, order, np.take_along_axis(values, order, axis=1), axis=1)
    return found
