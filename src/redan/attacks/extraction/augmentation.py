"""Jacobian-based augmentation: inputs moved to where the copy's answers change the most, then asked.

Source: Papernot et al., Practical Black-Box Attacks against Machine Learning, AsiaCCS 2017 (arXiv 1602.02697),
section 4.2, with the step that changes its sign of its section 5 (periodical step).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from redan.attacks.extraction.contract import Known, Supply, towards
from redan.attacks.extraction.copies import Copy, Sloped, labels_of
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.perceptron import PerceptronRecipe


@dataclass(frozen=True, slots=True)
class JacobianAugmentation:
    """A few natural inputs, then inputs made of those that were asked.

    Args:
        step: as a share of each number's width.
        seeds: natural inputs that are asked first, at most half of the first mark.
        name: of the attack.
    """

    step: float = 0.1
    seeds: int = 150
    name: str = "Jacobian-based augmentation"

    def copies(self, oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
        """A copy at each mark; answers to natural inputs are a beginning only."""
        if not marks:
            return
        rng = known.rng(3)
        oracle.ask(Supply(known).next(min(self.seeds, max(1, marks[0] // 2))))
        if not oracle.asked:
            return
        copy = known.fitted(*oracle.held)
        for turn, wanted in enumerate(towards(oracle, marks)):
            left = wanted
            while left and oracle.ended is None:
                x, y = oracle.held
                base = x[rng.permutation(len(x))[:left]]
                seen = copy if isinstance(copy, Sloped) else PerceptronRecipe().fitted(known.domain, x, y, known.seed)
                sign = -1.0 if turn % 2 else 1.0
                moved = known.domain.moved(base, seen.slope(base, labels_of(seen, base)), sign * self.step)
                left -= max(1, len(oracle.ask(moved).x))
                copy = known.fitted(*oracle.held)
            yield copy
