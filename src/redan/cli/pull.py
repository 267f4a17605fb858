"""`redan pull`: not there yet."""

from redan.errors import UsageError


def pull() -> None:
    """Not available yet.

    Raises:
        UsageError: always.
    """
    raise UsageError("this verb is not available yet")
