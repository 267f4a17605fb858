"""An ensemble of trees in the form of the solver: one feature per part, so that one-hot groups need no constraint.

A part that is a choice becomes one whole number, the place of the option; a split on a member of a one-hot group, or on
the code of a category, becomes splits of that number. Values are those of single precision, in which `at most t` is
`below the next number after t`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.tables.ensemble import Ensemble, Tree
from redan.attacks.tables.mending import down
from redan.attacks.tables.space import Space
from redan.errors import IncompleteError

_LEAF = -1
_NODES = 5_000_000


class Ends(NamedTuple):
    """From where to where each part goes, shape (parts,); whole numbers and options include both ends."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Regions:
    """Asks the solver for the leaves of all trees that a row can reach.

    Args:
        ensemble: the trees.
        space: the rules; bounds and choices count here, relations do not.
    """

    ensemble: Ensemble
    space: Space
    _kept: dict[tuple[int, int], Any] = field(default_factory=dict)

    def lead(self, target: int, true: int) -> Any:  # noqa: ANN401 -- the solver ships no types
        """The trees that add up to how far a class is ahead of the true one."""
        if (target, true) not in self._kept:
            self._kept[target, true] = self._built(target, true)
        return self._kept[target, true]

    def ends(self, low: NDArray[np.float64], high: NDArray[np.float64], row: NDArray[np.float32]) -> Ends:
        """What the columns of one row can reach, as parts.

        Args:
            low: shape (columns,).
            high: likewise.
            row: where it starts.
        """
        first, last = [], []
        for part in self.space.parts:
            if len(part) == 1:
                first.append(low[part[0]])
                last.append(high[part[0]])
            else:
                own = int(row[part].argmax())
                free = bool((high[part] > low[part]).any())
                first.append(0 if free else own)
                last.append(len(part) - 1 if free else own)
        return Ends(np.array(first, dtype=np.float64), np.array(last, dtype=np.float64))

    def intervals(self, ends: Ends) -> list[Any]:
        """The same for the solver, whose intervals leave out their upper end."""
        from veritas import Interval

        return [Interval(float(a), float(self._after(i, b))) for i, (a, b) in enumerate(zip(*ends, strict=True))]

    def within(self, ends: Ends, box: Mapping[int, Any]) -> Ends:
        """The part of what can be reached that lies in a leaf of every tree."""
        low, high = ends.low.copy(), ends.high.copy()
        for number, interval in box.items():
            low[number] = max(low[number], interval.lo)
            high[number] = min(high[number], self._before(number, interval.hi))
        return Ends(low, high)

    def columns(self, ends: Ends) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Parts as columns: the least and the largest value of each."""
        low, high = np.zeros(len(self.space.columns)), np.zeros(len(self.space.columns))
        for number, part in enumerate(self.space.parts):
            if len(part) == 1:
                low[part[0]], high[part[0]] = ends.low[number], ends.high[number]
            else:
                a, b = int(ends.low[number]), int(ends.high[number])
                high[part[a : b + 1]] = 1.0
                low[part[a]] = float(a == b)
        return low, high

    def nearest(self, ends: Ends, row: NDArray[np.float32]) -> NDArray[np.float32]:
        """The point of a region that is nearest to a row in every part."""
        at = np.array(row, dtype=np.float64)
        for number, part in enumerate(self.space.parts):
            a, b = ends.low[number], ends.high[number]
            if len(part) == 1:
                at[part[0]] = min(max(at[part[0]], a), b)
            else:
                option = int(min(max(int(row[part].argmax()), a), b))
                at[part] = np.eye(len(part))[option]
        return at.astype(np.float32)

    def _whole(self, number: int) -> bool:
        part = self.space.parts[number]
        return len(part) > 1 or bool(self.space.whole[part[0]])

    def _after(self, number: int, value: float) -> float:
        return value + 1.0 if self._whole(number) else float(np.nextafter(np.float32(value), np.float32(np.inf)))

    def _before(self, number: int, value: float) -> float:
        if np.isinf(value):
            return value
        return (
            np.ceil(value) - 1.0 if self._whole(number) else float(np.nextafter(np.float32(value), np.float32(-np.inf)))
        )

    def _built(self, target: int, true: int) -> Any:  # noqa: ANN401
        from veritas import AddTree, AddTreeType

        found = AddTree(1, AddTreeType.REGR)
        found.set_base_score(0, float(self.ensemble.base[target] - self.ensemble.base[true]))
        owner = {int(place): number for number, part in enumerate(self.space.parts) for place in part}
        count = 0
        for tree in self.ensemble.trees:
            copy = _Copy(tree, tree.value[:, target] - tree.value[:, true], self.space, owner)
            count += copy.into(found.add_tree())
            if count > _NODES:
                raise IncompleteError("the trees are too many for an exact answer", remedy="attack by queries")
        return found


class _Copy(NamedTuple):
    """One tree on its way to the solver."""

    tree: Tree
    value: NDArray[np.float64]
    space: Space
    owner: Mapping[int, int]

    def into(self, found: Any) -> int:  # noqa: ANN401
        """Copies it, node by node; returns how many nodes there are."""
        waiting: list[tuple[int, int, dict[int, tuple[int, int]]]] = [(0, found.root(), {})]
        count = 0
        while waiting:
            node, to, open_ = waiting.pop()
            count += 1
            if self.tree.feature[node] == _LEAF:
                found.set_leaf_value(to, 0, float(self.value[node]))
                continue
            place = int(self.tree.feature[node])
            part = self.owner[place]
            if self.space.choice[place] and self._options(place) > 1:
                waiting += self._split_options(found, (node, to, open_))
                continue
            limit = float(self.tree.threshold[node])
            cut = np.floor(limit) + 1.0 if self.space.whole[place] else _next(limit)
            found.split(to, part, float(cut))
            left, right = int(self.tree.left[node]), int(self.tree.right[node])
            waiting += [(left, found.left(to), open_), (right, found.right(to), open_)]
        return count

    def _options(self, place: int) -> int:
        part = self.space.parts[self.owner[place]]
        return len(part) if len(part) > 1 else int(self.space.high[place]) + 1

    def _split_options(
        self,
        found: Any,  # noqa: ANN401
        at: tuple[int, int, dict[int, tuple[int, int]]],
    ) -> list[tuple[int, int, dict[int, tuple[int, int]]]]:
        """Splits on the place of an option where the answer of the split changes."""
        node, to, open_ = at
        place = int(self.tree.feature[node])
        number = self.owner[place]
        first, last = open_.get(number, (0, self._options(place) - 1))
        left = self._goes_left(place, float(self.tree.threshold[node]))[first : last + 1]
        child = int(self.tree.left[node]) if left[0] else int(self.tree.right[node])
        changes = np.flatnonzero(left != left[0])
        if not len(changes):
            return [(child, to, open_)]
        cut = first + int(changes[0])
        found.split(to, number, float(cut))
        return [
            (child, found.left(to), {**open_, number: (first, cut - 1)}),
            (node, found.right(to), {**open_, number: (cut, last)}),
        ]

    def _goes_left(self, place: int, limit: float) -> NDArray[np.bool_]:
        part = self.space.parts[self.owner[place]]
        if len(part) > 1:
            return np.asarray((part == place).astype(np.float64) <= limit)
        levels = self.space.levels.get(place)
        values = np.arange(self._options(place)) if levels is None else np.array([float(level) for level in levels])
        return np.asarray(values <= limit)


def _next(limit: float) -> float:
    """The least number of single precision above a limit."""
    below = np.float32(down(np.array([limit]))[0])
    return float(np.nextafter(below, np.float32(np.inf)))
