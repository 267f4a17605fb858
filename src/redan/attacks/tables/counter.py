"""Random numbers by counting, as in `redan.attacks.evasion.draws`, where PyTorch is not installed.

Source: Widynski, Squares: A Fast Counter-Based RNG, arXiv 2004.06278, algorithm of four rounds.
"""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

_STREAMS = 64
_PLACES = 2**32
_HALF = np.uint64(32)


def keys(x: NDArray[Any], name: str, seed: int) -> NDArray[np.uint64]:
    """A key for each row, by its content, shape (n,).

    Args:
        x: shape (n, columns).
        name: of the attack.
        seed: of the run.
    """
    salt = f"{name}\0{seed}\0".encode()
    rows = (hashlib.sha256(salt + np.ascontiguousarray(row).tobytes()).digest()[:8] for row in x)
    return np.array([int.from_bytes(row, "little") | 1 for row in rows], dtype=np.uint64)


def uniform(key: NDArray[np.uint64], step: int, stream: int, size: int) -> NDArray[np.float64]:
    """Numbers inside of 0 and 1, of 24 bits, shape (n, size).

    Args:
        key: shape (n,).
        step: of the attack.
        stream: which of the draws of one step it is, from 0, below 64.
        size: how many.
    """
    start = np.uint64((step * _STREAMS + stream) * _PLACES % 2**64)
    with np.errstate(over="ignore"):
        drawn = _squares(start + np.arange(size, dtype=np.uint64), key[:, None])
    return np.asarray(((drawn >> np.uint64(8)).astype(np.float64) + 0.5) * 2.0**-24)


def _squares(counter: NDArray[np.uint64], key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = counter * key
    y, z = x, x + key
    for add in (y, z, y):
        x = x * x + add
        x = (x >> _HALF) | (x << _HALF)
    return np.asarray((x * x + z) >> _HALF)
