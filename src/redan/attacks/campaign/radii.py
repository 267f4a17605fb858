"""The radius of a threat model and further ones, for a curve."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.parts import together
from redan.attacks.campaign.tried import Tried
from redan.attacks.threat import Threat
from redan.measures.robustness import Curve, curve


def radii_of(threat: Threat, further: Sequence[float]) -> tuple[float | tuple[float, ...], ...]:
    """The threat model's own radius, then the others; its own alone where samples have one each."""
    own = threat.eps
    if isinstance(own, tuple):
        return (own,)
    return (own, *dict.fromkeys(radius for radius in further if radius not in (own, 0.0)))


def at_radii(tried: Sequence[Tried], radii: int) -> tuple[Tried, ...]:
    """Parts as one for each radius."""
    each = len(tried) // radii
    return tuple(together(tried[start : start + each]) for start in range(0, len(tried), each))


def curve_over(radii: Sequence[float | tuple[float, ...]], tried: Sequence[Tried]) -> Curve | None:
    """From no attack to the largest radius; None where there is one radius.

    Args:
        radii: as `radii_of` has them.
        tried: one for each.
    """
    return curve_of(radii, tried[0].clean, [one.broken for one in tried])


def curve_of(
    radii: Sequence[float | tuple[float, ...]], clean: NDArray[np.bool_], fell: Sequence[NDArray[np.bool_]]
) -> Curve | None:
    """The same from what fell.

    Args:
        radii: as `radii_of` has them.
        clean: shape (n,), what the model has right without an attack.
        fell: shape (n,) for each radius.
    """
    whole = [radius for radius in radii if not isinstance(radius, tuple)]
    if len(whole) < 2:  # noqa: PLR2004 -- a curve needs two
        return None
    return curve((0.0, *whole), clean, [np.zeros(len(clean), dtype=np.bool_), *fell])
