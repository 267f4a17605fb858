"""What is sent over one connection, what came back, and what it came to."""

from typing import NamedTuple

from redan.probes.reply import Reply
from redan.terms import Outcome


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
