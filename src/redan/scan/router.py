"""Bytes to readers: every format whose loader would accept the bytes is read, whatever the name says."""

import lzma
import struct
import zlib
from collections.abc import Callable, Iterator

from redan.errors import escaped
from redan.scan.budget import DEEPEST
from redan.scan.contract import Budget, BudgetError, Context, Format, Inside
from redan.scan.expect import expected
from redan.scan.records import Detection, ScanVerdict
from redan.scan.region import Region, RegionError

_NOT_UNDERSTOOD = ScanVerdict.NOT_UNDERSTOOD
_NAME_SHOWN = 120
_SAFE_REMEDY = "Ask its maker for a format that this scanner reads whole, such as safetensors or ONNX."
# What a reader may meet in hostile bytes and need not name itself; anything else is a fault of the reader.
_FAULTS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)


class Router:
    """Sends a region, and every member that its reader hands back, to all formats that recognise it.

    Args:
        formats: the shelf.
        budget: of the file.
        siblings: as `Context` has it.
    """

    def __init__(self, formats: tuple[Format, ...], budget: Budget, siblings: Callable[[str], Region | None]) -> None:
        self._formats = formats
        self._budget = budget
        self._siblings = siblings

    def recognised(self, region: Region, name: str) -> tuple[Format, ...]:
        """The formats whose loaders would accept the bytes; fallbacks only when there is no other."""
        found = [f for f in self._formats if not f.fallback and _accepts(f, region, name)]
        return tuple(found) or tuple([f for f in self._formats if f.fallback and _accepts(f, region, name)][:1])

    def examine(
        self, region: Region, name: str, *, place: str = "", hint: str = "", depth: int = 0
    ) -> Iterator[Detection]:
        """Everything that is found in a region and in what is nested in it.

        Args:
            region: the bytes.
            name: of the file or member, with its folders.
            place: of the member in the file; the empty string for the file itself.
            hint: as `Inside` has it.
            depth: how many archives lie around it.
        """
        if region.size == 0:
            return
        if depth > DEEPEST:
            yield _unread("unread-budget", f"The member nests deeper than {DEEPEST} archives.", place)
            return
        context = Context(
            place=place,
            name=name,
            budget=self._budget,
            inside=self._inside(place, depth),
            siblings=_no_sibling if place else self._siblings,
            hint=hint,
        )
        for detection in self._read_all(region, context):
            if hint != "opaque" or detection.verdict is ScanVerdict.MALICIOUS:
                yield detection

    def _read_all(self, region: Region, context: Context) -> Iterator[Detection]:
        found, place = self.recognised(region, context.name), context.place
        if not found:
            yield _unread("unread-unknown-format", "The bytes are of no format that is read.", place)
        roots = roots_of(found)
        if len(roots) > 1:
            names = " and as ".join(roots)
            yield Detection(
                rule="polyglot",
                verdict=_NOT_UNDERSTOOD,
                what=f"The bytes can be read as {names}; which of them runs depends on the loader.",
                member=place,
                reference="CWE-436",
                remedy="Ask its maker for a file that is one format.",
            )
        yield from expected(context.name, roots, place)
        for shape in found:
            yield from _guarded(shape, region, context)

    def _inside(self, place: str, depth: int) -> Inside:
        def inside(member: str, region: Region, /, *, hint: str = "") -> Iterator[Detection]:
            shown = shortened(member)
            child = f"{place}!{shown}" if place else shown
            return self.examine(region, member, place=child, hint=hint, depth=depth + 1)

        return inside


def roots_of(found: tuple[Format, ...]) -> list[str]:
    """Names of the formats that refine no other one that was recognised too; more than one is a polyglot."""
    names = {f.name for f in found}
    return [f.name for f in found if f.refines not in names]


def shortened(name: str) -> str:
    """A member's name for people: printable and at most 120 characters."""
    plain = escaped(name)
    return plain if len(plain) <= _NAME_SHOWN else f"{plain[: _NAME_SHOWN - 20]}...{plain[-17:]}"


def _no_sibling(_relative: str) -> None:
    return None


def _guarded(shape: Format, region: Region, context: Context) -> Iterator[Detection]:
    """A reader's detections; where it stops at hostile bytes, those found before stand."""
    try:
        yield from shape.read(region, context)
    except RegionError as error:
        yield _unread("unread-truncated", f"The {shape.name} breaks off: {error}.", context.place)
    except BudgetError as error:
        yield _unread("unread-budget", f"The {shape.name} is not read to its end: it {error}.", context.place)
    except _FAULTS as error:
        kind = type(error).__name__
        yield _unread("unread-malformed", f"The bytes break the rules of {shape.name} ({kind}).", context.place)


def _unread(rule: str, what: str, place: str) -> Detection:
    return Detection(
        rule=rule,
        verdict=_NOT_UNDERSTOOD,
        what=what,
        member=place,
        reference="CWE-1284" if rule == "unread-truncated" else "",
        remedy=_SAFE_REMEDY,
    )


def _accepts(shape: Format, region: Region, name: str) -> bool:
    try:
        return shape.recognise(region, name)
    except (RegionError, BudgetError):
        return False
    except _FAULTS:
        return True  # its reader says what is wrong; a fault in recognising must not make bytes look harmless
