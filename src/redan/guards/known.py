"""Credentials that were verified, remembered by the SHA-256 of all of their bytes (research: R21)."""

from typing import NamedTuple

from redan.exchange.flow import Identity


class Known(NamedTuple):
    """A credential that was verified.

    Args:
        identity: whose it is.
        until: seconds since the epoch at which it ceases to hold.
        bound: SHA-256 of the certificate that it is of, or may only be used with, in base64url; empty for none.
        since: seconds since the epoch from which it holds.
    """

    identity: Identity
    until: float
    bound: str = ""
    since: float = float("-inf")


class Memory:
    """Verified credentials by the SHA-256 of all of their bytes; bounded.

    Args:
        most: that are held; the older half makes place.
    """

    __slots__ = ("_held", "_most")

    def __init__(self, most: int) -> None:
        self._held: dict[bytes, Known] = {}
        self._most = most

    def get(self, digest: bytes, now: float) -> Known | None:
        """What was verified; None when it was not, or does not hold any more."""
        found = self._held.get(digest)
        if found is not None and not found.since <= now < found.until:
            del self._held[digest]
            return None
        return found

    def put(self, digest: bytes, known: Known) -> None:
        """Remembers what was verified."""
        if len(self._held) >= self._most:
            for old in list(self._held)[: self._most // 2 + 1]:
                del self._held[old]
        self._held[digest] = known

    def __len__(self) -> int:
        return len(self._held)
