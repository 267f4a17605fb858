"""DP-SGD of a PyTorch module with Opacus, with a record that tells what ran and not what was meant to.

Opacus computes and clips the gradient of every row and adds the noise; batches are drawn here. So its known traps stay
out: a sampling rate read from the length of a sampler (issue 813), empty batches that are left out (161), a division by
the actual size (420), and layers that mix rows are refused.
"""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from redan.defences.private.plan import Plan, record_of
from redan.errors import InputError, MissingExtraError
from redan.measures.privacy.record import PrivacyRecord

if TYPE_CHECKING:
    from torch import Tensor, nn

_SEEDS = 63  # bits that a generator of PyTorch takes


class TrainedModule(NamedTuple):
    """A module, and the record of how it was trained."""

    module: "nn.Module"
    record: PrivacyRecord


def train_module(
    module: "nn.Module",
    x: "Tensor",
    y: "Tensor",
    plan: Plan,
    *,
    loss: "Callable[[Tensor, Tensor], Tensor] | None" = None,
    rng: np.random.Generator | None = None,
    secure: bool = True,
    on_step: "Callable[[list[Tensor]], None] | None" = None,
) -> TrainedModule:
    """Trains a module in place with differential privacy.

    Args:
        module: only layers that keep rows apart.
        x: rows, first axis.
        y: labels of them.
        plan: how.
        loss: summed over the rows; cross-entropy when left out.
        rng: for tests and audits; left out, seeds come from the operating system and are not kept.
        secure: noise that is drawn against attacks on floating point, several times slower.
        on_step: sees the noisy gradient of every step.

    Raises:
        InputError: a layer mixes rows, or rows and labels do not fit the plan.
        MissingExtraError: Opacus or dp-accounting is not installed.
    """
    try:
        from opacus import GradSampleModule
        from opacus import __version__ as version
        from opacus.optimizers import DPOptimizer
    except ImportError as error:
        raise MissingExtraError("opacus", "opacus") from error
    import torch

    _check(module, x, y, plan)
    draws = torch.Generator().manual_seed(_seed(rng))
    noise = torch.Generator(device=x.device).manual_seed(_seed(rng))
    module.train()
    wrapped = GradSampleModule(module, loss_reduction="sum")
    optimizer = DPOptimizer(
        torch.optim.SGD(wrapped.parameters(), lr=plan.rate, momentum=plan.momentum),
        noise_multiplier=plan.noise_multiplier,
        max_grad_norm=plan.clipping_norm,
        expected_batch_size=plan.batch_size,
        loss_reduction="mean",
        generator=noise,
        secure_mode=secure,
    )
    if on_step is not None:
        optimizer.attach_step_hook(lambda one: on_step([p.grad.detach().clone() for p in one.params]))
    of = loss or torch.nn.CrossEntropyLoss(reduction="sum")
    for _ in range(plan.steps):
        drawn = (torch.rand(len(x), generator=draws) < plan.batch_size / len(x)).nonzero().squeeze(1).to(x.device)
        _step(wrapped, optimizer, of, x[drawn], y[drawn])
    wrapped.remove_hooks()
    module.eval()
    return TrainedModule(module, record_of(plan, len(x), tool=f"opacus {version}", seeded=rng is not None))


def _step(wrapped: Any, optimizer: Any, loss: Any, x: "Tensor", y: "Tensor") -> None:  # noqa: ANN401 -- untyped package
    optimizer.zero_grad()
    if len(x):
        loss(wrapped(x), y).backward()
    else:  # noise alone; layers need not bear a batch without rows
        for parameter in optimizer.params:
            parameter.grad_sample = parameter.new_zeros((0, *parameter.shape))
    optimizer.step()


def _check(module: "nn.Module", x: "Tensor", y: "Tensor", plan: Plan) -> None:
    from opacus.validators import ModuleValidator

    faults = ModuleValidator.validate(module.train(), strict=False)
    if faults:
        raise InputError(
            f"the module cannot be trained privately: {str(faults[0]).splitlines()[0]}",
            remedy="replace batch normalisation by group normalisation",
        )
    if len(x) != len(y) or not len(x):
        raise InputError("there is one label for each row")
    plan.check(len(x))


def _seed(rng: np.random.Generator | None) -> int:
    return secrets.randbits(_SEEDS) if rng is None else int(rng.integers(2**_SEEDS - 1))
