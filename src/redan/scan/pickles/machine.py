"""The abstract machine's state: stack, marks, memo, frames, and what it has to say.

Source: Lib/pickletools.py and Modules/_pickle.c of CPython 3.8 to 3.14; where the C and the Python unpickler differ,
what either accepts is accepted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from redan.scan.contract import BudgetError, Context
from redan.scan.pickles.cursor import NO_FRAME, Cursor
from redan.scan.pickles.memo import Memo
from redan.scan.pickles.names import Judged, judge
from redan.scan.pickles.safe import GUARDED
from redan.scan.pickles.values import Bag, Name, Opaque, Standing, Value
from redan.scan.records import Detection, ScanVerdict

TRIAL = "trial"  # hint of a walk that only asks whether some loader would do anything
_MOST_MARKS = 1 << 20  # deeper nesting than any real stream; a mark costs memory
_MOST_VALUES = 1 << 25
_UNKNOWN_REMEDY = "Load it only if you trust its maker and that package; better, ask for weights alone."
_REMEDY = "Do not load it; ask its maker for weights in safetensors, ONNX or skops."


class StreamEndError(Exception):
    """The stream stops here, or a loader would raise here."""


@dataclass(slots=True)
class Imported:
    """An import of the stream: what it means, and where it first stands."""

    judged: Judged
    name: Name
    offset: int


@dataclass(slots=True)
class Seen:
    """What a walk has come across.

    Args:
        said: detections without those about imports.
        imports: by the names in the stream.
        called: imports that were called, built or written into.
        excused: dangerous imports that were called in a way that is harmless; elsewhere they are `called`, too.
        acted: whether anything was called or built.
        arrays: joblib arrays whose bytes were passed over.
        storages: of torch, by key: name of the class and count of elements.
        blobs: bytes that a call would read as a stream of its own: what called, offset, size.
        carried: offset, offset in the region and size of bytes that are data here and begin as a pickle does, or the
            bytes themselves where they are spelt in text.
    """

    said: list[Detection] = field(default_factory=list)
    imports: dict[tuple[str, str], Imported] = field(default_factory=dict)
    called: set[Name] = field(default_factory=set)
    excused: set[Name] = field(default_factory=set)
    acted: bool = False
    arrays: int = 0
    storages: dict[str, tuple[str, int]] = field(default_factory=dict)
    blobs: list[tuple[str, int, int]] = field(default_factory=list)
    carried: list[tuple[int, int | bytes, int]] = field(default_factory=list)
    told: set[tuple[str, str]] = field(default_factory=set)


class Machine:
    """One walk of one stream.

    Args:
        cursor: at the first opcode.
        context: of the member.
        strict: stop at the first fault, as a loader would; else note it, and go on with what can still be read.
        joblib: pass over the array bytes that joblib writes between opcodes.
    """

    def __init__(self, cursor: Cursor, context: Context, *, strict: bool = False, joblib: bool = True) -> None:
        self.cursor = cursor
        self.context = context
        self.strict = strict
        self.joblib = joblib
        self.over_pickle = False
        self.stack: list[Value] = []
        self.marks: list[int] = []
        self.memo = Memo()
        self.at = cursor.position
        self.stopped = False
        self.cut = False
        self.result: Value = None
        self.seen = Seen()
        self.forks: list[Machine] = []
        self.walk: Callable[[Machine], None] | None = None

    def fork(self, position: int, *, over_pickle: bool) -> None:
        """Remembers that another loader would go on at `position` with what is on the stack now.

        Args:
            position: in the region.
            over_pickle: what stands there is a pickle of its own, whose memo the other loader would mistake.
        """
        self.context.budget.spend(steps=len(self.stack) + len(self.marks) + len(self.memo))
        other = Machine(Cursor(self.cursor.region, position), self.context, strict=True, joblib=False)
        other.stack, other.marks = list(self.stack), list(self.marks)
        other.memo = self.memo.copy()
        other.over_pickle = over_pickle
        self.forks.append(other)

    @property
    def frame_end(self) -> int:
        """Where the open frame ends; behind every file when none is open."""
        return self.cursor.frame_end

    @property
    def framed(self) -> bool:
        """Whether a frame is open."""
        return self.cursor.frame_end < NO_FRAME

    def unframe(self) -> None:
        """Forgets the frame, whose end was reached."""
        self.cursor.frame_end = NO_FRAME

    def nested(self) -> None:
        """Walks a stream that begins at the cursor with a stack and memo of its own, and goes on behind it.

        Raises:
            StreamEndError: it breaks off, and this one with it.
        """
        cursor = Cursor(self.cursor.region, self.cursor.position, dropping=self.cursor.dropping)
        inner = Machine(cursor, self.context, strict=self.strict, joblib=False)
        inner.seen = self.seen
        if self.walk is not None:
            self.walk(inner)
        self.cursor.crossed = self.cursor.crossed or cursor.crossed
        if not inner.stopped:
            raise StreamEndError
        self.cursor.seek(inner.cursor.position)

    def outside(self, rule: str, what: str) -> Value:
        """What comes from outside the file: unknown, told, and the end for a loader that was given nothing.

        Raises:
            StreamEndError: the walk is strict, and no trial of what some loader might do.
        """
        if self.strict and self.context.hint != TRIAL:
            raise StreamEndError
        self.say(rule, ScanVerdict.NOT_UNDERSTOOD, what, "CWE-502")
        return Opaque.UNKNOWN

    # -- stack ------------------------------------------------------------------------------------------------------

    @property
    def fence(self) -> int:
        """Below this the stack belongs to what a mark encloses."""
        return self.marks[-1] if self.marks else 0

    def spend(self, steps: int) -> None:
        """Charges steps, and looks at what the walk keeps in memory.

        Raises:
            BudgetError: one of them is more than any real stream takes.
        """
        self.context.budget.spend(steps=steps)
        if len(self.stack) > _MOST_VALUES:
            raise BudgetError(f"keeps more than {_MOST_VALUES:,} values on its stack")
        if len(self.memo) > _MOST_VALUES:
            raise BudgetError(f"remembers more than {_MOST_VALUES:,} values")
        if len(self.marks) > _MOST_MARKS:
            raise BudgetError(f"nests deeper than {_MOST_MARKS:,} marks")

    def push(self, value: Value) -> None:
        """Puts a value on the stack."""
        self.stack.append(value)

    def pop(self) -> Value:
        """Takes the top value; unknown when there is none."""
        if len(self.stack) > self.fence:
            return self.stack.pop()
        self.fault("takes from an empty stack")
        return Opaque.UNKNOWN

    def top(self) -> Value:
        """The top value; unknown when there is none."""
        if len(self.stack) > self.fence:
            return self.stack[-1]
        self.fault("looks at an empty stack")
        return Opaque.UNKNOWN

    def mark(self) -> None:
        """Marks the stack."""
        self.marks.append(len(self.stack))

    def pop_mark(self) -> list[Value]:
        """The values above the last mark."""
        if not self.marks:
            self.fault("closes a mark that was never set")
            items, self.stack = self.stack, []
            return items
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    # -- what it says -----------------------------------------------------------------------------------------------

    def fault(self, what: str) -> None:
        """Notes that loaders raise here.

        Raises:
            StreamEndError: the walk is strict.
        """
        if self.strict:
            raise StreamEndError
        self.say("pickle-fault", ScanVerdict.NOT_UNDERSTOOD, f"{what}: loaders differ in what they do then", "CWE-20")

    def say(self, rule: str, verdict: ScanVerdict, what: str, reference: str = "", remedy: str = _REMEDY) -> None:
        """Notes a detection at the current opcode; the same one again is not repeated."""
        what = f"The pickle {what}."
        if (rule, what) in self.seen.told:
            return
        self.seen.told.add((rule, what))
        detection = Detection(
            rule=rule,
            verdict=verdict,
            what=what,
            member=self.context.place,
            offset=self.at,
            reference=reference,
            remedy=remedy,
        )
        self.seen.said.append(detection)

    def imported(self, module: str, name: str) -> Name:
        """The value of an import; what it means is told at the end, when it is known whether it is called."""
        known = self.seen.imports.get((module, name))
        if known is None:
            judged = judge(module, name, self.context.hint)
            guarded = f"{judged.module}.{judged.name}" in GUARDED
            value = Name(judged.module, judged.name, judged.standing, guarded)
            known = self.seen.imports[module, name] = Imported(judged, value, self.at)
        return known.name

    def handed_over(self, items: "list[Value]") -> None:
        """Notes functions that are put where another function could call them with arguments that nobody sees."""
        for item in items:
            if type(item) is Name and item.guarded:
                self.called(item)
                self.say(
                    "pickle-handed-over",
                    ScanVerdict.NOT_UNDERSTOOD,
                    f"hands {item.path} to other code; what it is called with is not known",
                    "CWE-502",
                )

    def called(self, name: Name) -> None:
        """Notes that an imported name is called, built or written into."""
        self.seen.acted = True
        self.seen.called.add(name)

    def detections(self) -> list[Detection]:
        """All that the walk found, in the order of the stream."""
        found = [*self.seen.said]
        for imported in self.seen.imports.values():
            if imported.name in self.seen.excused - self.seen.called:
                continue
            told = _told(imported, imported.name in self.seen.called, self.context.place)
            found += [] if told is None else [told]
        return sorted(found, key=lambda detection: detection.offset or 0)


def _told(imported: Imported, called: bool, place: str) -> Detection | None:
    judged = imported.judged
    if judged.standing not in {Standing.DANGEROUS, Standing.UNKNOWN}:
        return None
    dangerous = judged.standing is Standing.DANGEROUS
    does = "imports and calls" if called else "imports"
    return Detection(
        rule="pickle-dangerous-import" if dangerous else "pickle-unknown-import",
        verdict=ScanVerdict.MALICIOUS if dangerous else ScanVerdict.NOT_UNDERSTOOD,
        what=f"The pickle {does} {judged.shown}, which {judged.why}.",
        member=place,
        offset=imported.offset,
        reference=judged.reference,
        remedy=_REMEDY
        if dangerous
        else "Load it only if you trust its maker and that package; better, ask for weights alone.",
    )


def tuple_of(value: Value) -> list[Value] | None:
    """The items of a whole tuple; None for anything else."""
    return value.items if isinstance(value, Bag) and value.kind == "tuple" and value.whole else None
