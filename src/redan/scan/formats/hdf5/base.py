"""The file as its superblock describes it: sizes of addresses and lengths, and reads that stay inside.

Source: HDF5 File Format Specification 3.0, sections II.A and III.
"""

from dataclasses import dataclass

from redan.scan.contract import Budget
from redan.scan.region import Region

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LATEST = 3


class Hdf5Error(ValueError):
    """The structure breaks the specification or uses what is not read; one sentence without values."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a structure, read from front to back with the sizes of the file.

    Args:
        data: the bytes.
        offsets: bytes of an address.
        lengths: bytes of a length.
        at: as a list of one, because pieces are values and their place moves.
    """

    data: bytes
    offsets: int
    lengths: int
    at: list[int]

    def take(self, count: int) -> bytes:
        """The next bytes.

        Raises:
            Hdf5Error: they are not there.
        """
        start = self.at[0]
        if count < 0 or start + count > len(self.data):
            raise Hdf5Error("a structure is cut off")
        self.at[0] = start + count
        return self.data[start : start + count]

    def number(self, size: int) -> int:
        """The next unsigned number."""
        return int.from_bytes(self.take(size), "little")

    def address(self) -> int | None:
        """The next address; None when it is the undefined address."""
        raw = self.take(self.offsets)
        return None if raw == b"\xff" * self.offsets else int.from_bytes(raw, "little")

    def length(self) -> int:
        """The next length."""
        return self.number(self.lengths)

    @property
    def left(self) -> int:
        """Bytes that are not read yet."""
        return len(self.data) - self.at[0]

    def rest(self) -> bytes:
        """All bytes that are left."""
        return self.take(self.left)

    def pad(self, multiple: int, origin: int = 0) -> None:
        """Moves to the next multiple of so many bytes, as old versions pad."""
        self.take(-(self.at[0] - origin) % multiple)


@dataclass(frozen=True, slots=True)
class Source:
    """A whole file.

    Args:
        region: its bytes.
        offsets: bytes of an address.
        lengths: bytes of a length.
        budget: steps are spent from it.
    """

    region: Region
    offsets: int
    lengths: int
    budget: Budget

    def piece(self, address: int | None, size: int, signature: bytes = b"") -> Piece:
        """Bytes at an address, after the signature that must stand there.

        Raises:
            Hdf5Error: the address is undefined or another structure stands there.
        """
        if address is None:
            raise Hdf5Error("a structure is missing")
        self.budget.spend(steps=1)
        piece = Piece(self.region.read(address, size), self.offsets, self.lengths, [0])
        if piece.take(len(signature)) != signature:
            raise Hdf5Error(f"a structure is not the {signature.decode()} that it should be")
        return piece

    def of(self, data: bytes) -> Piece:
        """Bytes that are read with the sizes of this file."""
        return Piece(data, self.offsets, self.lengths, [0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Superblock:
    """What the superblock says.

    Args:
        root: address of the root group's object header.
        extension: address of an object header with settings of the file; None when there is none.
        end: where the file ends.
    """

    root: int
    extension: int | None
    end: int


def begin(region: Region, budget: Budget) -> tuple[Source, Superblock]:
    """The source and superblock of a file whose signature stands at its first byte.

    Raises:
        Hdf5Error: a version, size or driver that is not read.
    """
    head = region.read(0, 16)
    version = head[8]
    if version > _LATEST:
        raise Hdf5Error(f"version {version} of the superblock is not read")
    old = version < 2  # noqa: PLR2004 -- version 2 is shorter
    offsets, lengths = (head[13], head[14]) if old else (head[9], head[10])
    if offsets not in {4, 8} or lengths not in {4, 8}:
        raise Hdf5Error(f"addresses of {offsets} and lengths of {lengths} bytes are not read")
    source = Source(region, offsets, lengths, budget)
    piece = source.of(region.upto(0, 256))
    return source, (_old(piece, version) if old else _new(piece))


def _old(piece: Piece, version: int) -> Superblock:
    piece.take(24 if version == 0 else 28)
    base, _free, end, driver = (piece.address() for _ in range(4))
    piece.address()  # offset of the root's name
    root = piece.address()
    if base != 0 or driver is not None or end is None or root is None:
        raise Hdf5Error("the file does not begin at its first byte, or is spread over several files")
    return Superblock(root=root, extension=None, end=end)


def _new(piece: Piece) -> Superblock:
    piece.take(12)
    base, extension, end, root = (piece.address() for _ in range(4))
    if base != 0 or end is None or root is None:
        raise Hdf5Error("the file does not begin at its first byte")
    return Superblock(root=root, extension=extension, end=end)
