"""Signs that a network shows before it is attacked: no gradient, other answers each time, answers by neighbourhood."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from redan.attacks.evasion.draws import keys, uniform
from redan.attacks.evasion.losses import cross_entropy, dlr
from redan.attacks.evasion.network import Network
from redan.attacks.failure.signs import Sign
from redan.attacks.threat import Threat

LOSSES = {"ce": cross_entropy, "dlr": dlr}
_WORDS = {"ce": "cross-entropy", "dlr": "the difference of logits"}
MOST_ZERO = 0.05
UNSTABLE = 0.1
POINTS = 100
SMALL = 1e-3  # of the box: the side of the neighbourhood in which predictions should hardly change
ASKED = 5
_SAME = 1e-4  # of the largest logit: what rounding may come to


class Probe(NamedTuple):
    """A few samples that the network gets right.

    Args:
        network: under test.
        x: shape (n, ...).
        y: shape (n,).
        threat: the threat model.
        seed: of points.
    """

    network: Network
    x: Tensor
    y: Tensor
    threat: Threat
    seed: int = 0


def unavailable_gradients(probe: Probe, losses: tuple[str, ...] = ("ce", "dlr")) -> Sign:
    """Whether a loss that the attacks climb has no gradient, none that is a number, or one that is zero.

    Sources: arXiv 2106.09947, indicator 1; AutoAttack's warning of zero gradients. One loss that works does not make up
    for another that does not: what hides the gradient of one is seldom there for another reason.

    Args:
        probe: samples.
        losses: which of `ce` and `dlr` the attacks climb.
    """
    name, n = "unavailable-gradients", len(probe.x)
    missing = {_WORDS[loss]: _missing(probe, loss) for loss in losses}
    worst = max(missing.values())
    told = [words for words, share in missing.items() if share == worst]
    text = f"The gradient of {' and '.join(told)} is missing or zero on {worst:.0%} of {n:,} samples."
    return Sign(name=name, fired=worst > MOST_ZERO, message=text, value=worst, threshold=MOST_ZERO, n=n)


def _missing(probe: Probe, loss: str) -> float:
    try:
        return _without(probe, LOSSES[loss])
    except RuntimeError:  # torch: an element does not require grad, or an operation has no derivative
        return 1.0


def _without(probe: Probe, loss: Callable[[Tensor, Tensor], Tensor]) -> float:
    found = probe.network.gradient(probe.x, lambda logits, at: loss(logits, probe.y[at])).gradient.flatten(1)
    bad = ~torch.isfinite(found).all(dim=1) | (found == 0).all(dim=1)
    return float(bad.double().mean())


def unstable_predictions(probe: Probe, points: int = POINTS) -> Sign:
    """Whether the loss jumps between points so near to each other that it should hardly change.

    Source: arXiv 2106.09947, indicator 2: mean relative change of the loss, at most 1 each, over 100 points in a small
    box around each sample.
    """
    x, y = probe.x, probe.y
    side = SMALL * (probe.threat.high - probe.threat.low)
    base = _loss(probe.network.logits(x), y)
    salt = torch.as_tensor(keys(x.cpu().numpy(), "unstable", probe.seed), device=x.device)
    total, each = torch.zeros_like(base), max(1, probe.network.chunk // max(1, len(x)))  # points of one batch
    for start in range(0, points, each):
        places = range(start, min(start + each, points))
        around = torch.cat([_near(x, salt, place, side, probe.threat) for place in places])
        there = _loss(probe.network.logits(around), y.repeat(len(places))).reshape(len(places), -1)
        change = (there - base).abs()
        share = torch.where(change > 0, (change / base.clamp(min=1e-300)).clamp(max=1.0), torch.zeros_like(change))
        total += share.sum(dim=0)
    value = float((total / points).mean())
    text = f"The loss changes by {value:.1%} on average within {SMALL:g} of the box around {len(x):,} samples."
    return Sign(
        name="unstable-predictions", fired=value > UNSTABLE, message=text, value=value, threshold=UNSTABLE, n=len(x)
    )


def _near(x: Tensor, salt: Tensor, place: int, side: float, threat: Threat) -> Tensor:
    step = torch.full((len(x),), place, dtype=torch.int64, device=x.device)
    moved = side * (2 * uniform(salt, step, 0, x[0].numel()).reshape(x.shape) - 1).to(x.dtype)
    return (x + moved).clamp(threat.low, threat.high)


def _loss(logits: Tensor, y: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(logits.double(), y, reduction="none")


def random_answers(probe: Probe, *, averaged: bool = False) -> Sign:
    """Whether the same input gets other answers when it is asked again.

    Source: AutoAttack's warning of randomised defences, over five runs.

    Args:
        probe: samples.
        averaged: whether the attacks averaged over the randomness (EoT), which is what to do about it.
    """
    first = probe.network.logits(probe.x)
    apart = torch.zeros(len(probe.x), device=first.device)
    for _ in range(ASKED - 1):
        apart = torch.maximum(apart, _apart(first, probe.network.logits(probe.x)))
    differ = int((apart > _SAME).sum())
    text = "The same input gets the same answer."
    if differ:
        text = f"Asked {ASKED} times, {differ:,} of {len(first):,} samples get other logits each time."
        text += " The attacks averaged over it." if averaged else " Attack it with the suite rand."
    share = differ / len(first) if len(first) else 0.0
    fired = differ > 0 and not averaged
    return Sign(name="random-answers", fired=fired, message=text, value=share, threshold=0.0, n=len(first))


def probabilities(probe: Probe) -> Sign:
    """Whether the network answers with probabilities, whose gradients vanish, where logits are expected.

    Source: AutoAttack's warning of softmax outputs.
    """
    told = probe.network.logits(probe.x)
    like = bool((told >= 0).all()) and bool(((told.sum(dim=1) - 1).abs() < 1e-4).all())  # noqa: PLR2004
    text = "Answers are probabilities: give the network without its softmax." if like else "Answers are logits."
    return Sign(name="probabilities", fired=like and len(told) > 0, message=text, n=len(told))


def depends_on_others(probe: Probe) -> Sign:
    """Whether an answer depends on who else is in the batch."""
    together = probe.network.logits(probe.x)
    alone = torch.cat([probe.network.logits(one[None]) for one in probe.x[:ASKED]])
    differ = int((_apart(alone, together[: len(alone)]) > _SAME).sum())
    text = "An answer does not depend on the batch."
    if differ:
        text = f"{differ:,} of {len(alone):,} samples get another answer alone than among others."
    value = differ / len(alone) if len(alone) else 0.0
    return Sign(name="batch-dependent", fired=differ > 0, message=text, value=value, threshold=0.0, n=len(alone))


def changes_when_asked(probe: Probe) -> Sign:
    """Whether asking changes the network, or a part of it is in training mode."""
    before = {name: tensor.clone() for name, tensor in probe.network.module.state_dict().items()}
    probe.network.logits(probe.x)
    after = probe.network.module.state_dict()
    changed = [name for name, tensor in before.items() if not torch.equal(tensor, after[name])]
    training = any(part.training for part in probe.network.module.modules())
    text = "The network stays as it is when it is asked."
    if training or changed:
        text = "A part of the network is in training mode." if training else "Asking the network changes it."
    return Sign(name="evaluation-mode", fired=training or bool(changed), message=text, n=len(before))


def optimises(probe: Probe) -> Sign:
    """Whether the network computes gradients while it answers, as defences that optimise at test time do.

    Source: AutoAttack's warning of optimisation at inference; here every operator is watched.
    """
    watcher = _GradientOperators()
    with torch.no_grad(), watcher:
        probe.network.logits(probe.x[: probe.network.chunk])
    text = "The network computes no gradient while it answers."
    if watcher.seen:
        text = f"The network computes gradients while it answers ({watcher.seen:,} operators): attack the whole of it."
    return Sign(
        name="optimises-at-inference", fired=watcher.seen > 0, message=text, value=float(watcher.seen), threshold=0.0
    )


# torch ships this base untyped.
class _GradientOperators(TorchDispatchMode):  # type: ignore[misc]
    """Counts operators that record or run a gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Without it, the first operator loads PyTorch's compiler, which takes longer than all other probes."""
        return False

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        """Counts, and passes on."""
        self.seen += torch.is_grad_enabled() or "backward" in str(func)
        return func(*args, **(kwargs or {}))


def same_gradients(probe: Probe, fast: Network, least: float = 0.99) -> Sign:
    """Whether a fast path (compiled, lower precision) has the gradients of the network itself.

    Args:
        probe: samples, and the network in eager float32.
        fast: the other path.
        least: cosine of the two gradients of a sample.
    """
    slow = probe.network.gradient(probe.x, lambda logits, at: dlr(logits, probe.y[at])).gradient.flatten(1).double()
    quick = fast.gradient(probe.x, lambda logits, at: dlr(logits, probe.y[at])).gradient.flatten(1).double()
    both = (slow * quick).sum(dim=1)
    sizes = slow.norm(dim=1) * quick.norm(dim=1)
    same = (sizes == 0) & (slow.norm(dim=1) == quick.norm(dim=1))
    differ = int(((both < least * sizes) | (sizes == 0)).logical_and(~same).sum())
    text = f"Gradients of the fast path differ on {differ:,} of {len(slow):,} samples."
    value = differ / len(slow) if len(slow) else 0.0
    return Sign(name="fast-gradients-differ", fired=differ > 0, message=text, value=value, threshold=0.0, n=len(slow))


def _apart(one: Tensor, other: Tensor) -> Tensor:
    size = one.abs().amax(dim=1).clamp(min=1.0) if len(one) else one.new_zeros(0)
    gap = (one - other).abs().amax(dim=1) / size
    return torch.where(torch.isfinite(gap), gap, torch.zeros_like(gap))
