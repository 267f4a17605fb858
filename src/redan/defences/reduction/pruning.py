"""Pruning: the smallest weights become zero, the weakest units go, trees lose what hardly pays.

Source: Han et al., Learning both Weights and Connections for Efficient Neural Networks (2015), by magnitude over all
layers; Breiman et al., Classification and Regression Trees (1984), by cost and complexity.
"""

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.defences.reduction.perceptron import Array, Layer, Perceptron
from redan.defences.reduction.record import Reduced
from redan.defences.reduction.size import size_of
from redan.errors import InputError


def prune_weights(network: Any, share: float) -> Reduced:  # noqa: ANN401 -- a perceptron, ours or scikit-learn's
    """Sets the smallest weights of all layers together to zero; biases stay.

    Args:
        network: a `Perceptron`, or a trained MLP of scikit-learn.
        share: of the weights that go, in [0, 1).

    Raises:
        InputError: it is no such network, or the share is out of range.
    """
    layers = _layers(network, share)
    sizes = np.concatenate([np.abs(layer.weights).ravel() for layer in layers])
    gone = int(share * len(sizes))
    edge = np.partition(sizes, gone)[gone] if gone < len(sizes) else np.inf
    kept = [Layer(np.where(np.abs(w) < edge, 0.0, w), b.copy()) for w, b in layers]
    return _reduced(network, _with(network, kept), share, units=False)


def prune_units(network: Any, share: float) -> Reduced:  # noqa: ANN401 -- a perceptron, ours or scikit-learn's
    """Takes the weakest units out of each hidden layer, so that memory is saved, too.

    A unit's strength is the length of the weights into it times that of those out of it. One unit at least stays.

    Args:
        network: a `Perceptron`, or a trained MLP of scikit-learn.
        share: of each layer's units that go, in [0, 1).

    Raises:
        InputError: it is no such network, has no hidden layer, or the share is out of range.
    """
    layers = _layers(network, share)
    if len(layers) <= 1:
        raise InputError("the network has no hidden layer to prune")
    for place in range(len(layers) - 1):
        (into, bias), (out, behind) = layers[place], layers[place + 1]
        strength = np.linalg.norm(into, axis=0) * np.linalg.norm(out, axis=1)
        stay = np.sort(np.argsort(strength, kind="stable")[int(share * len(strength)) :])
        layers[place] = Layer(into[:, stay], bias[stay])
        layers[place + 1] = Layer(out[stay], behind)
    return _reduced(network, _with(network, layers), share, units=True)


def prune_tree(
    model: Any,  # noqa: ANN401 -- a tree or a forest of scikit-learn
    x: NDArray[Any],
    y: NDArray[Any],
    *,
    alpha: float | None = None,
    depth: int | None = None,
) -> Reduced:
    """Grows the same tree, or forest, anew, and cuts what hardly pays, or what lies deeper than allowed.

    Args:
        model: trained before on the same rows, with a `random_state`, so that trees are the same but for the cut.
        x: rows that it was trained on.
        y: their labels.
        alpha: what a leaf has to gain at least (cost-complexity pruning).
        depth: of each tree at most.

    Raises:
        InputError: not exactly one of alpha and depth is given, or the model is no tree.
    """
    from sklearn.base import clone

    if (alpha is None) == (depth is None):
        raise InputError("give either alpha or depth")
    known = model.get_params() if hasattr(model, "get_params") else {}
    if "ccp_alpha" not in known or "max_depth" not in known:
        raise InputError("the model is no tree of scikit-learn, nor made of them")
    made = clone(model).set_params(**({"max_depth": depth} if alpha is None else {"ccp_alpha": alpha})).fit(x, y)
    before, after = size_of(model), size_of(made)
    return Reduced(
        model=made,
        way="depth limit" if alpha is None else "cost-complexity pruning",
        settings={"depth": depth} if alpha is None else {"alpha": alpha},
        numbers_before=before.numbers,
        numbers_after=after.numbers,
        bytes_before=before.bytes,
        bytes_after=after.bytes,
    )


def _layers(network: Any, share: float) -> list[Layer]:  # noqa: ANN401 -- as above
    if not 0.0 <= share < 1.0:
        raise InputError(f"a share that goes lies between 0 and 1, not {share}")
    if isinstance(network, Perceptron):
        return list(network.layers)
    if hasattr(network, "coefs_"):
        pairs: list[tuple[Array, Array]] = list(zip(network.coefs_, network.intercepts_, strict=True))
        return [Layer(weights, bias) for weights, bias in pairs]
    raise InputError("only networks are pruned by their weights", remedy="give a Perceptron or a trained MLP")


def _with(network: Any, layers: list[Layer]) -> Any:  # noqa: ANN401 -- as above
    """A network of the same kind with other layers."""
    if isinstance(network, Perceptron):
        return Perceptron(layers=tuple(layers))
    made = copy.deepcopy(network)
    made.coefs_, made.intercepts_ = [one.weights for one in layers], [one.bias for one in layers]
    made.hidden_layer_sizes = tuple(len(one.bias) for one in layers[:-1])
    return made


def _reduced(network: object, made: object, share: float, *, units: bool) -> Reduced:
    before, after = size_of(network), size_of(made)
    return Reduced(
        model=made,
        way="structured pruning" if units else "magnitude pruning",
        settings={"share": share},
        numbers_before=before.numbers,
        numbers_after=after.numbers,
        bytes_before=before.bytes,
        bytes_after=after.bytes,
    )
