"""`redan publish`: not there yet."""

from redan.errors import UsageError


def publish() -> None:
    """Not available yet.

    Raises:
        UsageError: always.
    """
    raise UsageError("this verb is not available yet")
