"""What became of a sealed table: which rows changed, were added, removed or moved, by number and column, never by value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A sealed table and the table as it is now.

    Args:
        same_bytes: whether the file is the sealed one, byte for byte.
        same_content: whether columns, rows and their order are the sealed ones; None when it was not asked.
    """

    same_bytes: bool
    same_content: bool | None

    @property
    def summary(self) -> str:
        """What happened, in one sentence of counts, row numbers and column names."""
        return ""

    def check(self) -> None:
        """Accepts the sealed bytes, or raises InvalidError with `summary`."""
