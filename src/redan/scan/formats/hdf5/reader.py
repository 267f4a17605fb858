"""What an HDF5 file can do to its reader: references to other files, plug-ins, and configurations that hold code.

Sources: HDF5 File Format Specification 3.0; CVE-2026-1669 (external storage), CVE-2025-9905 (Keras .h5). Everything
that is not understood is said; datasets are numbers that no loader interprets, and are not read.
"""

from collections.abc import Iterator

from redan.scan.contract import Context, Format
from redan.scan.formats import keras_config, strict_json
from redan.scan.formats.hdf5 import heaps, links
from redan.scan.formats.hdf5.base import SIGNATURE, Hdf5Error, begin
from redan.scan.formats.hdf5.headers import Message, messages, shared_address
from redan.scan.formats.hdf5.values import Attribute, attribute
from redan.scan.records import Detection
from redan.scan.region import Region, RegionError
from redan.scan.say import Voice, shown

_MOST_OBJECTS = 200_000
_FILTERS = {1, 2, 3, 4, 5, 6, 32000}  # those of the library, and LZF, which h5py brings
_HARMLESS = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0A, 0x0D, 0x0E, 0x12, 0x13, 0x16, 0x17}
# Which method reads a message of which type.
_OF_KIND = {
    0x02: "_many_links",
    0x06: "_one_link",
    0x07: "_external_storage",
    0x08: "_layout",
    0x0B: "_filters",
    0x0C: "_one_attribute",
    0x11: "_old_links",
    0x15: "_dense",
}
_EXTENSION = {0x00, 0x0A, 0x13, 0x16, 0x17}
_CONFIGS = {"model_config", "training_config"}
_REFERENCE = "CVE-2026-1669"
_REMEDY = "Do not load the file with a Keras before 3.13.2; ask its maker for one file that holds its own numbers."


def recognise(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the signature stands where the library looks for it: at 0, 512, 1024, 2048 and so on."""
    return _signature(region) is not None


def _signature(region: Region) -> int | None:
    at = 0
    while at < region.size:
        if region.upto(at, 8) == SIGNATURE:
            return at
        at = at * 2 or 512
    return None


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of all objects that the root group leads to."""
    say = Voice(context.place)
    start = _signature(region)
    if start:
        yield say.unclear(
            "hdf5-user-block",
            f"{start:,} bytes stand before the HDF5 file, as in MATLAB 7.3 files: what reads them is not known.",
            offset=0,
            remedy="Save the model without a user block, or as safetensors.",
        )
        region = region.window(start, region.size - start)
    try:
        yield from _File(region, context, say).read()
    except (Hdf5Error, RegionError) as error:
        yield say.unclear(
            "hdf5-structure",
            f"The file is not understood as HDF5: {error}.",
            reference="HDF5 File Format Specification 3.0",
            remedy="Save the weights again with a current release of h5py, or as safetensors.",
        )


class _File:
    """Walks the objects of one file, each once."""

    def __init__(self, region: Region, context: Context, say: Voice) -> None:
        self._source, self._start = begin(region, context.budget)
        self._context = context
        self._say = say
        self._seen: set[int] = set()
        self._waiting: list[int] = [self._start.root]

    def read(self) -> Iterator[Detection]:
        size = self._source.region.size
        if self._start.end != size:
            yield self._say.unclear(
                "hdf5-end",
                f"The file says that it ends at {self._start.end:,} and has {size:,} bytes.",
                reference="CWE-436",
            )
        if self._start.extension is not None:
            yield from self._settings(self._start.extension)
        while self._waiting:
            address = self._waiting.pop()
            if address in self._seen:
                continue
            self._seen.add(address)
            if len(self._seen) > _MOST_OBJECTS:
                raise Hdf5Error(f"there are more than {_MOST_OBJECTS:,} objects")
            for message in messages(self._source, address):
                yield from self._message(message)

    def _settings(self, address: int) -> Iterator[Detection]:
        for message in messages(self._source, address):
            if message.kind not in _EXTENSION:
                yield self._unread(message, "The file has a setting that is not read")

    def _message(self, message: Message) -> Iterator[Detection]:
        """What one message of an object header means."""
        kind = message.kind
        if message.shared and kind != 0:
            yield from self._shared(message)
        elif kind in _OF_KIND:
            yield from getattr(self, _OF_KIND[kind])(message)
        elif kind not in _HARMLESS:
            yield self._unread(message, "An object has a message that is not read")

    def _many_links(self, message: Message) -> Iterator[Detection]:
        return self._links(links.of_link_info(self._source, message.body), message)

    def _one_link(self, message: Message) -> Iterator[Detection]:
        return self._links(iter([links.of_message(self._source, message.body)]), message)

    def _old_links(self, message: Message) -> Iterator[Detection]:
        return self._links(links.of_symbol_table(self._source, message.body), message)

    def _one_attribute(self, message: Message) -> Iterator[Detection]:
        return self._attribute(attribute(self._source, message.body), message)

    def _shared(self, message: Message) -> Iterator[Detection]:
        """Only datatypes are shared by what h5py writes; the type itself runs nothing."""
        if message.kind != 0x03:  # noqa: PLR2004 -- the datatype
            yield self._unread(message, "A message lies elsewhere")
            return
        self._waiting.append(shared_address(self._source.of(message.body)))

    def _unread(self, message: Message, what: str) -> Detection:
        return self._say.unclear("hdf5-message", f"{what} (type 0x{message.kind:02x}).", offset=message.offset)

    def _links(self, found: Iterator[links.Link], message: Message) -> Iterator[Detection]:
        for link in found:
            self._source.budget.spend(steps=1)
            if link.file is not None:
                yield self._say.bad(
                    "hdf5-external-link",
                    f"The link `{shown(link.name)}` reads an object of the file `{shown(link.file)}`.",
                    offset=message.offset,
                    reference="CWE-73",
                    remedy=_REMEDY,
                )
            elif link.target is not None:
                self._waiting.append(link.target)

    def _external_storage(self, message: Message) -> Iterator[Detection]:
        yield self._say.bad(
            "hdf5-external-storage",
            "The numbers of a dataset are read from other files, which can be any file of the machine.",
            offset=message.offset,
            reference=_REFERENCE,
            remedy=_REMEDY,
        )

    def _layout(self, message: Message) -> Iterator[Detection]:
        piece = self._source.of(message.body)
        version = piece.number(1)
        if version in {1, 2}:
            kind = (piece.number(1), piece.number(1))[1]
        elif version in {3, 4, 5}:
            kind = piece.number(1)
        else:
            raise Hdf5Error("a layout is of an unknown version")
        if kind == 3:  # noqa: PLR2004 -- a virtual dataset
            yield self._virtual(piece.address(), piece.number(4), message)
        elif kind > 3:  # noqa: PLR2004 -- no kind of the specification
            raise Hdf5Error("a layout is of an unknown kind")
        elif kind == 1 and version >= 3:  # noqa: PLR2004 -- contiguous
            address, size = piece.address(), piece.length()
            if address is not None:
                self._source.region.window(address, size)

    def _virtual(self, address: int | None, index: int, message: Message) -> Detection:
        """A virtual dataset is put together from others; `.` is this file."""
        body = heaps.global_object(self._source, address, index)
        name = body[1 + self._source.lengths :].partition(b"\0")[0].decode("utf-8", errors="backslashreplace")
        if body[:1] == b"\0" and name != ".":
            return self._say.bad(
                "hdf5-virtual",
                f"A dataset is put together from the file `{shown(name)}`.",
                offset=message.offset,
                reference="CWE-73",
                remedy=_REMEDY,
            )
        return self._say.unclear(
            "hdf5-virtual",
            "A dataset is put together from others.",
            offset=message.offset,
            reference="CWE-73",
            remedy=_REMEDY,
        )

    def _filters(self, message: Message) -> Iterator[Detection]:
        piece = self._source.of(message.body)
        version, count = piece.number(1), piece.number(1)
        if version not in {1, 2}:
            raise Hdf5Error("a pipeline of filters is of an unknown version")
        piece.take(6 if version == 1 else 0)
        for _ in range(count):
            number = piece.number(2)
            named = piece.number(2) if version == 1 or number >= 256 else 0  # noqa: PLR2004 -- numbers of the library
            piece.number(2)
            values = piece.number(2)
            piece.take(-(-named // 8) * 8 if version == 1 else named)
            piece.take(4 * values + (4 if version == 1 and values % 2 else 0))
            if number not in _FILTERS:
                yield self._say.unclear(
                    "hdf5-filter",
                    f"The filter {number} comes from a plug-in that the library loads from disk.",
                    offset=message.offset,
                    reference="CWE-114",
                    remedy="Store the numbers without filters, or with deflate.",
                )

    def _dense(self, message: Message) -> Iterator[Detection]:
        """Attributes that lie in a heap, because there are many or large ones."""
        piece = self._source.of(message.body)
        _version, flags = piece.number(1), piece.number(1)
        piece.take(2 if flags & 1 else 0)
        heap, tree = piece.address(), piece.address()
        if heap is None:
            return
        opened = heaps.fractal_heap(self._source, heap)
        for record in heaps.records(self._source, tree):
            if record[opened.id_length] & 2:
                yield self._unread(message, "An attribute lies elsewhere")
            else:
                yield from self._attribute(attribute(self._source, opened.object(record[: opened.id_length])), message)

    def _attribute(self, found: Attribute, message: Message) -> Iterator[Detection]:
        """Texts that are configurations of Keras, and bytes that PyTables would unpickle."""
        if found.name == "PSEUDOATOM":
            yield self._say.unclear(
                "hdf5-pickled",
                "PyTables keeps pickled objects in a dataset and unpickles them.",
                offset=message.offset,
                reference="CWE-502",
            )
        for value in found.values:
            text = value.rstrip(b"\0 ")
            if found.name in _CONFIGS:
                yield from self._configuration(found.name, text, message)
            elif text[-1:] == b"." or text[:1] == b"\x80":
                yield from self._context.inside(f"attribute {shown(found.name)}", Region.of(text))
        if found.name in _CONFIGS and not found.values:
            raise Hdf5Error("a configuration is no text")

    def _configuration(self, name: str, text: bytes, message: Message) -> Iterator[Detection]:
        try:
            parsed = strict_json.parse(text)
        except strict_json.JsonError as error:
            yield self._say.unclear(
                "keras-config", f"The attribute {name} cannot be read: {error}.", offset=message.offset
            )
            return
        if parsed.duplicates:
            yield self._say.unclear(
                "json-duplicate-names", f"The attribute {name} names a key twice.", offset=message.offset
            )
        yield from keras_config.examine(parsed.value, self._say)


FORMAT = Format(name="hdf5", recognise=recognise, read=read)
