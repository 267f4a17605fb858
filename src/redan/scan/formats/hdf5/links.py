"""Links: what a group leads to.

Source: HDF5 File Format Specification 3.0, sections IV.A.2.g (link), IV.A.2.c (link info), IV.A.2.r (symbol table).
"""

from collections.abc import Iterator
from typing import NamedTuple

from redan.scan.formats.hdf5 import heaps
from redan.scan.formats.hdf5.base import Hdf5Error, Source

_HARD, _SOFT, _EXTERNAL = 0, 1, 64


class Link(NamedTuple):
    """A link: its name, the address of the object or None, and the other file that it names or None."""

    name: str
    target: int | None
    file: str | None


def of_message(source: Source, body: bytes) -> Link:
    """The link of a link message.

    Raises:
        Hdf5Error: it is of a kind that needs a library's plug-in, or broken.
    """
    piece = source.of(body)
    version, flags = piece.number(1), piece.number(1)
    if version != 1 or flags & 0xE0:
        raise Hdf5Error("a link is of an unknown version")
    kind = piece.number(1) if flags & 8 else _HARD
    piece.take((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
    name = piece.take(piece.number(1 << (flags & 3))).decode("utf-8", errors="backslashreplace")
    if kind == _HARD:
        return Link(name, piece.address(), None)
    value = piece.take(piece.number(2))
    if kind == _SOFT:
        return Link(name, None, None)
    if kind == _EXTERNAL:
        return Link(name, None, value[1:].partition(b"\0")[0].decode("utf-8", errors="backslashreplace"))
    raise Hdf5Error("a link is of a kind that needs a plug-in")


def of_symbol_table(source: Source, body: bytes) -> Iterator[Link]:
    """The links of an old group: names in a local heap, entries below a B-tree."""
    piece = source.of(body)
    tree, heap = piece.address(), piece.address()
    for raw in heaps.symbols(source, tree):
        entry = source.of(raw)
        name_at, target, cached = entry.address(), entry.address(), entry.number(4)
        name = heaps.local_text(source, heap, name_at or 0)
        yield Link(name, None if cached == 2 else target, None)  # noqa: PLR2004 -- a soft link


def of_link_info(source: Source, body: bytes) -> Iterator[Link]:
    """The links of a new group with many of them: in a fractal heap, found through a B-tree."""
    piece = source.of(body)
    _version, flags = piece.number(1), piece.number(1)
    piece.take(8 if flags & 1 else 0)
    heap, tree = piece.address(), piece.address()
    if heap is None:
        return
    opened = heaps.fractal_heap(source, heap)
    for record in heaps.records(source, tree):
        yield of_message(source, opened.object(record[4 : 4 + opened.id_length]))
