"""What attacks climb, per sample, on logits in float32; larger is worse for the model."""

import torch
from torch import Tensor
from torch.nn import functional

_TINY = 1e-12
_THREE = 3


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of the true class, shape (n,)."""
    return functional.cross_entropy(logits, y, reduction="none")


def margin(logits: Tensor, y: Tensor) -> Tensor:
    """Best other logit less the true one, shape (n,); above zero is broken."""
    true = logits.gather(1, y[:, None])[:, 0]
    return _others(logits, y).amax(dim=1) - true


def ahead(logits: Tensor, y: Tensor, target: Tensor) -> Tensor:
    """Logit of a target less the true one, shape (n,)."""
    return logits.gather(1, target[:, None])[:, 0] - logits.gather(1, y[:, None])[:, 0]


def dlr(logits: Tensor, y: Tensor) -> Tensor:
    """Difference of logits ratio, which no scaling of the logits changes, shape (n,).

    With two classes there is no third logit, and the margin itself is the loss: attacks that go by the sign or the
    direction of a gradient do not see its scale.

    Source: Croce and Hein, Reliable evaluation, ICML 2020 (arXiv 2003.01690), equation 6.
    """
    if logits.shape[1] < _THREE:
        return margin(logits, y)
    best = logits.topk(_THREE, dim=1).values
    return margin(logits, y) / (best[:, 0] - best[:, 2] + _TINY)


def dlr_targeted(logits: Tensor, y: Tensor, target: Tensor) -> Tensor:
    """Difference of logits ratio towards a class, shape (n,); with three classes the fourth logit is left out.

    Source: the same, equation 7.
    """
    gain = ahead(logits, y, target)
    if logits.shape[1] < _THREE:
        return gain
    best = logits.topk(min(_THREE + 1, logits.shape[1]), dim=1).values
    below = best[:, 2:].mean(dim=1)
    return gain / (best[:, 0] - below + _TINY)


def _others(logits: Tensor, y: Tensor) -> Tensor:
    return logits.masked_fill(functional.one_hot(y, logits.shape[1]).bool(), -torch.inf)
