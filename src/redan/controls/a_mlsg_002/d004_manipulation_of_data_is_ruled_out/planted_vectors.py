"""Floods of copies and outlying rows planted in small tables, and the same tables without them."""

from redan.controls.contract import Vector


def vectors() -> tuple[Vector, ...]:
    """None yet."""
    return ()
