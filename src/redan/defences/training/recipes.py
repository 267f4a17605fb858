"""Recipes of robust training; each gives back a copy of the network and what every epoch came to."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from redan.attacks.threat import Linf, Threat
from redan.defences.training.climb import climb, somewhere
from redan.defences.training.loop import Batch, Course, train
from redan.defences.training.plan import Epoch, Plan, Trained
from redan.errors import InputError

Progress = Callable[[Epoch], None]
BETA = 6.0  # of TRADES: the paper's figure for CIFAR-10
LONG = 1.25  # of the radius: the step of FGSM-RS
_NEAR = 1e-3  # TRADES starts this near to the input, for its loss has no gradient at it


def pgd(
    module: nn.Module,
    x: Any,  # noqa: ANN401 -- an array or a tensor
    y: Any,  # noqa: ANN401
    *,
    threat: Threat,
    plan: Plan | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trained:
    """Adversarial training on the inputs that PGD finds, from a random start.

    Source: Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018 (arXiv 1706.06083),
    section 2; the most robust epoch is kept after Rice et al., Overfitting in adversarially robust deep learning, ICML
    2020 (arXiv 2002.11569).

    Args:
        module: to start from; it stays as it was.
        x: shape (n, ...), inside of the threat's box.
        y: shape (n,), classes from 0.
        threat: linf or l2.
        plan: of training; the default one when None.
        seed: of the split, the order and the starts.
        progress: told of each epoch.

    Raises:
        InputError: rows, labels or threat cannot be trained on.
        IncompleteError: the loss is no number before the first epoch has ended.
    """

    def loss(batch: Batch) -> Tensor:
        start = somewhere(batch.x, batch.eps, threat, batch.rng)
        moved = _worst(batch, threat, start=start, steps=batch.plan.steps, share=batch.plan.share)
        return functional.cross_entropy(batch.module(moved), batch.y)

    return train(Course("pgd", module, _iterative(threat), plan or Plan(), seed, progress), x, y, loss)


def fgsm_rs(
    module: nn.Module,
    x: Any,  # noqa: ANN401 -- an array or a tensor
    y: Any,  # noqa: ANN401
    *,
    threat: Threat,
    step: float = LONG,
    plan: Plan | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trained:
    """Adversarial training on one step of 1.25 radii from a random start: nearly as good as PGD, at two passes a step.

    It can overfit to its own single step from one epoch to the next; after each one PGD is tried on rows that were kept
    out, and when their accuracy has fallen by `plan.drop`, training stops at the weights of the best epoch.

    Source: Wong et al., Fast is better than free, ICLR 2020 (arXiv 2001.03994), algorithm 3 and section 5.

    Args:
        module: to start from; it stays as it was.
        x: shape (n, ...), inside of the threat's box.
        y: shape (n,), classes from 0.
        threat: linf.
        step: length of the one step, as a share of the radius; the paper's 1.25 is short of where overfitting sets in.
        plan: of training; the default one when None.
        seed: of the split, the order and the starts.
        progress: told of each epoch.

    Raises:
        InputError: rows, labels or threat cannot be trained on.
        IncompleteError: the loss is no number before the first epoch has ended.
    """
    if threat.norm != "linf":
        raise InputError(f"FGSM-RS is for linf, not for {threat.norm}", remedy="take PGD or TRADES")
    if not step > 0.0:
        raise InputError(f"a step of {step} radii", remedy="give more than 0")

    def loss(batch: Batch) -> Tensor:
        start = somewhere(batch.x, batch.eps, threat, batch.rng)
        moved = _worst(batch, threat, start=start, steps=1, share=step)
        return functional.cross_entropy(batch.module(moved), batch.y)

    return train(Course("fgsm-rs", module, threat, plan or Plan(), seed, progress), x, y, loss)


def trades(
    module: nn.Module,
    x: Any,  # noqa: ANN401 -- an array or a tensor
    y: Any,  # noqa: ANN401
    *,
    threat: Threat,
    beta: float = BETA,
    plan: Plan | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trained:
    """Cross-entropy of the clean input, and `beta` times how far the worst input's answer is from it.

    Source: Zhang et al., Theoretically Principled Trade-off between Robustness and Accuracy, ICML 2019 (arXiv
    1901.08573), algorithm 1.

    Args:
        module: to start from; it stays as it was.
        x: shape (n, ...), inside of the threat's box.
        y: shape (n,), classes from 0.
        threat: linf or l2.
        beta: weight of robustness against accuracy, 1 / lambda of the paper.
        plan: of training; the default one when None.
        seed: of the split, the order and the starts.
        progress: told of each epoch.

    Raises:
        InputError: rows, labels or threat cannot be trained on.
        IncompleteError: the loss is no number before the first epoch has ended.
    """

    def loss(batch: Batch) -> Tensor:
        moved = _furthest(batch, threat)
        told, answered = batch.module(batch.x), batch.module(moved)
        apart = functional.kl_div(answered.log_softmax(1), told.softmax(1), reduction="batchmean")
        return functional.cross_entropy(told, batch.y) + beta * apart

    return train(Course("trades", module, _iterative(threat), plan or Plan(), seed, progress), x, y, loss)


def gaussian(
    module: nn.Module,
    x: Any,  # noqa: ANN401 -- an array or a tensor
    y: Any,  # noqa: ANN401
    *,
    sigma: float,
    plan: Plan | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trained:
    """Training on Gaussian noise, which a network needs before it is smoothed; the noise may leave the box.

    Source: Cohen et al., Certified Adversarial Robustness via Randomized Smoothing, ICML 2019 (arXiv 1902.02918),
    section 3.3.

    Args:
        module: to start from; it stays as it was.
        x: shape (n, ...).
        y: shape (n,), classes from 0.
        sigma: standard deviation, in the unit of the inputs.
        plan: of training; the default one when None.
        seed: of the split, the order and the noise.
        progress: told of each epoch.

    Raises:
        InputError: rows, labels or sigma cannot be trained on.
        IncompleteError: the loss is no number before the first epoch has ended.
    """
    if not sigma > 0.0:
        raise InputError(f"noise of standard deviation {sigma}", remedy="give more than 0")

    def noisy(batch: Batch) -> Tensor:
        return batch.x + sigma * torch.randn(batch.x.shape, generator=batch.rng).to(batch.x.device)

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(batch.module(noisy(batch)), batch.y)

    course = Course("gaussian", module, Linf(0.0, -torch.inf, torch.inf), plan or Plan(), seed, progress)
    return train(course, x, y, loss, worst=noisy)


def plain(
    module: nn.Module,
    x: Any,  # noqa: ANN401 -- an array or a tensor
    y: Any,  # noqa: ANN401
    *,
    threat: Threat,
    plan: Plan | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trained:
    """Training as usual, by the same loop: what robust training is compared with; its most accurate epoch is kept.

    Args:
        module: to start from; it stays as it was.
        x: shape (n, ...).
        y: shape (n,), classes from 0.
        threat: under which each epoch is measured.
        plan: of training; the default one when None.
        seed: of the split and the order.
        progress: told of each epoch.

    Raises:
        InputError: rows, labels or threat cannot be trained on.
        IncompleteError: the loss is no number before the first epoch has ended.
    """

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(batch.module(batch.x), batch.y)

    course = Course("plain", module, _iterative(threat), plan or Plan(), seed, progress, robust=False)
    return train(course, x, y, loss)


def _iterative(threat: Threat) -> Threat:
    if threat.norm not in {"linf", "l2"}:
        raise InputError(f"there is no training for {threat.norm} here", remedy="give a radius in linf or l2")
    return threat


def _worst(batch: Batch, threat: Threat, *, start: Tensor, steps: int, share: float) -> Tensor:
    def loss(logits: Tensor) -> Tensor:
        return functional.cross_entropy(logits, batch.y, reduction="sum")

    return climb(batch.module, batch.x, batch.eps, threat, start=start, loss=loss, steps=steps, share=share)


def _furthest(batch: Batch, threat: Threat) -> Tensor:
    training = batch.module.training
    batch.module.eval()
    with torch.no_grad():
        told = batch.module(batch.x).softmax(1)
    batch.module.train(training)

    def loss(logits: Tensor) -> Tensor:
        return functional.kl_div(logits.log_softmax(1), told, reduction="sum")

    start = batch.x + _NEAR * torch.randn(batch.x.shape, generator=batch.rng).to(batch.x.device)
    plan = batch.plan
    return climb(batch.module, batch.x, batch.eps, threat, start=start, loss=loss, steps=plan.steps, share=plan.share)
