"""XML beside or as a model: PMML is read, everything that makes a parser fetch, expand or run something is told.

Sources: PMML 4.4 (dmg.org); CWE-611 (external entities), CWE-776 (entity expansion). Expat fetches nothing by itself;
parsing stops at the first document type declaration.
"""

import re
from collections.abc import Iterator
from xml.parsers import expat

from redan.scan.contract import Budget, Context, Format
from redan.scan.records import Detection
from redan.scan.region import READ_LIMIT_BYTES, Region
from redan.scan.say import Voice, shown

_DEEPEST = 256
_BLOCK = 1 << 16
_PMML_SPACE = re.compile(r"http://www\.dmg\.org/PMML-\d[\d_.]*\Z")
_SCHEMA_SPACES = {
    "http://www.w3.org/2001/XMLSchema-instance",
    "http://www.w3.org/XML/1998/namespace",
    "http://jpmml.org/jpmml-model/InlineTable",
}
_SCRIPT = re.compile(
    r"(?i)<script|javascript:|\bRuntime\b|ProcessBuilder|java\.lang|ScriptEngine|\beval\s*\(|\bexec\s*\(|os\.system|subprocess|__import__"
)
_REMEDY = "Export the model again as plain PMML, without a document type and without scripts in extensions."


def recognise(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the text begins as XML does, or with the root of PMML."""
    head = region.upto(0, 256).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    return head.startswith((b"<?xml", b"<!DOCTYPE PMML", b"<PMML", b"<!ENTITY", b"<net name=")) or bool(
        re.match(rb"<\w+:PMML", head)
    )


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of an XML file."""
    say = Voice(context.place)
    if region.size > 16 * READ_LIMIT_BYTES:
        yield say.unclear("unread-xml", f"{region.size:,} bytes of XML are more than this scanner reads.")
        return
    reader = _Reader(say, context.budget)
    try:
        reader.read(region)
    except expat.ExpatError:
        reader.found.append(say.unclear("xml-syntax", "The file cannot be parsed as XML to its end.", remedy=_REMEDY))
    except _StopError:
        pass
    yield from reader.found


class _StopError(Exception):
    """Nothing further may be parsed."""


class _Reader:
    """Handlers of one parser, and what they found."""

    def __init__(self, say: Voice, budget: Budget) -> None:
        self.found: list[Detection] = []
        self._say = say
        self._budget = budget
        self._depth = 0
        self._extension = 0
        self._told: set[str] = set()
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._entity
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.ProcessingInstructionHandler = self._instruction

    def read(self, region: Region) -> None:
        """Parses all of a region."""
        for at in range(0, region.size, _BLOCK):
            self._budget.spend(steps=256)
            self._parser.Parse(region.upto(at, _BLOCK), False)
        self._parser.Parse(b"", True)

    def _doctype(self, _name: str, system: str | None, _public: str | None, has_subset: int) -> None:
        at = self._parser.CurrentByteIndex
        if system:
            self._bad("xml-external", f"The document type is fetched from `{shown(system)}`.", "CWE-611", at)
        else:
            self._unclear("xml-doctype", "The file has a document type.", "CWE-611", at)
        if system or not has_subset:
            raise _StopError  # else its entities say more

    def _entity(
        self, name: str, _parameter: bool, value: str | None, _base: str | None, system: str | None, *_: object
    ) -> None:
        at = self._parser.CurrentByteIndex
        what = "is fetched from elsewhere" if value is None or system else "expands to text"
        reference = "CWE-611" if value is None or system else "CWE-776"
        self._bad("xml-entity", f"The entity `{shown(name)}` {what} when the file is parsed.", reference, at)
        raise _StopError

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition(" ")
        self._depth += 1
        if self._depth > _DEEPEST:
            self._unclear(
                "xml-depth", f"Elements nest deeper than {_DEEPEST}.", "CWE-674", self._parser.CurrentByteIndex
            )
            raise _StopError
        if self._depth == 1:
            self._root(tag)
        if "XInclude" in space or "XSL" in space:
            self._bad(
                "xml-include",
                f"The element `{shown(tag)}` fetches or runs something.",
                "CWE-611",
                self._parser.CurrentByteIndex,
            )
        elif space and not _PMML_SPACE.match(space) and space not in _SCHEMA_SPACES:
            self._unclear(
                "xml-namespace", f"An element is of the namespace `{shown(space)}`.", "", self._parser.CurrentByteIndex
            )
        self._extension += tag == "Extension"
        if tag.lower() == "script" or (tag == "Extension" and any(_SCRIPT.search(v) for v in attributes.values())):
            self._unclear(
                "pmml-script", "An extension holds something like a script.", "CWE-94", self._parser.CurrentByteIndex
            )

    def _root(self, tag: str) -> None:
        if tag == "PMML":
            return
        if tag == "net":
            self._unclear(
                "unread-openvino",
                "A model of OpenVINO is not examined.",
                "",
                0,
                "Convert it from ONNX yourself, and scan that.",
            )
        else:
            self._unclear("unread-xml", f"XML with the root `{shown(tag)}` is of no model format that is read.", "", 0)
        raise _StopError

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._extension -= name.rpartition(" ")[2] == "Extension"

    def _text(self, data: str) -> None:
        if self._extension and _SCRIPT.search(data):
            self._unclear(
                "pmml-script", "An extension holds something like a script.", "CWE-94", self._parser.CurrentByteIndex
            )

    def _instruction(self, target: str, _data: str) -> None:
        self._unclear(
            "xml-instruction",
            f"The instruction `{shown(target)}` is for another program.",
            "",
            self._parser.CurrentByteIndex,
        )

    def _bad(self, rule: str, what: str, reference: str, offset: int) -> None:
        self.found.append(self._say.bad(rule, what, offset=offset, reference=reference, remedy=_REMEDY))

    def _unclear(self, rule: str, what: str, reference: str, offset: int, remedy: str = _REMEDY) -> None:
        if what not in self._told and len(self._told) < 20:  # noqa: PLR2004 -- enough to act on
            self._told.add(what)
            self.found.append(self._say.unclear(rule, what, offset=offset, reference=reference, remedy=remedy))


FORMAT = Format(name="pmml", recognise=recognise, read=read)
