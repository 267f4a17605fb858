"""A query attack that needs labels only, and neither gradients nor PyTorch: the same at a model and at its endpoint.

From an input of another class the attacker goes back towards the one that is to be changed, first along the line
between them, then column by column, and keeps what the model still takes for the other class.

Source: Brendel, Rauber and Bethge, Decision-Based Adversarial Attacks, ICLR 2018 (arXiv 1712.04248), section 2; the
steps here are bisection and coordinates, which fit tables and trees.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError

Array: TypeAlias = NDArray[Any]
Labels: TypeAlias = Callable[[Array], NDArray[np.int64]]
_HALVINGS = 10
_ROUNDS = 3
_POOL = 64


class Flooded(NamedTuple):
    """What an attack came to.

    Args:
        broken: samples that were changed within the bound.
        n: samples that were attacked.
        queries: rows that were answered.
        refused: why it ended early; the empty string where it did not.
    """

    broken: int
    n: int
    queries: int
    refused: str


class Radius(NamedTuple):
    """How far an input may move.

    Args:
        scale: of each column, shape (columns,).
        eps: of all columns, in units of their scale.
    """

    scale: Array
    eps: float

    def size(self, one: Array, other: Array) -> float:
        """The furthest of all columns."""
        return float(np.max(np.abs(one - other) / self.scale))


def flood(labels: Labels, x: Array, pool: Array, radius: Radius, *, seed: int) -> Flooded:
    """Attacks samples one after the other, until the model refuses.

    Args:
        labels: the model's classes; raises IncompleteError when it answers no more.
        x: samples, shape (n, columns).
        pool: inputs that the attacker has, shape (m, columns).
        radius: what counts as a success.
        seed: of every draw.
    """
    rng = np.random.default_rng(seed)
    count = _Counted(labels)
    done = broken = 0
    try:
        others = pool[rng.permutation(len(pool))[:_POOL]]
        known = count(others)
        for sample in x:
            broken += _one(count, sample, (others, known), radius, rng)
            done += 1
    except IncompleteError as error:
        return Flooded(broken, len(x), count.rows, error.what)
    return Flooded(broken, done, count.rows, "")


class _Counted:
    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self.rows = 0

    def __call__(self, x: Array) -> NDArray[np.int64]:
        found = self._labels(np.asarray(x, dtype=np.float32))
        self.rows += len(x)
        return found


def _one(
    labels: _Counted, sample: Array, given: tuple[Array, NDArray[np.int64]], radius: Radius, rng: np.random.Generator
) -> bool:
    others, known = given
    own = labels(sample[None])[0]
    apart = others[known != own]
    if not len(apart):
        return False
    start = apart[np.argmin(np.max(np.abs(apart - sample) / radius.scale, axis=1))]
    near, far = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        if labels((sample + middle * (start - sample))[None])[0] == own:
            near = middle
        else:
            far = middle
    found = sample + far * (start - sample)
    for _ in range(_ROUNDS):
        if radius.size(found, sample) <= radius.eps:
            return True
        found = _closer(labels, found, sample, own, rng)
    return radius.size(found, sample) <= radius.eps


def _closer(labels: _Counted, found: Array, sample: Array, own: int, rng: np.random.Generator) -> Array:
    """Each column goes back, or half of the way, where the model does not notice."""
    for column in rng.permutation(len(sample))[:_POOL]:
        tried = np.repeat(found[None], 2, axis=0)
        tried[0, column] = sample[column]
        tried[1, column] = (sample[column] + found[column]) / 2
        kept = labels(tried) != own
        if kept.any():
            found = tried[int(np.argmax(kept))]
    return found
