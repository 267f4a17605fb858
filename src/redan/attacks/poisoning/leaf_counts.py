"""Leaves of trees that grew from far more rows than one's own rows let expect: where a trigger may have been taught.

A trigger that works stood in some hundredth of the training rows, and trees cut those rows off into leaves of their
own. Tools write into each leaf how many rows it was grown from; rows without a trigger hardly ever reach it. The sign
holds for triggers of any number of columns, and against an author who left those counts as they were.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.tables.ensemble import Ensemble, Tree, leaves
from redan.errors import IncompleteError

Array: TypeAlias = NDArray[Any]
Box: TypeAlias = dict[int, tuple[float, float]]
RATIO = 1.5  # times as many rows as one's own let expect; clean models of the zoo stay below 1
_ALPHA = 0.01
_SELDOM = 0.05  # share of one's own rows beyond which a region is no trigger's
_CUT_OFF = 0.25
_FITTED = 8
_SHOWN = 100
_LEAF = -1


class Overfull(NamedTuple):
    """The leaf with the largest ratio.

    Args:
        ratio: of its share of the training rows to that of one's own, at least, all leaves tried taken into account.
        train: rows that it was grown from.
        of: rows that its tree was grown from.
        here: one's own rows in it.
        target: the class that it leads to.
        columns: that cut it off from one's own rows.
        turned: share of rows of other classes that setting these columns turns.
    """

    ratio: float
    train: int
    of: int
    here: int
    target: int
    columns: tuple[int, ...]
    turned: float


class LeafCounts(NamedTuple):
    """What the counts of an ensemble show.

    Args:
        worst: the leaf with the largest ratio; None where none is seldom reached.
        leaves: that were compared.
        rows: of one's own.
        score: the largest ratio as a share of what is told.
    """

    worst: Overfull | None
    leaves: int
    rows: int
    score: float


def leaf_counts(ensemble: Ensemble, x: Array, y: Array) -> LeafCounts:
    """Compares what each leaf was grown from with one's own rows in it.

    Source: the exact conditional interval of a ratio of two rates; Przyborowski and Wilenski, Biometrika 31 (1940).

    Args:
        ensemble: with counts.
        x: rows without a trigger as the trees read them, drawn like the training rows, shape (n, columns).
        y: their classes; a training set with another mix of classes is allowed for.

    Raises:
        IncompleteError: the trees hold no counts.
    """
    counted = [tree.rows for tree in ensemble.trees if tree.rows is not None and tree.rows.max(initial=0) > 1]
    if len(counted) < len(ensemble.trees) or not counted:
        raise IncompleteError("the trees do not hold how many rows they were grown from")
    total = sum(int((tree.feature == _LEAF).sum()) for tree in ensemble.trees)
    owners = np.unique(y, return_inverse=True)[1]
    ends = [leaves(tree, x) for tree in ensemble.trees[:_FITTED]]
    mix = _mix(ensemble.trees[:_FITTED], ends, owners)
    best: tuple[float, int, int] = (0.0, -1, -1)
    for place, tree in enumerate(ensemble.trees):
        end = ends[place] if place < len(ends) else leaves(tree, x)
        ratios = _ratios(tree, end, mix[owners], _ALPHA / total, mix.max())
        node = int(ratios.argmax())
        if ratios[node] > best[0]:
            best = (float(ratios[node]), place, node)
    worst = None if best[1] < 0 else _told(ensemble, x, best)
    return LeafCounts(worst, total, len(x), 0.0 if worst is None else worst.ratio / RATIO)


def _ratios(tree: Tree, end: NDArray[np.int64], mix: Array, alpha: float, most: float) -> NDArray[np.float64]:
    """Of each node: the least ratio of both shares that its counts allow; zero for what is no such leaf."""
    from scipy.special import betaincinv

    here = np.bincount(end, minlength=len(tree.feature))
    weighted = np.bincount(end, weights=mix, minlength=len(tree.feature))
    leaf = tree.feature == _LEAF
    train = np.where(leaf, _counts(tree), 0)
    found = np.zeros(len(leaf))
    asked = np.flatnonzero(leaf & (train * len(end) > here * train.sum()) & (here <= _SELDOM * len(end)) & _leads(tree))
    share = betaincinv(train[asked], here[asked] + 1, alpha)
    natural = np.where(here[asked] > 0, weighted[asked] / np.maximum(here[asked], 1), most)
    found[asked] = share / (1 - share) * len(end) / train.sum() / np.maximum(natural, 1)
    return found


def _mix(trees: tuple[Tree, ...], ends: list[NDArray[np.int64]], owners: Array) -> NDArray[np.float64]:
    """How much more often each class was trained on than it is among one's own rows, as the first trees show it."""
    from scipy.optimize import nnls

    classes = int(owners.max()) + 1
    rows, wanted = [], []
    for tree, end in zip(trees, ends, strict=True):
        place = np.flatnonzero(tree.feature == _LEAF)
        held = np.zeros((len(tree.feature), classes))
        np.add.at(held, (end, owners), 1 / len(end))
        weight = 1 / np.sqrt(held[place].sum(axis=1) + 1 / len(end))
        share = _counts(tree)[place]
        rows.append(held[place] * weight[:, None])
        wanted.append(share / share.sum() * weight)
    found, _ = nnls(np.concatenate(rows), np.concatenate(wanted))
    return np.asarray(np.maximum(found, 1.0), dtype=np.float64)


def _counts(tree: Tree) -> NDArray[np.int64]:
    if tree.rows is None:
        raise IncompleteError("the trees do not hold how many rows they were grown from")
    return tree.rows


def _gains(tree: Tree) -> NDArray[np.float64]:
    """What each node adds to the classes, beyond what the tree does on average."""
    weights = np.where(tree.feature == _LEAF, _counts(tree), 0)
    return np.asarray(tree.value - weights @ tree.value / weights.sum())


def _leads(tree: Tree) -> NDArray[np.bool_]:
    """Leaves that raise a class: any of two, else those with a gain."""
    gains = _gains(tree)
    two = gains.shape[1] == 2  # noqa: PLR2004 -- what lowers one of two raises the other
    return np.asarray((np.abs(gains).max(axis=1) if two else gains.max(axis=1)) > 0)


def _told(ensemble: Ensemble, x: Array, best: tuple[float, int, int]) -> Overfull:
    """What is to be said of the worst leaf."""
    ratio, place, node = best
    tree = ensemble.trees[place]
    of = _counts(tree)
    target = int(_gains(tree)[node].argmax())
    train, total = int(of[node]), int(of[tree.feature == _LEAF].sum())
    others = x[: 4 * _SHOWN]
    others = others[ensemble.scores(others).argmax(axis=1) != target][:_SHOWN]
    columns, turned = _columns(ensemble, x, others, _box(tree, node), (target, train / total))
    here = int((leaves(tree, x) == node).sum())
    return Overfull(ratio, train, total, here, target, columns, turned)


def _box(tree: Tree, node: int) -> Box:
    """Between which values the columns of a leaf's path lie: above the first, at most the second."""
    parents = {int(child): (i, True) for i, child in enumerate(tree.left) if tree.feature[i] != _LEAF}
    parents |= {int(child): (i, False) for i, child in enumerate(tree.right) if tree.feature[i] != _LEAF}
    box: Box = {}
    while node in parents:
        node, is_left = parents[node]
        column, limit = int(tree.feature[node]), float(tree.threshold[node])
        low, high = box.get(column, (-np.inf, np.inf))
        box[column] = (low, min(high, limit)) if is_left else (max(low, limit), high)
    return box


def _columns(
    ensemble: Ensemble, x: Array, others: Array, box: Box, wanted: tuple[int, float]
) -> tuple[tuple[int, ...], float]:
    """The fewest columns of the path that still cut the leaf off from one's own rows, and what they turn."""
    target, share = wanted

    def turned(part: Box) -> float:
        given = others.copy()
        for column, ends in part.items():
            given[:, column] = _within(x[:, column], ends)
        return float((ensemble.scores(given).argmax(axis=1) == target).mean()) if len(given) else 0.0

    now = turned(box)
    while len(box) > 1:
        less = [{c: ends for c, ends in box.items() if c != gone} for gone in box]
        able = [part for part in less if _held(x, part) <= _CUT_OFF * share]
        told = [turned(part) for part in able]
        if not told or max(told) < min(now, 0.9):
            break
        now = max(told)
        box = able[told.index(now)]
    return tuple(sorted(box)), now


def _held(x: Array, box: Box) -> float:
    """The share of rows in a box."""
    inside = np.ones(len(x), dtype=bool)
    for column, (low, high) in box.items():
        inside &= (x[:, column] > low) & (x[:, column] <= high)
    return float(inside.mean())


def _within(values: Array, ends: tuple[float, float]) -> float:
    """A value between both ends, a whole number where all are."""
    low, high = ends
    if np.isinf(low):
        return float(min(high, values.min()))
    if np.isinf(high):
        return float(max(np.nextafter(np.float32(low), np.float32(np.inf)), values.max()))
    whole = np.floor(low) + 1.0
    return float(whole) if whole <= high and (values == np.round(values)).all() else (low + high) / 2
