"""`redan scan`: not there yet."""

from redan.errors import UsageError


def scan() -> None:
    """Not available yet.

    Raises:
        UsageError: always.
    """
    raise UsageError("this verb is not available yet")
