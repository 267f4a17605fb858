"""Semi-supervised extraction: what was not asked is labelled by the copy where it is sure, and learnt from as well.

Source: Jagielski et al., High Accuracy and High Fidelity Extraction of Neural Networks, USENIX Security 2020
(arXiv 1909.01838), section 4.2, here with pseudo-labels (Lee, ICML workshop 2013) in place of MixMatch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from redan.attacks.extraction.contract import Known, Supply, towards
from redan.attacks.extraction.copies import Copy, shares
from redan.attacks.extraction.oracle import Oracle


@dataclass(frozen=True, slots=True)
class SemiSupervised:
    """Natural inputs in random order; those that are left over teach, too.

    Args:
        sure: probability from which the copy's own label is believed.
        name: of the attack.
    """

    sure: float = 0.95
    name: str = "semi-supervised"

    def copies(self, oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
        """A copy at each mark."""
        supply = Supply(known)
        for wanted in towards(oracle, marks):
            oracle.ask(supply.next(wanted))
            if not oracle.asked:
                return
            x, y = oracle.held
            copy, left = known.fitted(x, y), supply.left
            if len(left):
                told = shares(copy.scores(left))
                kept = told.max(axis=1) >= self.sure
                copy = known.fitted(np.concatenate([x, left[kept]]), np.concatenate([shares(y), told[kept]]))
            yield copy
