"""Passes through a network however it is wrapped: an attacker who averages over draws pays for each of them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from redan.attacks.cost import Cost


@contextmanager
def passes(module: nn.Module) -> Iterator[Callable[[], Cost]]:
    """Counts samples that enter a network while the block runs, in whatever it is wrapped.

    Args:
        module: the innermost network, from inputs to logits.

    Yields:
        What tells the cost so far; a pass that keeps its graph counts as one backward, too.
    """
    began, counts = time.monotonic(), [0, 0]

    def count(_: nn.Module, given: tuple[Any, ...]) -> None:
        counts[0] += len(given[0])
        counts[1] += len(given[0]) * torch.is_grad_enabled()

    handle = module.register_forward_pre_hook(count)
    try:
        yield lambda: Cost(forward=counts[0], backward=counts[1], seconds=time.monotonic() - began)
    finally:
        handle.remove()
