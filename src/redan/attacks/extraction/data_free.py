"""Data-free extraction: an attacker without a single natural input, who makes inputs where copies do not agree yet.

For pictures, a generator is trained against two students; for rows, inputs are drawn, crossed and halved, and those are
asked on which two students differ the most.

Source: Truong et al., Data-Free Model Extraction, CVPR 2021 (arXiv 2011.14779), sections 3.1 to 3.4; the disagreement
of two students in place of the victim's own gradient is that of Rosenthal et al., DisGUIDE, AAAI 2023.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.copies import Copy, shares
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.perceptron import PerceptronRecipe
from redan.attacks.extraction.recipes import is_picture
from redan.extras import missing_import

Array: TypeAlias = NDArray[Any]
_BATCH = 64
_SPARE = 16
_STUDENT = PerceptronRecipe(hidden=24, ridge=1e-3, steps=60)
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class DataFree:
    """Nothing but the domain of the inputs is known; natural inputs that the attacker may have stay unused.

    Args:
        directions: along which the victim's own slope is measured for the generator of pictures, each one a question
            for each picture (the forward differences of Truong et al.); none leaves the slope to the students.
        name: of the attack.
    """

    directions: int = 0
    name: str = "data-free"

    def copies(self, oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
        """A copy at each mark."""
        blind = Known(domain=known.domain, x=known.x[:0], recipe=known.recipe, seed=known.seed)
        if is_picture(known.domain) and missing_import("torch") is None:
            from redan.attacks.extraction.generator import students

            yield from students(oracle, blind, marks, directions=self.directions)
        else:
            yield from _synthesised(oracle, blind, marks)


def _synthesised(oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
    """Rows: rounds of as many questions as were asked so far at most."""
    rng = known.rng(8)
    for mark in marks:
        while oracle.ended is None and oracle.asked < mark:
            n = min(mark - oracle.asked, max(_BATCH, oracle.asked // 4))
            oracle.ask(known.domain.uniform(n, rng) if oracle.asked < _BATCH else _unsettled(oracle, known, n, rng))
        if not oracle.asked:
            return
        yield known.fitted(*oracle.held)
        if oracle.ended is not None:
            return


def _unsettled(oracle: Oracle, known: Known, n: int, rng: np.random.Generator) -> Array:
    """Inputs on which two students differ the most, each class as often as there is room for it."""
    domain, (x, y) = known.domain, oracle.held
    candidates = np.concatenate(
        [domain.uniform(_SPARE // 2 * n, rng), made_of(domain, x, y.argmax(axis=1), _SPARE // 2 * n, rng)]
    )
    one, other = (
        shares(_STUDENT.fitted(domain, x, y, known.seed + place).scores(candidates)) for place in (oracle.asked, 1)
    )
    gap = np.abs(one - other).sum(axis=1)
    seen = np.bincount(y.argmax(axis=1), minlength=y.shape[1])
    told = (one + other).argmax(axis=1)
    worth = gap * (len(y) / (seen[told] + 1.0)) ** _HALF
    return np.asarray(candidates[np.argsort(-worth, kind="stable")[:n]])


def made_of(domain: Domain, x: Array, labels: NDArray[np.int64], n: int, rng: np.random.Generator) -> Array:
    """Inputs between two that were asked, the second one of another class where there is one.

    Args:
        domain: of the inputs.
        x: that were asked, shape (m, ...).
        labels: of them, shape (m,).
        n: how many to make.
        rng: of the draws.
    """
    first, second = rng.integers(len(x), size=n), rng.integers(len(x), size=(4, n))
    differs = labels[second] != labels[first]
    second = second[differs.argmax(axis=0), np.arange(n)]
    one, two = (x[at].reshape(n, -1).astype(np.float64) for at in (first, second))
    mixed = one + rng.random((n, 1)) * (two - one)
    flat = np.where(domain.levels > 0, np.where(rng.random(one.shape) < _HALF, one, two), mixed)
    return domain.inside(flat.reshape(n, *domain.shape))
