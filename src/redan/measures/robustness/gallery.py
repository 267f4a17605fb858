"""Small pictures of samples before and after an attack, for a page that the owner of the data asked for."""

import base64
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import InputError
from redan.findings.attack_pictures import MOST_SHOTS, Gallery, Shot
from redan.measures.robustness.arrays import flags

SIDE = 64  # pixels of a thumbnail at most; larger pictures are made smaller
_HEADER = b"\x89PNG\r\n\x1a\n"
_GREY, _COLOUR = 0, 2  # colour types of PNG
_PLANES = (1, 3)


def gallery(
    x: NDArray[Any],
    x_adv: NDArray[Any],
    broken: ArrayLike,
    words: Sequence[str],
    *,
    title: str,
    box: tuple[float, float] = (0.0, 1.0),
    most: int = 6,
) -> Gallery | None:
    """Clean, adversarial and difference pictures of the first broken samples.

    Args:
        x: shape (n, channels, rows, columns) of one or three channels, or (n, rows, columns).
        x_adv: shape of `x`.
        broken: shape (n,), where the judge found the attack successful.
        words: one each, such as `7 is taken for 3`.
        title: of the gallery.
        box: least and largest valid value.
        most: samples shown, 12 at most.

    Returns:
        None when nothing was broken, or inputs are no pictures.

    Raises:
        InputError: shapes differ.
    """
    if x.shape != x_adv.shape or len(words) != len(x):
        raise InputError("pictures, attacked pictures and words differ in number", remedy="give one of each")
    chosen = np.flatnonzero(flags(broken, "broken", len(x)))[: min(most, MOST_SHOTS)]
    before, after = planes(x[chosen]), planes(x_adv[chosen])
    if before is None or after is None or not len(chosen):
        return None
    low, high = box
    moved = after - before
    reach = float(np.abs(moved).max()) or 1.0
    shots = tuple(
        Shot(
            words=words[row],
            clean=data_uri(_bytes((before[i] - low) / (high - low))),
            adversarial=data_uri(_bytes((after[i] - low) / (high - low))),
            difference=data_uri(_bytes(0.5 + moved[i] / reach / 2)),
        )
        for i, row in enumerate(chosen)
    )
    times = (high - low) / reach / 2
    return Gallery(
        title=title, shots=shots, note=f"Differences are drawn {times:.3g} times as strong; grey is no change."
    )


def planes(x: NDArray[Any]) -> NDArray[np.float64] | None:
    """Pictures as (n, rows, columns, channels), made smaller where they are large; None when these are no pictures.

    Args:
        x: shape (n, channels, rows, columns), or (n, rows, columns).
    """
    shaped = x[:, None] if x.ndim == 3 else x  # noqa: PLR2004 -- grey pictures
    if shaped.ndim != 4 or shaped.shape[1] not in _PLANES or min(shaped.shape[2:]) < 1:  # noqa: PLR2004
        return None
    step = max(1, -(-max(shaped.shape[2:]) // SIDE))
    return np.moveaxis(shaped[:, :, ::step, ::step], 1, -1).astype(np.float64)


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """A PNG of 8 bits a channel as a data URI.

    Source: PNG, third edition (W3C 2025), sections 11.2 and 12.

    Args:
        pixels: shape (rows, columns, 1 or 3).
    """
    height, width, channels = pixels.shape
    kind = _GREY if channels == 1 else _COLOUR
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    lines = b"".join(b"\x00" + line.tobytes() for line in np.ascontiguousarray(pixels))
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    packed = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return "data:image/png;base64," + base64.b64encode(_HEADER + packed).decode()


def small(x: NDArray[Any], box: tuple[float, float] = (0.0, 1.0)) -> tuple[str, ...]:
    """Pictures as data URIs of small PNGs; none when these are no pictures.

    Args:
        x: shape (n, channels, rows, columns) of one or three channels, or (n, rows, columns).
        box: least and largest valid value.
    """
    made, (low, high) = planes(x), box
    return () if made is None else tuple(data_uri(_bytes((one - low) / (high - low))) for one in made)


def _bytes(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.round(np.clip(np.nan_to_num(shares), 0.0, 1.0) * 255).astype(np.uint8)
