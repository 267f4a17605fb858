"""Transformations by the words of a description, such as `bit-depth:4`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from redan.defences.transformations.base import Transformation
from redan.defences.transformations.filters import BitDepth, Gaussian, Median
from redan.defences.transformations.jpeg import Jpeg
from redan.defences.transformations.randomised import Noise, Shift
from redan.errors import InputError

_MADE: Mapping[str, Callable[[float], Transformation]] = MappingProxyType(
    {
        "bit-depth": lambda value: BitDepth(_whole(value)),
        "median": lambda value: Median(_whole(value)),
        "gaussian": Gaussian,
        "jpeg": lambda value: Jpeg(_whole(value)),
        "noise": Noise,
        "shift": lambda value: Shift(_whole(value)),
    }
)


def named(text: str) -> Transformation:
    """The transformation of a word and a number.

    Args:
        text: `bit-depth:BITS`, `median:SIZE`, `gaussian:SIGMA`, `jpeg:QUALITY`, `noise:SIGMA` or `shift:PIXELS`.

    Raises:
        InputError: there is no such transformation, or the number is none of it.
    """
    word, _, number = text.partition(":")
    if word not in _MADE:
        raise InputError(f"there is no transformation {word!r}", remedy=f"use one of {', '.join(_MADE)}")
    try:
        value = float(number)
    except ValueError:
        raise InputError(f"{number!r} is no number", where=text, remedy="write one after the colon") from None
    return _MADE[word](value)


def _whole(value: float) -> int:
    if value != round(value):
        raise InputError(f"{value:g} is no whole number", remedy="give one")
    return int(value)
