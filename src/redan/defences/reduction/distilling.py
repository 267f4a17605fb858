"""Distillation: a smaller model learns from the answers of a larger one, softened by a temperature.

What a student learns from the answers on the teacher's own training rows still tells of these rows: measure the student
with the teacher's members (`membership_gain`).

Source: Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network (2015); Jagielski et al., Students
Parrot Their Teachers (arXiv 2303.03446).
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.defences.reduction.perceptron import Array, Course, fit, shares_of
from redan.defences.reduction.record import Reduced
from redan.defences.reduction.size import size_of
from redan.errors import InputError

Answers: TypeAlias = Callable[[NDArray[Any]], NDArray[Any]]
_FLOOR = 1e-12
_NONE = 1e-6  # a share that teaches nothing
_TABLE = 2


def distil(
    teacher: Answers,
    x: NDArray[Any],
    course: Course | None = None,
    *,
    temperature: float = 4.0,
    rng: np.random.Generator,
    size: tuple[int, int] = (0, 0),
) -> Reduced:
    """A perceptron that learned from a teacher's shares.

    Args:
        teacher: gives shares of classes, shape (n, classes), such as `predict_proba`.
        x: rows it is asked about, shape (n, columns): those it was trained on, or others, which tell less of them.
        course: of the student; its temperature is the one given here.
        temperature: above 1, classes beside the likeliest one count more.
        rng: of the student's training.
        size: numbers and bytes of the teacher, where they are known.

    Raises:
        InputError: the answers are no shares, or shapes do not fit.
    """
    how = (course or Course())._replace(temperature=temperature)
    soft = softened(np.asarray(teacher(x)), temperature)
    student = fit(np.asarray(x).reshape(len(x), -1), soft, how, rng=rng)
    return _reduced(student, size, temperature, len(x))


def distil_into(
    student: Any,  # noqa: ANN401 -- a scikit-learn estimator
    teacher: Answers,
    x: NDArray[Any],
    *,
    temperature: float = 4.0,
    size: tuple[int, int] = (0, 0),
) -> Reduced:
    """A student of any kind whose `fit` takes `sample_weight`: each row stands once for each class, with its share.

    Args:
        student: an estimator of scikit-learn; a clone of it is trained.
        teacher: gives shares of classes, shape (n, classes).
        x: rows it is asked about, shape (n, columns).
        temperature: above 1, classes beside the likeliest one count more.
        size: numbers and bytes of the teacher, where they are known.

    Raises:
        InputError: the answers are no shares.
    """
    from sklearn.base import clone

    soft = softened(np.asarray(teacher(x)), temperature)
    rows, classes = np.nonzero(soft > _NONE)
    made = clone(student)
    made.fit(np.asarray(x)[rows], classes, sample_weight=soft[rows, classes])
    return _reduced(made, size, temperature, len(x))


def softened(shares: NDArray[Any], temperature: float) -> Array:
    """Shares as they are when logits are divided by a temperature, shape (n, classes).

    Raises:
        InputError: they are no shares, or the temperature is not positive.
    """
    if not temperature > 0:
        raise InputError(f"a temperature is positive, not {temperature}")
    if np.ndim(shares) != _TABLE:
        raise InputError("the teacher answers with no shares of classes", remedy="give its predict_proba")
    raised = np.maximum(shares_of(np.asarray(shares, dtype=np.float64)), _FLOOR) ** (1.0 / temperature)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _reduced(student: object, size: tuple[int, int], temperature: float, rows: int) -> Reduced:
    after = size_of(student)
    return Reduced(
        model=student,
        way="distillation",
        settings={"temperature": temperature, "rows": rows},
        numbers_before=size[0],
        numbers_after=after.numbers,
        bytes_before=size[1],
        bytes_after=after.bytes,
    )
