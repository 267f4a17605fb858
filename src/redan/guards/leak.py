"""What one answer tells of a model, in unknowns of the model: the unit of the leak budget.

Whoever takes a model apart by asking solves equations: each number in an answer is one, as sharp as its digits. A model
is described by its unknowns, so a budget in unknowns says how much of it the answers may give away.

Source: Tramèr et al., Stealing Machine Learning Models via Prediction APIs (2016), section 4.1 (equation solving);
Chandrasekaran et al., Exploring Connections Between Active Learning and Model Extraction (2020), section 3.
"""

import math
from typing import Final, Literal, NamedTuple, TypeAlias

from redan.errors import ConfigError

Kind: TypeAlias = Literal["probabilities", "values", "labels", "top", "shown", "set"]
FULL_BITS: Final = 24  # of a number in FP32, and of an unknown


class Form(NamedTuple):
    """What an answer to one row looks like after it was shaped.

    Args:
        kind: `probabilities` (of every class, summing to one), `values` (numbers that are free of each other),
            `labels` (the class alone), `top` (the first classes in order, without numbers), `shown` (the first
            classes with their probabilities) or `set` (any of the classes).
        size: classes; of `values`, numbers.
        digits: decimal digits that numbers from 0 to 1 are rounded to; None for all.
        top: classes of a `top` or `shown`.
    """

    kind: Kind
    size: int
    digits: int | None = None
    top: int = 1


def told(form: Form) -> float:
    """Unknowns that the answer to one row tells at most.

    Args:
        form: of the answer.

    Returns:
        Equations of full sharpness: the bits of the answer over those of an unknown, at most one for each number.

    Raises:
        ConfigError: there is no such answer.
    """
    if form.size < 1 or (form.digits is not None and not 0 <= form.digits <= FULL_BITS):
        raise ConfigError("an answer has one class or number at least, and 0 to 24 digits")
    bits = FULL_BITS if form.digits is None else min(FULL_BITS, math.log2(10**form.digits + 1))
    if form.kind in {"probabilities", "values"}:
        return (form.size - (form.kind == "probabilities" and form.size > 1)) * bits / FULL_BITS
    if form.kind == "labels":
        return math.log2(form.size) / FULL_BITS
    if form.kind == "set":
        return form.size / FULL_BITS
    if not 1 <= form.top <= form.size:
        raise ConfigError("an answer names one to all of the classes")
    if form.kind == "shown":
        every = max(1, form.size - 1)
        return min(every * bits, form.top * bits + math.log2(math.comb(form.size, form.top))) / FULL_BITS
    return math.log2(math.perm(form.size, form.top)) / FULL_BITS
