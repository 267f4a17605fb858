"""Servers that read giants and wait for the slow; and their repaired twins."""

from redan.controls.contract import Vector
from redan.controls.live.planted import SERVED, planted
from redan.terms import Outcome

_NOTE = "Few machines are needed to stop a service that treats all requests alike."
# Seconds in which an honest question is answered also where the machine is busy with other work.
_AGREED = b'\n[controls."AIPS-DOS-01"]\nthreshold = 2.5\n'


def _served(name: str, check: str, outcome: Outcome, *flaws: str) -> Vector:
    files = {"redan.toml": SERVED + _AGREED}
    return Vector(name=name, files=files, check=check, expect=outcome, note=_NOTE, around=planted(*flaws))


def vectors() -> tuple[Vector, ...]:
    """Bad servers and their repaired twins."""
    return (
        _served("giants are read", "AIPS-DOS-01/giant-input-is-refused", Outcome.BROKEN, "giant"),
        _served("giants are refused", "AIPS-DOS-01/giant-input-is-refused", Outcome.HOLDS),
        _served(
            "slow clients are waited for", "AIPS-DOS-01/slow-clients-do-not-block-others", Outcome.BROKEN, "patient"
        ),
        _served("slow clients are ended", "AIPS-DOS-01/slow-clients-do-not-block-others", Outcome.HOLDS),
    )
