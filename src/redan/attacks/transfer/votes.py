"""Votes of several networks as one module: what they decide, and faces of it that an attacker can climb.

A majority has no gradient. Each face is a smooth function of the members' logits that shows the vote's own decision:
its largest logit is where the vote decides, whatever the face alone would say. An attack on a face is therefore one on
the vote, and stops exactly when the vote errs.

Sources: Liu et al., Delving into Transferable Adversarial Examples, ICLR 2017 (arXiv 1611.02770), section 5, for the
mean of probabilities; Dong et al., CVPR 2018 (arXiv 1710.06081), section 3.3, for the mean of logits; He et al.,
Ensembles of Weak Defenses are not Strong, WOOT 2017 (arXiv 1706.04701), for attacks on all members at once.
"""

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from redan.attacks.evasion.network import Network
from redan.errors import InputError

Rule: TypeAlias = Literal["majority", "probabilities"]
Face: TypeAlias = Literal["probabilities", "logits", "order"]
FACES: tuple[tuple[Rule, tuple[Face, ...]], ...] = (
    ("majority", ("order", "probabilities", "logits")),
    ("probabilities", ("probabilities", "order", "logits")),
)
_FEWEST = 2


class Asked(nn.Module):  # type: ignore[misc]
    """A network with its preprocessing, as a module."""

    def __init__(self, network: Network) -> None:
        """Takes over what it asks."""
        super().__init__()
        self.module, self.preprocess = network.module, network.preprocess
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """Logits, shape (n, classes)."""
        told: Tensor = self.module(x if self.preprocess is None else self.preprocess(x))
        return told


class Vote(nn.Module):  # type: ignore[misc]
    """Several networks that answer as one."""

    def __init__(self, members: Sequence[nn.Module | Network], rule: Rule, face: Face) -> None:
        """Checks that there is something to vote.

        Args:
            members: from inputs to logits, shape (n, classes), of the same classes.
            rule: how they decide. `majority`: the class that most members answer, ties by mean probability;
                `probabilities`: the class of the largest mean probability.
            face: what an attacker climbs: the logarithm of the mean probability; the mean of logits; or `order`, in
                which a class stands as high as the member in the middle puts it above all others, the least that has
                to be won for a majority.

        Raises:
            InputError: there are fewer than two members, or no such rule or face.
        """
        super().__init__()
        if len(members) < _FEWEST:
            raise InputError("a vote of fewer than two members", remedy="give two networks or more")
        if rule not in dict(FACES) or face not in dict(FACES)["majority"]:
            raise InputError(f"there is no vote by {rule!r} with the face {face!r}", remedy="see Vote")
        self.members = nn.ModuleList([Asked(one) if isinstance(one, Network) else one for one in members])
        self.rule, self.face = rule, face
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """The face's logits, shape (n, classes), largest where the vote decides."""
        told = [member(x).float() for member in self.members]
        widths = {part.shape[-1] for part in told}
        if len(widths) > 1:
            raise InputError(f"members answer with {sorted(widths)} classes", remedy="let models of one task vote")
        each = torch.stack(told, dim=1)
        return _showing(_climbed(each, self.face), decided(each.detach(), self.rule))


def decided(each: Tensor, rule: Rule) -> Tensor:
    """The class that a vote decides for, shape (n,).

    Args:
        each: logits of members, shape (n, members, classes).
        rule: how they decide.
    """
    mean = each.double().softmax(dim=2).mean(dim=1)
    if rule == "probabilities":
        return mean.argmax(dim=1)
    counts = functional.one_hot(each.argmax(dim=2), each.shape[2]).sum(dim=1)
    return (counts + 0.5 * mean).argmax(dim=1)


def _climbed(each: Tensor, face: Face) -> Tensor:
    if face == "logits":
        return each.mean(dim=1)
    if face == "probabilities":
        return each.log_softmax(dim=2).logsumexp(dim=1) - math.log(each.shape[1])
    best = each.topk(2, dim=2)
    first, second = best.values[..., :1], best.values[..., 1:]
    here = functional.one_hot(best.indices[..., 0], each.shape[2]).bool()
    ahead = each - torch.where(here, second, first)
    most = each.shape[1] // 2 + 1
    return ahead.topk(most, dim=1).values[:, -1]


def _showing(logits: Tensor, decision: Tensor) -> Tensor:
    """Raises the logit of the decision where another one is larger, by a constant that no gradient sees."""
    own = logits.gather(1, decision[:, None])
    gap = (logits.amax(dim=1, keepdim=True) - own).detach()
    lift = torch.where(
        logits.argmax(dim=1, keepdim=True) == decision[:, None], 0.0, gap + 1e-4 * (1.0 + own.detach().abs())
    )
    return logits.scatter_add(1, decision[:, None], lift)
