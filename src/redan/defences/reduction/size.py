"""How many numbers a model holds, and the memory they take."""

from typing import Any, NamedTuple

import numpy as np

from redan.defences.reduction.perceptron import Perceptron

_NODE = 64  # bytes of a node of scikit-learn's trees, its place among the values not counted


class Size(NamedTuple):
    """Of a model.

    Args:
        numbers: weights that are not zero, or nodes of trees; 0 where it is of a kind that is not known.
        bytes: of all of them.
    """

    numbers: int
    bytes: int


def size_of(model: Any) -> Size:  # noqa: ANN401 -- of many kinds
    """The size of a perceptron, a network or a linear model of scikit-learn, or trees."""
    if isinstance(model, Perceptron):
        return _arrays([part for layer in model.layers for part in layer])
    if hasattr(model, "coefs_"):
        return _arrays([*model.coefs_, *model.intercepts_])
    if hasattr(model, "coef_"):
        return _arrays([np.asarray(model.coef_), np.asarray(model.intercept_)])
    trees = [tree.tree_ for tree in np.ravel(getattr(model, "estimators_", [model])) if hasattr(tree, "tree_")]
    values = sum(int(tree.value.nbytes) for tree in trees)
    nodes = sum(int(tree.node_count) for tree in trees)
    return Size(nodes, nodes * _NODE + values)


def _arrays(parts: list[Any]) -> Size:
    return Size(sum(int(np.count_nonzero(part)) for part in parts), sum(int(part.nbytes) for part in parts))
