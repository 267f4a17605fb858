"""White-box attacks as a notebook calls them: arrays or tensors in, a result of arrays out."""

from torch import nn

from redan.attacks.evasion.apgd import Apgd, Loss
from redan.attacks.evasion.assault import Plan, Samples, assault
from redan.attacks.evasion.fab import Fab
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pgd import Pgd
from redan.attacks.evasion.pgd import fgsm as single_step
from redan.attacks.result import Result
from redan.attacks.threat import Threat

_TARGETS = 9


def fgsm(model: nn.Module | Network, x: Samples, y: Samples, *, threat: Threat, seed: int = 0) -> Result:
    """One step of the whole radius along the gradient.

    Source: Goodfellow et al., Explaining and Harnessing Adversarial Examples, ICLR 2015.

    Args:
        model: a module in evaluation mode, from inputs to logits, or a network.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes.
        threat: linf or l2.
        seed: of the draws.

    Raises:
        InputError: model, inputs or labels are not fit to be attacked.
    """
    return assault(model, Plan(attack=single_step()), x, y, threat, seed=seed)


def pgd(
    model: nn.Module | Network,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    seed: int = 0,
    steps: int = 40,
    share: float = 0.1,
    restarts: int = 1,
    slots: int | None = None,
) -> Result:
    """Projected gradient descent from random starts.

    Source: Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018.

    Args:
        model: a module in evaluation mode, from inputs to logits, or a network.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes.
        threat: linf or l2.
        seed: of the draws.
        steps: of each run.
        share: length of a step, as a share of the radius.
        restarts: runs, each only on samples that the ones before did not break.
        slots: samples in flight; no result depends on it.

    Raises:
        InputError: model, inputs or labels are not fit to be attacked.
    """
    plan = Plan(attack=Pgd(steps=steps, share=share), restarts=restarts)
    return assault(model, plan, x, y, threat, seed=seed, slots=slots)


def apgd(
    model: nn.Module | Network,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    seed: int = 0,
    loss: Loss = "ce",
    steps: int = 100,
    restarts: int = 1,
    targets: int = _TARGETS,
    eot: int = 1,
    slots: int | None = None,
) -> Result:
    """Auto-PGD; for l1 with the three radii that AutoAttack goes through.

    Source: Croce and Hein, ICML 2020 (arXiv 2003.01690), and for l1 ICML 2021 (arXiv 2103.01208).

    Args:
        model: a module in evaluation mode, from inputs to logits, or a network.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes.
        threat: linf, l2 or l1.
        seed: of the draws.
        loss: cross-entropy, difference of logits ratio, or that towards one class after the other.
        steps: of each run.
        restarts: runs, each only on samples that the ones before did not break.
        targets: classes gone for, where the loss has one.
        eot: passes that each step averages, for models that draw random numbers.
        slots: samples in flight; no result depends on it.

    Raises:
        InputError: model, inputs or labels are not fit to be attacked.
    """
    attack = Apgd(loss=loss, steps=steps, eot=eot, widened=threat.norm == "l1")
    plan = Plan(attack=attack, restarts=restarts, targets=targets if loss == "dlr-targeted" else 0)
    return assault(model, plan, x, y, threat, seed=seed, slots=slots)


def fab(
    model: nn.Module | Network,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    seed: int = 0,
    steps: int = 100,
    targets: int = _TARGETS,
    restarts: int = 1,
    slots: int | None = None,
) -> Result:
    """FAB, which walks along the boundary until a point of it is in the ball.

    Source: Croce and Hein, ICML 2020 (arXiv 1907.02044).

    Args:
        model: a module in evaluation mode, from inputs to logits, or a network.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes.
        threat: linf, l2 or l1.
        seed: of the draws.
        steps: moves of each run.
        targets: classes gone for; 0 for the nearest boundary of all, at one backward pass per class and move.
        restarts: runs for each.
        slots: samples in flight; no result depends on it.

    Raises:
        InputError: model, inputs or labels are not fit to be attacked.
    """
    attack = Fab(targeted=targets > 0, steps=steps, restarts=restarts)
    return assault(model, Plan(attack=attack, targets=targets, restarts=restarts), x, y, threat, seed=seed, slots=slots)
