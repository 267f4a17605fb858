"""Which of a victim's classes stand for which foreign class: a matrix that answers are multiplied with.

Source: Elsayed et al., ICLR 2019 (the first classes, in order); Tsai, Chen and Ho, ICML 2020 (arXiv 2007.08714),
section 3.2 (random, many to one); Chen et al., Understanding and Improving Visual Prompting, CVPR 2023 (by frequency);
Cao et al., Bayesian-guided Label Mapping, NeurIPS 2024 (BLM and BLM+).
"""

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Map: TypeAlias = NDArray[np.float64]
Array: TypeAlias = NDArray[Any]
Kind: TypeAlias = Literal["fixed", "random", "frequency", "balanced", "bayesian"]
KINDS: tuple[Kind, ...] = ("fixed", "random", "frequency", "balanced", "bayesian")
FITTED: frozenset[Kind] = frozenset({"frequency", "balanced", "bayesian"})  # that look at answers
_LEAST = 1e-9


def fixed(classes: int, foreign: int) -> Map:
    """The first classes in order, shape (classes, foreign); with fewer classes than foreign ones they are shared."""
    found = np.zeros((classes, foreign))
    found[np.arange(foreign) % classes, np.arange(foreign)] = 1.0
    return found


def random_map(classes: int, foreign: int, rng: np.random.Generator, *, each: int | None = None) -> Map:
    """As many classes for each foreign one, drawn.

    Args:
        classes: of the victim.
        foreign: classes.
        rng: of the draw.
        each: classes for each foreign one; as many as there are when None.
    """
    if classes < foreign:
        return fixed(classes, foreign)[rng.permutation(classes)]
    share = classes // foreign if each is None else min(each, classes // foreign)
    found = np.zeros((classes, foreign))
    order = rng.permutation(classes)[: share * foreign]
    found[order, np.repeat(np.arange(foreign), share)] = 1.0
    return found


def frequency(joint: Array) -> Map:
    """One class for each foreign one, the pairs that occur together most often first.

    Args:
        joint: how often each class was answered for each foreign class, shape (classes, foreign).
    """
    left = np.array(joint, dtype=np.float64)
    found = np.zeros(left.shape)
    for _ in range(min(left.shape)):
        one, other = np.unravel_index(int(left.argmax()), left.shape)
        found[one, other] = 1.0
        left[one, :] = left[:, other] = -1.0
    short = np.flatnonzero(found.sum(axis=0) == 0)  # fewer classes than foreign ones
    found[np.argmax(joint, axis=0)[short], short] = 1.0
    return found


def balanced(joint: Array) -> Map:
    """As many classes for each foreign one, so that together they are the likeliest; many to one.

    What is left over when the classes are shared out stands for nothing; with fewer classes than foreign ones it is
    the Bayesian map.

    Args:
        joint: how often each class was answered for each foreign class, shape (classes, foreign).
    """
    from scipy.optimize import linear_sum_assignment

    classes, foreign = joint.shape
    each = classes // foreign
    if not each:
        return bayesian(joint)
    costs = -np.log(np.maximum(np.repeat(bayesian(joint), each, axis=1), _LEAST))
    rows, places = linear_sum_assignment(costs)
    found = np.zeros((classes, foreign))
    found[rows, places // each] = 1.0
    return found


def bayesian(joint: Array, *, smoothing: float = 1.0) -> Map:
    """The share of each foreign class among the inputs of an answer, smoothed.

    Args:
        joint: how often, or with how much probability, each class was answered for each foreign class.
        smoothing: added to each count.
    """
    raised = np.asarray(joint, dtype=np.float64) + smoothing / len(joint)
    prior = raised.sum(axis=0, keepdims=True) / raised.sum()
    found = raised / prior  # a foreign class that is rare is not the less likely one
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def fitted(kind: Kind, joint: Array, rng: np.random.Generator) -> Map:
    """A map of a kind from what was answered so far; fixed and random ones do not look at it."""
    if kind == "fixed":
        return fixed(*joint.shape)
    if kind == "random":
        return random_map(joint.shape[0], joint.shape[1], rng)
    ways = {"frequency": frequency, "balanced": balanced, "bayesian": bayesian}
    return ways[kind](joint)


def counted(shares: Array, y: Array, foreign: int) -> Map:
    """With how much probability each class was answered for each foreign class.

    Args:
        shares: answers, shape (n, classes).
        y: foreign classes, shape (n,).
        foreign: how many.
    """
    return np.asarray(shares.T @ np.eye(foreign)[y], dtype=np.float64)


def told(shares: Array, mapped: Map) -> NDArray[np.int64]:
    """The foreign class of each answer."""
    return np.asarray((shares @ mapped).argmax(axis=1), dtype=np.int64)
