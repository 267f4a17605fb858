"""How far an attack is, on one line of a terminal that is written over."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redan.attacks.progress import Progress


def teller(unit: str = "") -> "Callable[[Progress], None] | None":
    """Writes how far an attack is; None where nobody looks, for a log needs no such lines.

    Args:
        unit: what is counted, such as `questions`.
    """
    return (lambda at: _tell(at, unit)) if sys.stderr.isatty() else None


def _tell(at: "Progress", unit: str) -> None:
    line = f"{at.attack}: {at.ended:,} of {at.of:,} {unit}".rstrip()
    sys.stderr.write(f"\r{line}\x1b[K{'' if at.ended < at.of else chr(10)}")
    sys.stderr.flush()
