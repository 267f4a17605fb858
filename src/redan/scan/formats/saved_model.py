"""TensorFlow SavedModels, frozen graphs and Keras metadata: operators, paths, assets and the configurations inside.

Source: `saved_model.proto`, `meta_graph.proto`, `graph.proto`, `function.proto`, `saved_object_graph.proto` of
TensorFlow 2.21; `saved_metadata.proto` of Keras 2.
"""

import re
from collections.abc import Iterator

from redan.scan.contract import Context, Format
from redan.scan.formats import keras_config, strict_json, tf_ops
from redan.scan.formats.onnx import leaves
from redan.scan.formats.protobuf import Field, ProtoError, Shape, Wire, looks_like, shape
from redan.scan.records import Detection
from redan.scan.region import Region
from redan.scan.say import Voice, shown, words

_SAVED_MODEL = shape(f1="v", f2="b*")
_META_GRAPH = shape(f1="b", f2="b", f3="b", f4="b*", f5="b*", f6="b*", f7="b")
_GRAPH = shape(f1="b*", f2="b", f3="v", f4="b", f5="b")
_NODE = shape(f1="b", f2="b", f3="b*", f4="b", f5="b*", f6="b", f7="b")
_LIBRARY = shape(f1="b*", f2="b*", f3="b*")
_FUNCTION = shape(f1="b", f3="b*", f4="b*", f5="b*", f6="b*", f7="b*", f8="b*")
_ENTRY = shape(f1="b", f2="b")
_ASSET = shape(f1="b", f2="b")
_OBJECTS = shape(f1="b*", f2="b*")
_OBJECT = shape(
    f1="b*", f3="b*", f4="b", f5="b", f6="b", f7="b", f8="b", f9="b", f10="b", f11="b*", f12="b", f13="b", f14="b",
    f15="b*", f16="b",
)  # fmt: skip
_USER_OBJECT = shape(f1="b", f2="b", f3="b")
_KERAS_NODES = shape(f1="b*")
_KERAS_NODE = shape(f2="v", f3="b", f4="b", f5="b", f6="b")
_OP = re.compile(r"[A-Za-z_][\w>.\-/]*\Z")
_PASSING = words(
    "Identity IdentityN StringJoin ShardedFilename Select SelectV2 Reshape ExpandDims Squeeze Pack Concat "
    "ConcatV2 PlaceholderWithDefault StringFormat Fill Tile Switch Merge StopGradient EnsureShape StringLower "
    "StringStrip Substr RegexReplace StaticRegexReplace AsString ReduceJoin GuaranteeConst Snapshot Where Gather "
    "GatherV2 StridedSlice Slice"
)
_LIMIT_BYTES = 1 << 31
_METADATA_LIMIT = 32 << 20


def recognise(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the first level is that of a SavedModel whose first meta graph is one."""
    return looks_like(region, _SAVED_MODEL, frozenset({2})) and _inner(region, 2, _META_GRAPH, frozenset({2}))


def recognise_graph(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the first level is that of a frozen graph whose first node names an operator."""
    return looks_like(region, _GRAPH, frozenset({1})) and _inner(region, 1, _NODE, frozenset({1, 2}))


def recognise_metadata(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the first level is that of `keras_metadata.pb`."""
    return looks_like(region, _KERAS_NODES, frozenset({1})) and _inner(region, 1, _KERAS_NODE, frozenset({4}))


def _inner(region: Region, number: int, known: Shape, needed: frozenset[int]) -> bool:
    for field in Wire(region, None).fields(0, region.size):
        if field.number == number:
            return looks_like(region.window(field.start, field.size), known, needed)
    return False


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of a SavedModel."""
    yield from _guarded(region, context, "_saved_model")


def read_graph(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of a frozen graph."""
    yield from _guarded(region, context, "_frozen")


def read_metadata(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of the configurations that Keras 2 keeps beside a SavedModel."""
    yield from _guarded(region, context, "_keras_metadata")


def _guarded(region: Region, context: Context, start: str) -> Iterator[Detection]:
    say = Voice(context.place)
    if region.size >= _LIMIT_BYTES:
        yield say.unclear("tf-size", "The model has 2 GiB or more: no protobuf parser reads that.")
        return
    try:
        yield from getattr(_Reader(Wire(region, context.budget), say), start)()
    except ProtoError as error:
        yield say.unclear(
            "tf-structure",
            f"The file is no TensorFlow model that two parsers read alike: {error}.",
            remedy="Save the model again with a current release of TensorFlow.",
        )


class _Reader:
    """Walks one file. Operators are told once each; what depends on paths is told at the end of a scope."""

    def __init__(self, wire: Wire, say: Voice) -> None:
        self._wire = wire
        self._say = say
        self._told: set[str] = set()
        self._known: frozenset[str] = frozenset()
        self._saver: tuple[str, int] | None = None
        self._loose: tuple[str, int] | None = None

    def _saved_model(self) -> Iterator[Detection]:
        for field in self._wire.message(0, self._wire.size, _SAVED_MODEL).get(2, []):
            found = self._wire.message(field.start, field.size, _META_GRAPH)
            for graph in found.get(2, []):
                yield from self._graph(graph.start, graph.size)
            for asset in found.get(6, []):
                name = self._wire.first(self._wire.message(asset.start, asset.size, _ASSET), 2)
                if leaves(name):
                    yield self._say.bad(
                        "tf-asset", f"An asset is read from `{shown(name)}`.", offset=asset.start, reference="CWE-22"
                    )
            for objects in found.get(7, []):
                yield from self._objects(objects)

    def _frozen(self) -> Iterator[Detection]:
        yield from self._graph(0, self._wire.size)

    def _graph(self, start: int, size: int) -> Iterator[Detection]:
        wire = self._wire
        graph = wire.message(start, size, _GRAPH)
        functions = [
            wire.message(f.start, f.size, _FUNCTION)
            for library in graph.get(2, [])
            for f in wire.message(library.start, library.size, _LIBRARY).get(1, [])
        ]
        self._known = frozenset(self._signature(f) for f in functions)
        for nodes in (graph.get(1, []), *(f.get(3, []) for f in functions)):
            yield from self._scope(nodes)
        if self._saver is not None and self._loose is not None:
            yield self._say.unclear(
                "tf-path",
                f"The graph holds the path `{shown(self._loose[0])}`, and the operator {self._saver[0]} may get it.",
                offset=self._loose[1],
                reference="CWE-73",
            )

    def _signature(self, function: dict[int, list[Field]]) -> str:
        for signature in function.get(1, []):
            for field in self._wire.fields(signature.start, signature.size):
                if field.number == 1:
                    return self._wire.text(field)
        return ""

    def _scope(self, nodes: list[Field]) -> Iterator[Detection]:
        """One graph or function: its operators, and which constants flow into what saves and restores."""
        messages = [(node, self._wire.message(node.start, node.size, _NODE)) for node in nodes]
        savers: list[dict[int, list[Field]]] = []
        paths: dict[str, tuple[str, int]] = {}
        for node, found in messages:
            op, name = self._wire.first(found, 2), self._wire.first(found, 1)
            if not _OP.match(op):
                raise ProtoError("a node names no operator")
            if op not in self._told:
                self._told.add(op)
                yield from tf_ops.judge(op, self._say, node.start, known=self._known)
            if op in tf_ops.SAVERS:
                savers.append(found)
                self._saver = self._saver or (op, node.start)
            if op in {"Const", "HostConst"} and (path := self._path_of(found)) is not None:
                paths[name] = (path, node.start)
                self._loose = self._loose or paths[name]
            if op == "PrintV2":
                yield from self._printed(found)
        if savers and paths:
            yield from self._flows(savers, messages, paths)

    def _flows(
        self,
        savers: list[dict[int, list[Field]]],
        messages: list[tuple[Field, dict[int, list[Field]]]],
        paths: dict[str, tuple[str, int]],
    ) -> Iterator[Detection]:
        """Constants that reach a saver through operators that pass texts on."""
        passing = {
            self._wire.first(found, 1): found
            for _, found in messages
            if self._wire.first(found, 2) in _PASSING or self._wire.first(found, 1) in paths
        }
        for saver in savers:
            waiting, seen = [saver], set()
            while waiting:
                for source in waiting.pop().get(3, []):
                    name = self._wire.text(source).removeprefix("^").partition(":")[0]
                    if name in seen or name not in passing:
                        continue
                    seen.add(name)
                    waiting.append(passing[name])
                    if name in paths:
                        yield self._written(self._wire.first(saver, 2), *paths[name])

    def _written(self, op: str, path: str, offset: int) -> Detection:
        return self._say.bad(
            "tf-path",
            f"The operator {op} reads or writes the path `{shown(path)}`.",
            offset=offset,
            reference="CWE-73",
            remedy="Do not run the model.",
        )

    def _path_of(self, found: dict[int, list[Field]]) -> str | None:
        """The text of a constant that is one text and a path that no exporter writes."""
        for entry in found.get(5, []):
            pair = self._wire.message(entry.start, entry.size, _ENTRY)
            if self._wire.first(pair, 1) == "value":
                texts = [t for value in pair.get(2, []) for t in self._texts(value, (8, 8))]
                if len(texts) == 1 and _is_path(texts[0]):
                    return texts[0]
        return None

    def _printed(self, found: dict[int, list[Field]]) -> Iterator[Detection]:
        for entry in found.get(5, []):
            pair = self._wire.message(entry.start, entry.size, _ENTRY)
            if self._wire.first(pair, 1) == "output_stream":
                for text in (t for value in pair.get(2, []) for t in self._texts(value, (2,))):
                    if text.startswith("file:"):
                        yield self._written("PrintV2", text, entry.start)

    def _texts(self, value: Field, numbers: tuple[int, ...]) -> Iterator[str]:
        """Bytes fields reached through numbered fields, short ones only: long ones are no paths."""
        here = [value]
        for number in numbers:
            here = [f for h in here for f in self._wire.fields(h.start, h.size) if f.number == number]
        for field in here:
            if field.size <= 4096:  # noqa: PLR2004 -- the longest path of any system
                yield self._wire.data(field).decode("utf-8", errors="replace")

    def _objects(self, objects: Field) -> Iterator[Detection]:
        for node in self._wire.message(objects.start, objects.size, _OBJECTS).get(1, []):
            for user in self._wire.message(node.start, node.size, _OBJECT).get(4, []):
                found = self._wire.message(user.start, user.size, _USER_OBJECT)
                for metadata in found.get(3, []):
                    yield from self._configuration(metadata)

    def _keras_metadata(self) -> Iterator[Detection]:
        for node in self._wire.message(0, self._wire.size, _KERAS_NODES).get(1, []):
            for metadata in self._wire.message(node.start, node.size, _KERAS_NODE).get(5, []):
                yield from self._configuration(metadata)

    def _configuration(self, field: Field) -> Iterator[Detection]:
        """Metadata is the JSON configuration of a Keras layer; Keras 2 rebuilds the layer from it."""
        if field.size == 0:
            return
        if field.size > _METADATA_LIMIT:
            raise ProtoError("the metadata of an object is too long")
        try:
            parsed = strict_json.parse(self._wire.data(field))
        except strict_json.JsonError:
            yield self._say.unclear("tf-metadata", "The metadata of an object is no JSON.", offset=field.start)
            return
        yield from keras_config.examine(parsed.value, self._say)


def _is_path(text: str) -> bool:
    """Whether a constant is a path that no exporter writes: absolute, upwards, or on another system."""
    if text.startswith("^") or not text.isprintable():
        return False  # the pattern `^s3://.*` that TensorFlow's own savers compare with
    return leaves(text) and "*" not in text[:1] and len(text) > 1


FORMATS = (
    Format(name="tf-saved-model", recognise=recognise, read=read),
    Format(name="tf-graph", recognise=recognise_graph, read=read_graph),
    Format(name="keras-metadata", recognise=recognise_metadata, read=read_metadata),
)
