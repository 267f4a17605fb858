"""DP-SGD in NumPy: Poisson batches, every row's gradient clipped, noise in every step, the expected size to divide by.

Source: Abadi et al., Deep Learning with Differential Privacy (1607.00133), algorithm 1.

Noise is double-precision and not hardened against attacks on floating point (Mironov 2012), and NumPy's generators are
not cryptographic: for a model whose attacker sees single updates, use `train_module` with its secure noise.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from redan.defences.private.model import Array, PrivateModel, Shape
from redan.defences.private.plan import Plan, record_of
from redan.errors import InputError
from redan.measures.privacy.record import PrivacyRecord

_CELLS = 1 << 24  # numbers of per-row gradients that are held at once: 128 MiB


class Trained(NamedTuple):
    """A model, and the record of how it was trained."""

    model: PrivateModel
    record: PrivacyRecord


def train(
    shape: Shape,
    x: ArrayLike,
    y: ArrayLike,
    plan: Plan,
    *,
    rng: np.random.Generator | None = None,
    on_step: Callable[[Array], None] | None = None,
) -> Trained:
    """Trains a model with differential privacy, and records it.

    Args:
        shape: what to train.
        x: rows; their bounds are not looked at, as clipping bounds every gradient.
        y: class numbers, or numbers with squared loss.
        plan: how.
        rng: for tests and audits; left out, the operating system seeds one, and the seed is not kept. A model that was
            trained with a given generator makes no claim, as its record says.
        on_step: sees the noisy gradient of every step, which is what the guarantee is about.

    Raises:
        InputError: rows and labels do not fit each other or the plan.
        MissingExtraError: dp-accounting is not installed.
    """
    model = fit(shape, x, y, plan, rng=np.random.default_rng() if rng is None else rng, on_step=on_step)
    return Trained(model, record_of(plan, len(np.asarray(x)), tool="redan", seeded=rng is not None))


def fit(
    shape: Shape,
    x: ArrayLike,
    y: ArrayLike,
    plan: Plan,
    *,
    rng: np.random.Generator,
    on_step: Callable[[Array], None] | None = None,
) -> PrivateModel:
    """What `train` does, without a record: for audits, which train hundreds of times.

    Raises:
        InputError: rows and labels do not fit each other or the plan.
    """
    rows, labels = _fitting(shape, x, y, plan)
    weights, speed = shape.start(rng), np.zeros(shape.size)
    share = plan.batch_size / len(rows)
    for _ in range(plan.steps):
        drawn = np.flatnonzero(rng.random(len(rows)) < share)
        total = clipped_sum(shape, weights, rows[drawn], labels[drawn], plan.clipping_norm)
        noisy = total + rng.normal(size=shape.size) * (plan.noise_multiplier * plan.clipping_norm)
        gradient = noisy / plan.batch_size
        if on_step is not None:
            on_step(gradient)
        speed = plan.momentum * speed + gradient
        weights -= plan.rate * speed
    return PrivateModel(shape=shape, weights=weights)


def clipped_sum(shape: Shape, weights: Array, x: Array, y: Array, norm: float) -> Array:
    """The sum of the rows' gradients, each shortened to a norm where it is longer; zero without rows."""
    total = np.zeros(shape.size)
    for part in _parts(len(x), max(1, _CELLS // shape.size)):
        each = shape.gradients(weights, x[part], y[part])
        lengths = np.sqrt(np.einsum("ij,ij->i", each, each))
        total += (1.0 / np.maximum(1.0, lengths / norm)) @ each
    return total


def _parts(rows: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, rows, size))


def _fitting(shape: Shape, x: ArrayLike, y: ArrayLike, plan: Plan) -> tuple[Array, Array]:
    rows, labels = np.asarray(x, dtype=np.float64), np.asarray(y)
    if rows.ndim != 2 or rows.shape[1] != shape.inputs or not len(rows):  # noqa: PLR2004 -- rows and columns
        raise InputError(f"training data is rows of {shape.inputs} numbers, not an array of shape {rows.shape}")
    if len(labels) != len(rows) or not np.isfinite(rows).all():
        raise InputError("there is one label for each row, and every number is finite")
    whole = np.issubdtype(labels.dtype, np.integer)
    if shape.loss == "softmax" and not (whole and labels.min() >= 0 and labels.max() < shape.outputs):
        raise InputError(f"labels are class numbers from 0 to {shape.outputs - 1}")
    plan.check(len(rows))
    return rows, labels
