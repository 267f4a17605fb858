"""Heaps and trees: where names, links, attributes and texts of variable length lie.

Source: HDF5 File Format Specification 3.0, sections III.A (B-trees), III.D (local heap), III.E (global heap),
III.G (fractal heap). Sizes of fields in version 2 B-trees as `H5B2hdr.c` computes them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from redan.scan.formats.hdf5.base import Hdf5Error, Source

_DEEPEST = 32
_MOST_NODES = 200_000
_BLOCK_LIMIT = 64 << 20


def local_text(source: Source, address: int | None, offset: int) -> str:
    """A name in a local heap, up to its NUL."""
    head = source.piece(address, 8 + 2 * source.lengths + source.offsets, b"HEAP")
    head.take(4)
    size, _free, data = head.length(), head.length(), head.address()
    if data is None or offset >= size:
        raise Hdf5Error("a name lies outside its heap")
    raw = source.region.window(data, size).upto(offset, 4096)
    name, found, _ = raw.partition(b"\0")
    if not found:
        raise Hdf5Error("a name does not end")
    return name.decode("utf-8", errors="backslashreplace")


def symbols(source: Source, tree: int | None) -> Iterator[bytes]:
    """The raw entries of all symbol table nodes below a B-tree of version 1."""
    entry = 2 * source.offsets + 24
    waiting: list[tuple[int | None, int]] = [(tree, 0)]
    seen: set[int | None] = set()
    while waiting:
        address, depth = waiting.pop()
        if address in seen or depth > _DEEPEST or len(seen) > _MOST_NODES:
            raise Hdf5Error("a tree of names runs in a circle or without end")
        seen.add(address)
        if source.region.read(address or 0, 4) == b"SNOD":
            node = source.piece(address, 8, b"SNOD")
            count = (node.take(2), node.number(2))[1]
            body = source.piece((address or 0) + 8, count * entry)
            for _ in range(count):
                yield body.take(entry)
            continue
        head = source.piece(address, 8 + 2 * source.offsets, b"TREE")
        kind, _level, used = head.number(1), head.number(1), head.number(2)
        if kind != 0:
            raise Hdf5Error("a tree of names is another tree")
        body = source.piece((address or 0) + 8 + 2 * source.offsets, used * (source.lengths + source.offsets))
        for _ in range(used):
            body.length()
            waiting.append((body.address(), depth + 1))


def global_object(source: Source, address: int | None, index: int) -> bytes:
    """An object of a global heap collection, such as a text of variable length.

    Raises:
        Hdf5Error: it is not there.
    """
    head = source.piece(address, 8 + source.lengths, b"GCOL")
    head.take(4)
    size = head.length()
    if size > _BLOCK_LIMIT or size < 8 + source.lengths:
        raise Hdf5Error("a heap of texts has an impossible size")
    body = source.piece((address or 0) + 8 + source.lengths, size - 8 - source.lengths)
    while body.left >= 8 + source.lengths:
        source.budget.spend(steps=1)
        here, _count = body.number(2), body.number(2)
        body.take(4)
        length = body.length()
        if here == 0:
            break
        data = body.take(length)
        if here == index:
            return data
        body.take(min(-length % 8, body.left))
    raise Hdf5Error("a text is not in its heap")


def records(source: Source, address: int | None) -> Iterator[bytes]:
    """All records of a B-tree of version 2."""
    head = source.piece(address, 16 + source.offsets + 2 + source.lengths + 4, b"BTHD")
    head.take(2)
    node_size, record_size, depth = head.number(4), head.number(2), head.number(2)
    head.take(2)
    root, count = head.address(), head.number(2)
    if root is None or count == 0:
        return
    if depth > _DEEPEST or record_size == 0 or not 64 <= node_size <= _BLOCK_LIMIT:  # noqa: PLR2004 -- less holds nothing
        raise Hdf5Error("a tree of records has impossible sizes")
    most = _most(source, node_size, record_size, depth)
    waiting, nodes = [(root, count, depth)], 0
    while waiting:
        at, used, level = waiting.pop()
        nodes += 1
        if nodes > _MOST_NODES:
            raise Hdf5Error("a tree of records does not end")
        body = source.piece(at, node_size, b"BTIN" if level else b"BTLF")
        body.take(2)
        for _ in range(used):
            yield body.take(record_size)
        if level:
            below, total = most[level - 1]
            for _ in range(used + 1):
                child, size = body.address(), body.number(_bytes_for(below))
                if level > 1:
                    body.number(_bytes_for(total))
                if child is None or size > below:
                    raise Hdf5Error("a tree of records is inconsistent")
                waiting.append((child, size, level - 1))


def _most(source: Source, node_size: int, record_size: int, depth: int) -> list[tuple[int, int]]:
    """Most records of a node, and of all nodes below it, for every level from the leaves up."""
    leaf = (node_size - 10) // record_size
    found = [(leaf, leaf)]
    for level in range(1, depth + 1):
        below, total = found[-1]
        pointer = source.offsets + _bytes_for(below) + (_bytes_for(total) if level > 1 else 0)
        here = (node_size - 10 - pointer) // (record_size + pointer)
        if here < 1:
            raise Hdf5Error("a node of a tree holds no record")
        found.append((here, (here + 1) * total + here))
    return found


def _bytes_for(limit: int) -> int:
    return (max(limit, 1).bit_length() - 1) // 8 + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FractalHeap:
    """A heap whose blocks double in size; the fields that finding an object needs."""

    source: Source
    address: int
    offset_bytes: int
    length_bytes: int
    id_length: int
    huge_tree: int | None
    width: int
    first: int
    largest: int
    root: int | None
    rows: int

    def object(self, key: bytes) -> bytes:
        """The object of a heap ID.

        Raises:
            Hdf5Error: it is not there, or of a kind that is not read.
        """
        kind = key[0] >> 4 & 3
        if key[0] >> 6:
            raise Hdf5Error("an object of a heap is of an unknown version")
        if kind == 0:
            offset = int.from_bytes(key[1 : 1 + self.offset_bytes], "little")
            length = int.from_bytes(key[1 + self.offset_bytes : 1 + self.offset_bytes + self.length_bytes], "little")
            return self._managed(offset, length)
        if kind == 1:
            return self._huge(key)
        if kind == 2:  # noqa: PLR2004 -- a tiny object stands in its own ID
            return self._tiny(key)
        raise Hdf5Error("an object of a heap is of an unknown kind")

    def _tiny(self, key: bytes) -> bytes:
        extended = self.id_length > 17  # noqa: PLR2004 -- as `H5HFtiny.c` decides
        length, start = ((key[0] & 15) << 8 | key[1], 2) if extended else (key[0] & 15, 1)
        return key[start : start + length + 1]

    def _huge(self, key: bytes) -> bytes:
        source = self.source
        if self.id_length - 1 >= source.offsets + source.lengths:
            piece = source.of(key[1:])
            return self._read(piece.address(), piece.length())
        wanted = int.from_bytes(key[1 : 1 + min(self.id_length - 1, source.lengths)], "little")
        for record in records(source, self.huge_tree):
            piece = source.of(record)
            address, length, number = piece.address(), piece.length(), piece.length()
            if number == wanted:
                return self._read(address, length)
        raise Hdf5Error("a large object is not in its heap")

    def _read(self, address: int | None, length: int) -> bytes:
        if address is None:
            raise Hdf5Error("a large object lies nowhere")
        return self.source.region.read(address, length)

    def _managed(self, offset: int, length: int) -> bytes:
        at, rows = self.root, self.rows
        for _ in range(_DEEPEST):
            if rows == 0:
                self.source.piece(at, 4, b"FHDB")
                return self.source.region.read((at or 0) + offset, length)
            at, rows, offset = self._below(at, rows, offset)
        raise Hdf5Error("a heap nests without end")

    def _below(self, at: int | None, rows: int, offset: int) -> tuple[int | None, int, int]:
        """The block below an indirect one that holds an offset: its address, its rows (0: direct), the offset in it."""
        source, span = self.source, self.first * self.width
        row = 0 if offset < span else (offset // span).bit_length()
        size = self.first << max(row - 1, 0)
        before = 0 if row == 0 else span << (row - 1)
        column, inside = divmod(offset - before, size)
        direct_rows = (self.largest // self.first).bit_length() + 1
        if row >= rows or row > 64:  # noqa: PLR2004 -- addresses end there
            raise Hdf5Error("an object lies outside its heap")
        source.piece(at, 4, b"FHIB")
        head = 5 + source.offsets + self.offset_bytes
        entry = (at or 0) + head + (row * self.width + column) * source.offsets
        child = source.piece(entry, source.offsets).address()
        return child, (0 if row < direct_rows else (size // span).bit_length()), inside


def fractal_heap(source: Source, address: int | None) -> FractalHeap:
    """The heap whose header stands at an address.

    Raises:
        Hdf5Error: its objects are filtered, or its sizes are impossible.
    """
    size = 4 + 1 + 2 + 2 + 1 + 4 + 12 * source.lengths + 3 * source.offsets + 2 + 2 + 2 + 2 + 4
    head = source.piece(address, size - 4, b"FRHP")
    head.take(1)
    id_length, filters, _flags, most_managed = head.number(2), head.number(2), head.number(1), head.number(4)
    head.length()
    huge_tree = head.address()
    head.length()
    head.address()
    for _ in range(8):
        head.length()
    width, first, largest, bits = head.number(2), head.length(), head.length(), head.number(2)
    head.number(2)
    root, rows = head.address(), head.number(2)
    powers = all(n and n & (n - 1) == 0 for n in (width, first, largest))
    if filters or not powers or largest < first or bits > 64 or not 1 < id_length <= 4096:  # noqa: PLR2004 -- bits of an address
        raise Hdf5Error("a heap is filtered or has impossible sizes")
    return FractalHeap(
        source=source,
        address=address or 0,
        offset_bytes=(bits + 7) // 8,
        length_bytes=min(_bytes_for(largest), _bytes_for(most_managed)),
        id_length=id_length,
        huge_tree=huge_tree,
        width=width,
        first=first,
        largest=largest,
        root=root,
        rows=rows,
    )
