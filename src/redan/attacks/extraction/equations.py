"""Equation solving: the weights of a linear model follow from as many answers as it has unknowns for a class.

The logarithm of the ratio of two probabilities is linear in the input, so each answer is one equation for each class
but one, and d + 1 answers are enough. Rounded answers, labels and shallow networks have no such equations; there the
likeliest weights are searched for.

Source: Tramèr et al., Stealing Machine Learning Models via Prediction APIs, USENIX Security 2016 (arXiv 1609.02943),
section 4.1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.contract import Known, towards
from redan.attacks.extraction.copies import Copy
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.perceptron import Perceptron, PerceptronRecipe
from redan.attacks.extraction.sight import decimals, probable
from redan.attacks.extraction.softmax import Linear, SoftmaxRecipe
from redan.errors import InputError

Array: TypeAlias = NDArray[Any]
_TINY = float(np.finfo(np.float32).tiny)
_CANDIDATES = 4
_STEP = 8  # inputs that are asked before it is looked at how sure the answers are
_SURE = 1e-4
_MANY = 0.5
_WHOLE = 6  # decimals from which answers count as whole
_LEAST, _HARD = 1e-6, 1e-4  # weights of the squared coefficients; the latter for labels


def solve_linear(oracle: Oracle, domain: Domain, *, queries: int | None = None, seed: int = 0) -> Linear:
    """Takes a linear or softmax classifier apart.

    Args:
        oracle: what is asked; what it was asked before counts as well.
        domain: of the inputs.
        queries: to ask; `domain.rank` of them, d + 1 without categories, when None.
        seed: of the inputs that are asked.

    Returns:
        What follows from the answers that there were, also from fewer than are needed.

    Raises:
        InputError: it answered nothing.
    """
    wanted = domain.rank if queries is None else queries
    _gather(oracle, domain, wanted, np.random.default_rng(seed))
    return solved(oracle, domain)


def solved(oracle: Oracle, domain: Domain) -> Linear:
    """The linear model that the answers held so far tell of.

    Raises:
        InputError: there are none.
    """
    x, y = oracle.held
    kept = decimals(y)
    if (kept is not None and kept < _WHOLE) or not oracle.shown.exact:
        return SoftmaxRecipe(ridge=ridge_of(kept)).fitted(domain, x, y, 0)
    features = domain.features(x)
    design = np.column_stack([features, np.ones(len(features))])
    logs = np.log(np.maximum(y, _TINY)) if probable(y) else y
    if not probable(y):
        return Linear(domain, np.asarray(np.linalg.lstsq(design, logs, rcond=None)[0], dtype=np.float64))
    return Linear(domain, _by_ratios(design, logs))


@dataclass(frozen=True, slots=True)
class Equations:
    """Linear and softmax classifiers; of others it finds the linear part.

    Args:
        name: of the attack.
    """

    name: str = "equation solving"

    def copies(self, oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
        """A copy at each mark."""
        for place, wanted in enumerate(towards(oracle, marks)):
            _gather(oracle, known.domain, wanted, np.random.default_rng([known.seed, place]))
            if not oracle.asked:
                return
            yield solved(oracle, known.domain)


def solve_perceptron(
    oracle: Oracle, domain: Domain, *, hidden: int, queries: int, recipe: PerceptronRecipe | None = None, seed: int = 0
) -> Perceptron:
    """Takes a network of one hidden layer apart: the likeliest weights for answers to random inputs.

    Args:
        oracle: what is asked.
        domain: of the inputs.
        hidden: its units, which the attacker knows.
        queries: to ask; Tramèr et al. need one to four for each unknown.
        recipe: its bend and how it is fitted; `hidden` counts instead of its own.
        seed: of inputs and first weights.

    Raises:
        InputError: it answered nothing.
    """
    base = recipe or PerceptronRecipe(ridge=1e-9, steps=2_000)
    oracle.ask(domain.uniform(queries, np.random.default_rng(seed)))
    x, y = oracle.held
    made = PerceptronRecipe(hidden, base.bend, base.ridge, base.steps, base.name)
    return made.fitted(domain, x, y, seed)


def spread(domain: Domain, n: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Inputs whose equations depend on each other as little as may be, chosen among random ones; shape (n, ...)."""
    from scipy.linalg import qr

    least = min(n, domain.rank)
    drawn = domain.uniform(max(n, _CANDIDATES * least), rng)
    design = np.column_stack([domain.features(drawn), np.ones(len(drawn))])
    order = qr(design.T, mode="r", pivoting=True)[1][:least]
    rest = np.setdiff1d(np.arange(len(drawn)), order)[: n - least]
    return np.asarray(drawn[np.concatenate([order, rest])])


def _gather(oracle: Oracle, domain: Domain, n: int, rng: np.random.Generator) -> None:
    """Asks; where most answers are sure, nearer to the least sure one."""
    if not n:
        return
    drawn = spread(domain, n, rng)
    near, pull = drawn[0], 1.0
    for start in range(0, len(drawn), _STEP):
        _, y = oracle.ask(_pulled(domain, drawn[start : start + _STEP], near, pull))
        if oracle.ended is not None or not oracle.shown.exact or not probable(y):
            continue
        if (y.max(axis=1) > 1 - _SURE).mean() > _MANY:  # sure answers have lost the digits that equations need
            held = oracle.held
            near, pull = held.x[held.y.max(axis=1).argmin()], pull / 2


def _pulled(domain: Domain, x: NDArray[np.float32], near: NDArray[np.float32], pull: float) -> NDArray[np.float32]:
    """Inputs nearer to one of them in their numbers; categories stay, and so does what is not to be pulled."""
    if pull == 1.0:
        return x
    moved = np.where(domain.levels.reshape(domain.shape) > 0, x, near + np.float32(pull) * (x - near))
    return domain.inside(moved)


def _by_ratios(design: NDArray[np.float64], logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares of each class against the first, each equation weighed by how sharp its numbers are."""
    classes = logs.shape[1]
    weights = np.zeros((design.shape[1], classes))
    for place in range(1, classes):
        sharp = np.exp(np.minimum(logs[:, place], logs[:, 0]))  # a number near 0 or 1 has lost digits
        weigh = np.minimum(1.0, sharp / 1e-6)[:, None]
        ratio = (logs[:, place] - logs[:, 0])[:, None]
        weights[:, place] = np.linalg.lstsq(design * weigh, ratio * weigh, rcond=None)[0][:, 0]
    return weights


def ridge_of(kept: int | None) -> float:
    """Weight of the squared coefficients in the likeliest copy by rounded answers.

    Larger where answers are coarser: else weights follow what rounding added, most where answers and unknowns are
    equally many.

    Args:
        kept: decimals; 0 for labels, None for answers that are not rounded.
    """
    if kept is None:
        return _LEAST
    return _HARD if not kept else max(_LEAST, 10.0 ** -(2 + kept))


def linear_unknowns(domain: Domain, classes: int) -> int:
    """Unknowns of a linear classifier, after what no answer can tell apart: rank times classes but one.

    Raises:
        InputError: there are no two classes.
    """
    if classes < 2:  # noqa: PLR2004 -- one class has nothing to tell
        raise InputError("a classifier has two classes or more")
    return domain.rank * (classes - 1)
