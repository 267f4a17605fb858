"""What a probe is: what is sent over which connections, and a judge of what came back."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from redan.probes.reply import Reply
from redan.terms import Outcome

if TYPE_CHECKING:
    from redan.probes.craft import Craft
    from redan.probes.wire import Line


class Shot(NamedTuple):
    """What is sent over one connection.

    Args:
        parts: bytes, and seconds to wait between them.
        methods: of the requests in them; as many answers are waited for.
        half: whether the sending side is closed after the last part.
        known: whether the client's certificate is shown, where it has one.
        linger: seconds that are waited for more answers than requests.
    """

    parts: tuple[bytes | float, ...]
    methods: tuple[bytes, ...] = (b"POST",)
    half: bool = False
    known: bool = True
    linger: float = 0.0


class Came(NamedTuple):
    """What came back over one connection.

    Args:
        replies: in their order.
        ended: whether the other side ended the connection.
        reached: whether there was a connection at all.
        rest: whether there was something that is no answer of HTTP.
        took: seconds from the last byte sent to the first that came.
    """

    replies: tuple[Reply, ...] = ()
    ended: bool = False
    reached: bool = True
    rest: bool = False
    took: float = 0.0

    @property
    def status(self) -> int:
        """Of the first answer; 0 where none came."""
        return self.replies[0].status if self.replies else 0


class Verdict(NamedTuple):
    """What came of it.

    Args:
        outcome: as of `Tried`.
        seen: in plain words.
        wait: seconds after which it may be tried again, where the endpoint had no answer to spare; None else.
    """

    outcome: Outcome
    seen: str
    wait: float | None = None


class Rig(NamedTuple):
    """What a probe works with.

    Args:
        craft: makes requests.
        line: carries them.
    """

    craft: "Craft"
    line: "Line"


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
    make: "Callable[[Craft], tuple[Shot, ...]]", judge: Callable[[tuple[Came, ...]], Verdict]
) -> Callable[[Rig], Verdict]:
    """The act of a probe that sends what does not depend on what comes back.

    Args:
        make: the connections, in order; made when they are sent, as signatures are fresh for a minute.
        judge: of what came back over each.
    """

    def act(rig: Rig) -> Verdict:
        return judge(tuple(rig.line.send(shot) for shot in make(rig.craft)))

    return act
