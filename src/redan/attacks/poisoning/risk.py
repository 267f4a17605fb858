"""A graded risk of a backdoor from what searches found; the lowest grade says that nothing was found, not more."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from redan.attacks.poisoning.inversion import Inverted

RAISED, HIGH = 1.0, 1.5
_EASY = 2.25  # times as easily as the others; the largest of fifteen clean networks it was chosen on is 2.21
_FEW = 4  # classes, below which one that is easily reached is no wonder
_TWO = 2  # classes, of which one is always easier: eight of sixteen clean networks of rows were told for it
_NORMAL = 1.4826


class Anomaly(NamedTuple):
    """How much smaller the trigger of a class is than those of the others.

    Args:
        classes: that were searched for.
        target: the class with the smallest trigger.
        ratios: of each class, the median size of the others' triggers through its own: the geometric mean over the
            kinds of change.
        anomaly: Neural Cleanse's index of each kind: by how many median absolute deviations the smallest mask lies
            below the median; above 2 is told in the paper.
        score: the largest ratio as a share of what clean networks do not reach; 0 of two classes, which are not judged.
    """

    classes: tuple[int, ...]
    target: int
    ratios: tuple[float, ...]
    anomaly: tuple[float, ...]
    score: float


def anomaly(kinds: Sequence[Sequence[Inverted]]) -> Anomaly:
    """The class that is reached most easily, compared with the others of the same network.

    Args:
        kinds: for each kind of change, the triggers of the same classes; at least two classes.
    """
    sizes = np.log(np.array([[max(one.size, 1e-9) for one in found] for found in kinds]))
    count = sizes.shape[1]
    others = np.array([[np.median(np.delete(row, place)) for place in range(count)] for row in sizes])
    ratios = np.exp((others - sizes).mean(axis=0))
    best = int(ratios.argmax())
    bar = _EASY if count >= _FEW else HIGH * _EASY
    middles = np.median(sizes, axis=1)
    spreads = _NORMAL * np.median(np.abs(sizes - middles[:, None]), axis=1)
    below = middles - sizes.min(axis=1)
    classes = tuple(one.target for one in kinds[0])
    return Anomaly(
        classes=classes,
        target=classes[best],
        ratios=tuple(float(ratio) for ratio in ratios),
        anomaly=tuple(float(b / s) if s > 0 else 0.0 for b, s in zip(below, spreads, strict=True)),
        score=float(ratios[best]) / bar if count > _TWO else 0.0,
    )


def grade(score: float) -> str:
    """`low`, `raised` or `high`; nothing is ever graded better than low.

    Args:
        score: 1 at what clean models of the zoo hardly reach.
    """
    return "high" if score >= HIGH else "raised" if score >= RAISED else "low"
