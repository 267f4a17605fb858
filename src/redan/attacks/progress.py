"""How far an attack is, for those who wait."""

from typing import NamedTuple


class Progress(NamedTuple):
    """How far an evaluation is.

    Args:
        attack: that runs, or `parts`.
        ended: samples, or parts, that it is through with.
        of: samples, or parts, that it is to try.
    """

    attack: str
    ended: int
    of: int
