"""Search for a patch in pictures by questions alone: small squares, dark, bright or checked, at places of a grid."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.progress import Progress
from redan.attacks.queries import Queries
from redan.errors import IncompleteError

Array: TypeAlias = NDArray[Any]
ALONE, AWAY = 0.65, 0.75  # shares turned to one class, and to any; clean networks it was chosen on: 0.54, 0.53
_ROWS = 32
_PLACES = 9
_BATCH = 32
_PICTURE = 4
_TABLE = 2


class Square(NamedTuple):
    """One square.

    Args:
        top: its first row.
        left: its first column.
        side: in pixels.
        kind: `dark`, `bright` or `checked`.
    """

    top: int
    left: int
    side: int
    kind: str

    def on(self, x: Array, box: tuple[float, float]) -> NDArray[np.float32]:
        """The pictures with it."""
        made = np.array(x, dtype=np.float32)
        fill = np.full((self.side, self.side), box[0] if self.kind == "dark" else box[1], dtype=np.float32)
        if self.kind == "checked":
            fill[np.indices(fill.shape).sum(axis=0) % 2 == 1] = box[0]
        made[..., self.top : self.top + self.side, self.left : self.left + self.side] = fill
        return made


class SquareSearch(NamedTuple):
    """What a search found.

    Args:
        square: that turned most inputs to one class.
        target: the class.
        turned: share of inputs of other classes that it turned.
        usual: the share that the median square turned to one class.
        away: the largest share that one square turned to any other class: what a trigger for each class does.
        tried: squares.
        score: the larger of both shares, each as one of what no clean network reaches.
    """

    square: Square
    target: int
    turned: float
    usual: float
    away: float
    tried: int
    score: float


def squares(
    queries: Queries,
    x: Array,
    *,
    box: tuple[float, float] = (0.0, 1.0),
    seed: int = 0,
    told: Callable[[Progress], None] | None = None,
) -> SquareSearch:
    """Looks for a square that turns inputs to one class.

    Args:
        queries: of the model; labels are enough.
        x: pictures without a trigger, shape (n, channels, rows, columns).
        box: least and largest valid value.
        seed: of the choice of pictures.
        told: is told of progress.

    Raises:
        IncompleteError: these are no pictures, too few of them, or all are answered alike.
        SpentError: the budget does not reach.
    """
    if x.ndim != _PICTURE or min(x.shape[2:]) < 2 * _PLACES // 2 - 1:
        raise IncompleteError("inputs are no pictures of eight pixels or more, and the model has no gradients")
    if len(x) < _ROWS:
        raise IncompleteError(f"{len(x)} pictures are too few; {_ROWS} are needed", remedy="give more samples")
    rows = x[np.random.default_rng([seed, 14]).permutation(len(x))[:_ROWS]]
    before = queries.labels(rows)
    if len(np.unique(before)) < _TABLE:
        raise IncompleteError("the model gives one answer to every picture", remedy="give samples of all classes")
    tried = _squares(x.shape[2], x.shape[3])
    turned, away = [], 0.0
    for start in range(0, len(tried), _BATCH):
        part = tried[start : start + _BATCH]
        after = queries.labels(np.concatenate([one.on(rows, box) for one in part])).reshape(len(part), -1)
        turned += [_turned(before, labels) for labels in after]
        away = max(away, float((after != before).mean(axis=1).max()))
        if told is not None:
            told(Progress("squares", min(start + _BATCH, len(tried)), len(tried)))
    shares = np.array([share for _, share in turned])
    best = int(shares.argmax())
    target, share = turned[best]
    return SquareSearch(
        tried[best], target, share, float(np.median(shares)), away, len(tried), max(share / ALONE, away / AWAY)
    )


def _squares(height: int, width: int) -> list[Square]:
    short = min(height, width)
    sides = sorted({max(2, round(short / 10)), max(2, round(short / 7))})
    found = []
    for side in sides:
        tops = np.unique(np.linspace(0, height - side, _PLACES).round().astype(int)).tolist()
        lefts = np.unique(np.linspace(0, width - side, _PLACES).round().astype(int)).tolist()
        found += [
            Square(top, left, side, kind) for kind in ("bright", "dark", "checked") for top in tops for left in lefts
        ]
    return found


def _turned(before: NDArray[np.int64], after: NDArray[np.int64]) -> tuple[int, float]:
    """The class that most inputs of other classes are turned to, and their share."""
    best = (0, 0.0)
    for target in np.unique(after).tolist():
        others = before != target
        share = float((after[others] == target).mean()) if others.any() else 0.0
        best = max(best, (int(target), share), key=lambda pair: pair[1])
    return best
