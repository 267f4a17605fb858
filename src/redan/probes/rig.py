"""What a probe is: what it works with, what it sends, and a judge of what came back."""

from collections.abc import Callable
from typing import NamedTuple

from redan.probes.contract import Came, Shot, Verdict
from redan.probes.craft import Craft
from redan.probes.wire import Line


class Rig(NamedTuple):
    """What a probe works with.

    Args:
        craft: makes requests.
        line: carries them.
    """

    craft: Craft
    line: Line


class Probe(NamedTuple):
    """One thing that must be refused.

    Args:
        name: of it.
        incident: that it stands for; the empty string for none.
        checks: that it answers.
        tries: what is sent, in plain words.
        remedy: what to do where it is not refused.
        act: sends it and judges what came back.
        signed: whether it says something only where the same request, signed and unaltered, is answered.
        costly: whether it spends the client's limits, so that it comes after all others.
    """

    name: str
    incident: str
    checks: tuple[str, ...]
    tries: str
    remedy: str
    act: Callable[[Rig], Verdict]
    signed: bool = False
    costly: bool = False


def static(
    make: Callable[[Craft], tuple[Shot, ...]], judge: Callable[[tuple[Came, ...]], Verdict]
) -> Callable[[Rig], Verdict]:
    """The act of a probe that sends what does not depend on what comes back.

    Args:
        make: the connections, in order; made when they are sent, as signatures are fresh for a minute.
        judge: of what came back over each.
    """

    def act(rig: Rig) -> Verdict:
        return judge(tuple(rig.line.send(shot) for shot in make(rig.craft)))

    return act
