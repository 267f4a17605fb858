"""What the abstract machine keeps instead of objects: enough to tell names, arguments and states apart."""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TypeAlias


class Standing(StrEnum):
    """What may be done with an imported name."""

    CLASS = "class"
    CALL = "call"
    VALUE = "value"
    UNKNOWN = "unknown"
    DANGEROUS = "dangerous"


class Opaque(Enum):
    """Values of which only the kind is known."""

    UNKNOWN = "unknown"
    MARK = "mark"
    LONG_TEXT = "long text"
    NUMBER = "number"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Name:
    """An imported name; what it is called in Python 3, and what may be done with it.

    Args:
        module: of Python 3.
        name: of Python 3.
        standing: what may be done with it.
        guarded: safe where the stream itself calls it, since the arguments are looked at then, and nowhere else.
    """

    module: str
    name: str
    standing: Standing
    guarded: bool = False

    @property
    def path(self) -> str:
        """Module and name, joined by a dot."""
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that stay in the file: where they start in the region, and how many."""

    offset: int
    size: int


class Bag:
    """A tuple, list, set or dict; of a long one only the beginning is kept.

    Args:
        kind: `tuple`, `list`, `set` or `dict`; a dict's keys and values take turns.
        items: the beginning.
        whole: whether that is all.
    """

    __slots__ = ("items", "kind", "whole")
    KEPT = 1 << 16

    def __init__(self, kind: str, items: "list[Value]", whole: bool = True) -> None:
        self.kind = kind
        self.items = items
        self.whole = whole

    def extend(self, items: "list[Value]") -> None:
        """Adds items, as far as there is room."""
        room = self.KEPT - len(self.items)
        if len(items) > room:
            items, self.whole = items[: max(room, 0)], False
        self.items.extend(items)

    def table(self) -> "dict[str, Value]":
        """The entries of a dict whose keys are text."""
        pairs = zip(self.items[::2], self.items[1::2], strict=False)
        return {key: value for key, value in pairs if isinstance(key, str)}


class Made:
    """What a call gave.

    Args:
        func: what was called, or the class of the new object.
        args: with which arguments.
    """

    __slots__ = ("args", "func", "state")

    def __init__(self, func: "Value", args: "Value") -> None:
        self.func = func
        self.args = args
        self.state: Value = None

    def of(self, *paths: str) -> bool:
        """Whether it is an object of one of these classes, or a result of one of these functions."""
        return isinstance(self.func, Name) and self.func.path in paths


Value: TypeAlias = bool | int | float | str | Blob | Bag | Name | Made | Opaque | None
