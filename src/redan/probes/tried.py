"""What came of a probe: one record for each thing that was tried."""

from collections.abc import Callable
from typing import NamedTuple

from redan.terms import Outcome


class Tried(NamedTuple):
    """One thing that must be refused, and what happened.

    Args:
        name: of the probe, such as `altered-body`.
        incident: that it stands for, `R1` to `R26` of the notes on inference servers; the empty string for none.
        outcome: `holds`, `broken`, `not-run`, `error`, or `not-applicable` where the question does not arise.
        seen: what was seen, in plain words; no credential, no body and no time is in it.
        tries: what was sent, in plain words.
        checks: ids of the checks that it answers, `CONTROL-ID/check-name`.
        remedy: what to do where it is broken.
    """

    name: str
    incident: str
    outcome: Outcome
    seen: str
    tries: str
    checks: tuple[str, ...]
    remedy: str


class Cost(NamedTuple):
    """What a probe took.

    Args:
        requests: sent, whole or not.
        connections: opened.
        sent: bytes.
        seconds: of the clock.
    """

    requests: int = 0
    connections: int = 0
    sent: int = 0
    seconds: float = 0.0


class Probed(NamedTuple):
    """All that came of it.

    Args:
        tried: in the order of the plan.
        cost: what it took.
    """

    tried: tuple[Tried, ...]
    cost: Cost


Progress = Callable[[int, int, str], None]
