"""Finds whose names no report could show: they are counted, and never written into a description."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from redan.errors import steering
from redan.system.discover.found import Found

T = TypeVar("T")


def showable(found: Found) -> Found:
    """The finds without those that hold a control character in a name; a note says how many were left out.

    Args:
        found: what discovery found, from files that anybody may have named.
    """
    kept = replace(
        found,
        tables=_plain(found.tables),
        models=_plain(found.models),
        scripts=_plain(found.scripts),
        serving=_plain(found.serving),
        pins={name: pin for name, pin in found.pins.items() if not _steers((name, pin))},
        runs=_plain(found.runs),
    )
    lost = _count(found) - _count(kept)
    note = f"{lost:,} finds with control characters in their names"
    return replace(kept, notes=(*found.notes, note)) if lost else kept


def _count(found: Found) -> int:
    groups = (found.tables, found.models, found.scripts, found.serving, found.pins, found.runs)
    return sum(len(group) for group in groups)


def _plain(items: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(item for item in items if not _steers(item))


def _steers(value: object) -> bool:
    if isinstance(value, str):
        return steering(value) is not None
    if isinstance(value, Mapping):
        return any(map(_steers, (*value, *value.values())))
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return any(map(_steers, value))
    if is_dataclass(value):
        return any(_steers(getattr(value, part.name)) for part in fields(value))
    return False
