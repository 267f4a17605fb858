"""Random numbers by counting: each depends on its sample, step and place alone, not on who else is in the batch.

Source: Widynski, Squares: A Fast Counter-Based RNG, arXiv 2004.06278, algorithm of four rounds.
"""

import hashlib
import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_STREAMS = 64  # kinds of draws in one step
_PLACES = 2**32
_HALF = 0xFFFFFFFF
_BLOCK = 2**14  # numbers that a processor keeps near at hand while it works on them


def keys(x: NDArray[Any], name: str, seed: int) -> NDArray[np.int64]:
    """A key for each sample, by its content: the same wherever it stands in the data, shape (n,).

    Args:
        x: shape (n, ...).
        name: of the attack.
        seed: of the run.
    """
    salt = f"{name}\0{seed}\0".encode()
    rows = (hashlib.sha256(salt + np.ascontiguousarray(row).tobytes()).digest()[:8] for row in x)
    return np.array([int.from_bytes(row, "little", signed=True) | 1 for row in rows], dtype=np.int64)


def derived(key: Tensor, number: Tensor) -> Tensor:
    """A further key for each sample, such as for its third restart, shape (n,).

    Args:
        key: shape (n,).
        number: shape (n,), 0 or more.
    """
    first = _squares(number.to(torch.int64) * 2 + 1, key)
    return (first << 32) ^ _squares(number.to(torch.int64) * 2 + 2, key) | 1


def bits(key: Tensor, step: Tensor, stream: int, size: int) -> Tensor:
    """Whole numbers from 0 to 2**32 - 1, shape (n, size).

    Args:
        key: shape (n,).
        step: shape (n,), of the attack.
        stream: which of the draws of one step it is, from 0, below 64.
        size: how many.
    """
    start = (step.to(torch.int64) * _STREAMS + stream) * _PLACES
    block = max(1, _BLOCK // max(1, len(key))) if key.device.type == "cpu" else size
    parts = [
        _squares(start[:, None] + _places(first, min(first + block, size), key), key[:, None])
        for first in range(0, size, max(1, block))
    ]
    return parts[0] if len(parts) == 1 else torch.cat([start.new_empty((len(key), 0)), *parts], dim=1)


def _places(first: int, end: int, key: Tensor) -> Tensor:
    return torch.arange(first, end, dtype=torch.int64, device=key.device)


def uniform(key: Tensor, step: Tensor, stream: int, size: int) -> Tensor:
    """Numbers inside of 0 and 1, of 23 bits, shape (n, size).

    With a bit more, the largest would be rounded to 1 in float32, and its normal number be infinite.
    """
    return ((bits(key, step, stream, size) >> 9).to(torch.float32) + 0.5) * 2.0**-23


def normal(key: Tensor, step: Tensor, stream: int, size: int) -> Tensor:
    """Standard normal numbers, shape (n, size)."""
    return math.sqrt(2.0) * torch.erfinv(2.0 * uniform(key, step, stream, size) - 1.0)


def below(key: Tensor, step: Tensor, stream: int, bound: Tensor) -> Tensor:
    """A whole number from 0 and below a bound of each sample, shape (n,)."""
    drawn = bits(key, step, stream, 1)[:, 0].to(torch.float64) * 2.0**-32
    return torch.minimum((drawn * bound).to(torch.int64), (bound - 1).to(torch.int64))


def _squares(counter: Tensor, key: Tensor) -> Tensor:
    y = counter * key
    x, z = y.clone(), y + key
    for add in (y, z, y):
        x.mul_(x).add_(add)
        low = (x >> 32).bitwise_and_(_HALF)
        x.bitwise_left_shift_(32).bitwise_or_(low)
    return x.mul_(x).add_(z).bitwise_right_shift_(32).bitwise_and_(_HALF)
