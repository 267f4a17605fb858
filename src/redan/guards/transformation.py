"""What input goes through before the model, so that small changes of it are lost on the way.

The attacker is assumed to know it; how much it then helps is measured offline (AIPS-EVA-02).

Source: Xu et al., Feature Squeezing, NDSS 2018 (arXiv 1704.01155), section II; the same as
`redan.defences.transformations`, without its framework.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

import numpy as np

from redan.errors import ConfigError
from redan.exchange.tensors import Array

Change: TypeAlias = Callable[[Array], Array]
_BITS: Final = 16
_PICTURE: Final = 4  # sample, channel, row, column
_WIDTH: Final = 5
_LEAST: Final = 3


def change_of(text: str, shape: tuple[int, ...], where: str) -> Change:
    """The transformation of a word and a number.

    Args:
        text: `bit-depth:BITS`, `median:SIZE` or `gaussian:SIGMA`.
        shape: of the input that it is for, -1 for a length that is free.
        where: for the error.

    Returns:
        From inputs to inputs of the same shape and type.

    Raises:
        ConfigError: it is none of these, its number is none of it, or the input is no picture and has to be.
    """
    word, _, number = text.partition(":")
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if word == "bit-depth" and value in range(1, _BITS + 1):
        return partial(_bit_depth, levels=np.float32(2 ** int(value) - 1))
    if word == "median" and value >= _LEAST and value % 2 == 1:
        _picture(shape, int(value), where)
        return partial(_median, size=int(value))
    if word == "gaussian" and 0 < value < float("inf"):
        _picture(shape, _WIDTH, where)
        places = np.arange(_WIDTH) - _WIDTH // 2
        line = np.exp(-0.5 * (places / value) ** 2)
        return partial(_gaussian, line=(line / line.sum()).astype(np.float32))
    raise ConfigError(
        f"the gateway does not do '{text}'",
        where=where,
        remedy="use bit-depth:1 to bit-depth:16, median:3 or another odd size, or gaussian:SIGMA; or take it out and "
        "do it in the model's own graph",
    )


def _picture(shape: tuple[int, ...], size: int, where: str) -> None:
    small = len(shape) == _PICTURE and any(0 <= n <= size // 2 for n in shape[2:])
    if len(shape) != _PICTURE or small:
        raise ConfigError(
            f"a square of {size} pixels needs pictures", where=where, remedy="use bit-depth, or leave it out"
        )


def _bit_depth(x: Array, *, levels: np.float32) -> Array:
    return np.asarray(np.rint(np.clip(x, 0, 1) * levels) / levels).astype(x.dtype, copy=False)


def _median(x: Array, *, size: int) -> Array:
    around = np.lib.stride_tricks.sliding_window_view(_padded(x, size), (size, size), axis=(2, 3))
    return np.asarray(np.median(around, axis=(4, 5))).astype(x.dtype, copy=False)


def _gaussian(x: Array, *, line: Array) -> Array:
    windows = np.lib.stride_tricks.sliding_window_view
    rows = windows(_padded(x, len(line)), len(line), axis=2) @ line
    return np.asarray(windows(rows, len(line), axis=3) @ line).astype(x.dtype, copy=False)


def _padded(x: Array, size: int) -> Array:
    half = size // 2
    return np.pad(x, ((0, 0), (0, 0), (half, half), (half, half)), mode="reflect")
