"""`redan lock`: not there yet."""

from redan.errors import UsageError


def lock() -> None:
    """Not available yet.

    Raises:
        UsageError: always.
    """
    raise UsageError("this verb is not available yet")


def unlock() -> None:
    """Not available yet.

    Raises:
        UsageError: always.
    """
    raise UsageError("this verb is not available yet")
