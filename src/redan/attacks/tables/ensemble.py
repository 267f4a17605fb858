"""Sums of trees, read from scikit-learn and LightGBM, and compared with what the model itself answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError

AGREE = 1e-5
_LEAF = -1


class Tree(NamedTuple):
    """One tree: a row goes left where its value is at most the threshold.

    Args:
        feature: shape (nodes,), -1 for a leaf.
        threshold: shape (nodes,).
        left: shape (nodes,), place of the child.
        right: likewise.
        value: shape (nodes, classes), what a leaf adds to each class.
        rows: shape (nodes,), how many rows were there when it was grown; None where the model does not hold them.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    rows: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ensemble:
    """A sum of trees, and what is added to it.

    Args:
        trees: in order.
        base: shape (classes,).
        kind: of the model it was read from.
    """

    trees: tuple[Tree, ...]
    base: NDArray[np.float64]
    kind: str

    def scores(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """The sum for each row, shape (n, classes); the largest wins, the first one where several do."""
        found = np.tile(self.base, (len(x), 1))
        for tree in self.trees:
            found += tree.value[leaves(tree, x)]
        return found


def ensemble_of(model: object, x: NDArray[Any]) -> Ensemble:
    """The trees of a model, exactly.

    Args:
        model: a decision tree, forest or boosting of scikit-learn or LightGBM, or one of these behind the interfaces of
            `redan.models`; a pipeline with one step only.
        x: shape (n, columns), rows that the model reads, on which both are compared.

    Raises:
        IncompleteError: it is no such model, splits on categories or missing values, or does not agree.
    """
    bare = _bare(model)
    name = type(bare).__name__
    for names, reader in _READERS.items():
        if name in names:
            found = reader(bare)
            break
    else:
        raise IncompleteError(
            f"{name} is no ensemble of trees that can be read", remedy="give a forest or boosting, without a pipeline"
        )
    told = _answers(bare, x)
    rest = told - found.scores(x)
    base = np.median(rest, axis=0) if len(rest) else found.base
    whole = Ensemble(trees=found.trees, base=found.base + base, kind=name)
    slack = AGREE * max(1.0, float(np.abs(told).max(initial=0.0)))
    if np.abs(whole.scores(x) - told).max(initial=0.0) > slack:
        raise IncompleteError(f"the trees of {name} do not add up to what it answers", remedy="attack it by queries")
    return whole


def _bare(model: object) -> Any:  # noqa: ANN401 -- of libraries that are not imported here
    found: Any = model
    for _ in range(8):
        steps = getattr(found, "steps", None)
        if isinstance(steps, list) and len(steps) == 1:
            found = steps[0][1]
        elif hasattr(found, "estimator") and hasattr(found, "inputs"):
            found = found.estimator
        elif hasattr(found, "booster_"):
            found = found.booster_
        else:
            break
    return found


def leaves(tree: Tree, x: NDArray[Any]) -> NDArray[np.int64]:
    """The node in which each row ends, shape (n,)."""
    node = np.zeros(len(x), dtype=np.int64)
    rows = np.flatnonzero(tree.feature[node] != _LEAF)
    while len(rows):
        at = node[rows]
        left = x[rows, tree.feature[at]] <= tree.threshold[at]
        node[rows] = np.where(left, tree.left[at], tree.right[at])
        rows = rows[tree.feature[node[rows]] != _LEAF]
    return node


def _answers(bare: Any, x: NDArray[Any]) -> NDArray[np.float64]:  # noqa: ANN401
    if hasattr(bare, "dump_model"):
        told = np.asarray(bare.predict(x, raw_score=True), dtype=np.float64)
    elif hasattr(bare, "decision_function"):
        told = np.asarray(bare.decision_function(_named(bare, x)), dtype=np.float64)
    else:
        return np.asarray(bare.predict_proba(_named(bare, x)), dtype=np.float64)
    return np.column_stack([np.zeros(len(told)), told]) if told.ndim == 1 else told


def _named(bare: Any, x: NDArray[Any]) -> Any:  # noqa: ANN401
    names = getattr(bare, "feature_names_in_", None)
    if names is None:
        return x
    import pandas as pd

    return pd.DataFrame(x, columns=names)


def _forest(bare: Any) -> Ensemble:  # noqa: ANN401
    members = getattr(bare, "estimators_", None) or [bare]
    if getattr(bare, "n_outputs_", 1) != 1:
        raise IncompleteError("the forest answers several questions at once", remedy="give one for one label")
    trees = []
    for member in members:
        value = member.tree_.value[:, 0, :]
        trees.append(_sklearn(member.tree_, value / value.sum(axis=1, keepdims=True) / len(members)))
    return Ensemble(trees=tuple(trees), base=np.zeros(trees[0].value.shape[1]), kind="forest")


def _boosting(bare: Any) -> Ensemble:  # noqa: ANN401
    width = bare.estimators_.shape[1]
    classes = max(2, width)
    trees = []
    for stage in bare.estimators_:
        for k, member in enumerate(stage):
            place = k if width > 1 else 1
            value = np.zeros((member.tree_.node_count, classes))
            value[:, place] = bare.learning_rate * member.tree_.value[:, 0, 0]
            trees.append(_sklearn(member.tree_, value))
    return Ensemble(trees=tuple(trees), base=np.zeros(classes), kind="boosting")


def _sklearn(tree: Any, value: NDArray[np.float64]) -> Tree:  # noqa: ANN401
    feature = np.where(tree.children_left == tree.children_right, _LEAF, tree.feature).astype(np.int64)
    left, right = tree.children_left.astype(np.int64), tree.children_right.astype(np.int64)
    count = tree.n_node_samples.astype(np.int64)
    return Tree(feature, tree.threshold.astype(np.float64), left, right, value, count)


def _histograms(bare: Any) -> Ensemble:  # noqa: ANN401
    stages = bare._predictors  # noqa: SLF001 -- scikit-learn shows the trees nowhere else; `ensemble_of` compares
    width = len(stages[0])
    classes = max(2, width)
    trees = []
    for stage in stages:
        for k, member in enumerate(stage):
            nodes = member.nodes
            if nodes["is_categorical"].any():
                raise IncompleteError("the trees split on categories", remedy="encode categories as one-hot columns")
            value = np.zeros((len(nodes), classes))
            value[:, k if width > 1 else 1] = nodes["value"]
            feature = np.where(nodes["is_leaf"], _LEAF, nodes["feature_idx"].astype(np.int64))
            left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
            count = nodes["count"].astype(np.int64)
            trees.append(Tree(feature, nodes["num_threshold"].astype(np.float64), left, right, value, count))
    return Ensemble(trees=tuple(trees), base=np.zeros(classes), kind="histograms")


def _booster(bare: Any) -> Ensemble:  # noqa: ANN401
    dump = bare.dump_model()
    width = int(dump["num_tree_per_iteration"])
    if str(dump["objective"]).split(" ")[0] not in {"binary", "multiclass", "softmax", "multiclassova"}:
        raise IncompleteError(f"a booster for {dump['objective']} tells no classes apart", remedy="give a classifier")
    classes = max(2, width)
    trees = []
    for i, tree in enumerate(dump["tree_info"]):
        trees.append(_dumped(tree["tree_structure"], i % width if width > 1 else 1, classes))
    return Ensemble(trees=tuple(trees), base=np.zeros(classes), kind="booster")


def _dumped(root: Mapping[str, Any], place: int, classes: int) -> Tree:
    rows: list[tuple[int, float, int, int, float]] = []
    counts: list[int] = []
    waiting: list[tuple[Mapping[str, Any], int, bool]] = [(root, -1, False)]
    while waiting:
        node, parent, is_left = waiting.pop()
        here = len(rows)
        if parent >= 0:
            rows[parent] = (*rows[parent][:2], *((here, rows[parent][3]) if is_left else (rows[parent][2], here)), 0.0)
        counts.append(int(node.get("leaf_count", node.get("internal_count", 0))))
        if "split_feature" not in node:
            rows.append((_LEAF, 0.0, 0, 0, float(node["leaf_value"])))
            continue
        if node["decision_type"] != "<=" or node.get("missing_type") == "Zero":
            raise IncompleteError("the trees split on categories or take zero as missing", remedy="encode as one-hot")
        rows.append((int(node["split_feature"]), float(node["threshold"]), 0, 0, 0.0))
        waiting += [(node["right_child"], here, False), (node["left_child"], here, True)]
    feature, threshold, left, right, leaf = (np.array(column) for column in zip(*rows, strict=True))
    value = np.zeros((len(rows), classes))
    value[:, place] = leaf
    left, right = left.astype(np.int64), right.astype(np.int64)
    return Tree(feature.astype(np.int64), threshold.astype(float), left, right, value, np.array(counts, dtype=np.int64))


_FORESTS = frozenset(
    {
        "DecisionTreeClassifier",
        "ExtraTreeClassifier",
        "RandomForestClassifier",
        "ExtraTreesClassifier",
    }
)
_READERS = {
    _FORESTS: _forest,
    frozenset({"GradientBoostingClassifier"}): _boosting,
    frozenset({"HistGradientBoostingClassifier"}): _histograms,
    frozenset({"Booster"}): _booster,
}


def splits(trees: Iterable[Tree]) -> int:
    """Nodes that are no leaves."""
    return sum(int((tree.feature != _LEAF).sum()) for tree in trees)
