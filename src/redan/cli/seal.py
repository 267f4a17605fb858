"""`redan seal`: not there yet."""

from redan.errors import UsageError


def seal() -> None:
    """Not available yet.

    Raises:
        UsageError: always.
    """
    raise UsageError("this verb is not available yet")
