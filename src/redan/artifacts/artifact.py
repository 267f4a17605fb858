"""The one shape all artifacts share: a frozen, digested fact about one element, collected once."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Artifact(Protocol):
    """A fact about one element of the system.

    Guarantees: frozen; `digest` changes whenever anything that a check could read through it changes;
    holds no raw rows and no secrets.
    """

    @property
    def element(self) -> str:
        """Element id, such as `dataset:train`."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256, 64 hex digits."""
        ...
