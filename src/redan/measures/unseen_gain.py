"""Importance of inputs to a forest on the rows that each tree was not grown on.

Impurity on the rows a tree was grown on favours inputs of many levels, which memorise; on unseen rows it does not.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def unseen_gain(
    forest: Any,  # noqa: ANN401 -- scikit-learn ships no types
    x: NDArray[np.float32],
    target: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Mean impurity decrease per input, on the rows that each tree was not grown on.

    Source: Li et al., NeurIPS 2019, equation 6 (MDI-oob); its mean is zero for an input without influence.

    Args:
        forest: a fitted scikit-learn forest grown on bootstrap samples.
        x: shape (n, p), what it was fitted on.
        target: shape (n, k), class indicators or the number itself.

    Returns:
        Shape (p,); a tree that saw all rows adds nothing.
    """
    total = np.zeros(x.shape[1])
    for grown, bag in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        unseen = np.ones(len(x), dtype=bool)
        unseen[bag] = False
        if unseen.any():
            total += _tree_gain(grown.tree_, x[unseen], target[unseen])
    return total / len(forest.estimators_)


def _tree_gain(
    tree: Any,  # noqa: ANN401 -- scikit-learn ships no types
    x: NDArray[np.float32],
    target: NDArray[np.float64],
) -> NDArray[np.float64]:
    left, right = tree.children_left, tree.children_right
    leaves = tree.apply(x)
    sums = np.column_stack([np.bincount(leaves, weights=t, minlength=tree.node_count) for t in target.T])
    for nodes in reversed(_levels(left, right)):
        sums[nodes] = sums[left[nodes]] + sums[right[nodes]]
    inner = np.flatnonzero(left >= 0)
    means = tree.value[:, :, 0] if target.shape[1] == 1 else tree.value[:, 0, :]
    weight = np.einsum("ij,ij->i", means, sums)
    gain = weight[left[inner]] + weight[right[inner]] - weight[inner]
    return np.bincount(tree.feature[inner], weights=gain, minlength=x.shape[1]) / len(x)


def _levels(left: NDArray[np.int64], right: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Inner nodes by depth, the root first."""
    found: list[NDArray[np.int64]] = []
    nodes = np.zeros(1, dtype=np.int64)
    while len(nodes := nodes[left[nodes] >= 0]):
        found.append(nodes)
        nodes = np.concatenate([left[nodes], right[nodes]])
    return found
