"""Pickle files: every stream that a loader could read, one behind the other, and what stands behind the last."""

from collections.abc import Iterator
from dataclasses import replace

from redan.scan.budget import Spent
from redan.scan.contract import Context
from redan.scan.pickles.cursor import Cursor
from redan.scan.pickles.data_ops import NEWEST_PROTOCOL
from redan.scan.pickles.machine import TRIAL, Machine
from redan.scan.pickles.values import Standing
from redan.scan.pickles.walk import readings, run
from redan.scan.records import Detection, ScanVerdict
from redan.scan.region import Region

TORCH_MAGIC = 0x1950A86A20F9469CFC6C  # torch/serialization.py, MAGIC_NUMBER
_TRIAL_STEPS = 8192
_TRIAL_STREAMS = 64
_STEPS_OF_A_STREAM = 200  # what starting a walk costs


def recognise(region: Region, _name: str) -> bool:
    """Whether an unpickler that starts at the first byte does anything, or reads plain data to the last byte."""
    return _does_something(region, 0) and not is_legacy_torch(region, _name)


def is_legacy_torch(region: Region, _name: str) -> bool:
    """Whether the first stream is the number by which torch knows its files from before 1.6."""
    first = region.upto(0, 1)
    if not first or first[0] not in b"\x80LI\x8a(N":
        return False
    return _tried(region, 0, 64).result == TORCH_MAGIC


def _does_something(region: Region, start: int) -> bool:
    waiting, reached = [start], False
    for _ in range(_TRIAL_STREAMS):
        if not waiting:
            return reached
        start = waiting.pop()
        if start >= region.size:
            reached = True
            continue
        machine = _tried(region, start, _TRIAL_STEPS)
        if _effective(machine) or machine.cut or (machine.stopped and not machine.strict):
            return True
        if machine.stopped:
            waiting += ends_of(machine)
    return True


def _tried(region: Region, start: int, steps: int) -> Machine:
    """A short walk; one that does not say that it is a pickle gets no second chance after a fault."""
    head = region.upto(start, 2)
    says_so = head[:1] == b"\x80" and head[1:] <= bytes([NEWEST_PROTOCOL])
    context = Context(place="", name="", budget=Spent(region.size), inside=_nothing_inside, siblings=_no_sibling)
    machine = Machine(Cursor(region, start), replace(context, hint=TRIAL), strict=not says_so)
    run(machine, steps)
    return machine


def _nothing_inside(_place: str, _region: Region, /, *, hint: str = "") -> Iterator[Detection]:  # noqa: ARG001
    yield from ()


def _no_sibling(_relative: str) -> None:
    return None


def _effective(machine: Machine) -> bool:
    seen = machine.seen
    standings = {imported.judged.standing for imported in seen.imports.values()}
    if seen.acted or standings - {Standing.UNKNOWN}:
        return True
    return bool(standings) and machine.stopped


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Everything that the streams of a file would do."""
    waiting, started = [0], {0}
    reached = 0
    while waiting:
        start = waiting.pop()
        context.budget.spend(steps=_STEPS_OF_A_STREAM)
        machines = readings(region, start, context)
        if start and not any(machine.stopped or _effective(machine) for machine in machines):
            continue
        for machine in machines:
            yield from told(machine, region, context)
        if not any(machine.stopped for machine in machines):
            return
        reached = max(reached, *(machine.cursor.position for machine in machines))
        for end in (end for machine in machines for end in ends_of(machine)):
            if end < region.size and end not in started:
                started.add(end)
                waiting.append(end)
    if reached < region.size:
        yield trailing(region, reached, context)


def told(machine: Machine, region: Region, context: Context) -> Iterator[Detection]:
    """What one walk has to say, with what other loaders would do and what lies inside its bytes."""
    ends_of(machine)
    yield from machine.detections()
    for fork in machine.forks:
        run(fork)
        for detection in fork.detections():
            if _plausible(fork) or detection.verdict is ScanVerdict.MALICIOUS:
                yield replace(detection, what=f"Read without joblib: {detection.what}")
    for called, offset, size in machine.seen.blobs:
        yield from context.inside(f"bytes given to {called} at {offset:,}", region.window(offset, size))
    for at, where, size in machine.seen.carried:
        part = Region.of(where) if isinstance(where, bytes) else region.window(where, size)
        yield from context.inside(f"data at {at:,}", part, hint="opaque")


def _plausible(fork: Machine) -> bool:
    """Whether an unknown import of another reading is worth telling.

    Numbers of an array seldom spell names. A pickle of objects read with another memo always gives some, which are
    attributes and no modules; those of packages have a dot.
    """
    unknown = [key for key, found in fork.seen.imports.items() if found.judged.standing is Standing.UNKNOWN]
    names = [part for key in unknown for name in key for part in name.split(".")]
    dotted = not fork.over_pickle or any("." in module for module, _ in unknown)
    return bool(names) and dotted and all(part.isidentifier() for part in names)


def ends_of(machine: Machine) -> tuple[int, ...]:
    """Where the next stream begins: behind STOP, and for some unpicklers behind the frame that STOP stands in."""
    end = machine.cursor.position
    if machine.stopped and machine.framed and end < machine.frame_end:
        machine.say(
            "pickle-frame",
            ScanVerdict.NOT_UNDERSTOOD,
            "stops in the middle of a frame: unpicklers differ in where they go on",
            "CWE-436",
        )
        return end, machine.frame_end
    return (end,)


def trailing(region: Region, start: int, context: Context) -> Detection:
    """Bytes behind the last stream, which a loader that knows more than this one could read."""
    return Detection(
        rule="unread-trailing",
        verdict=ScanVerdict.NOT_UNDERSTOOD,
        what=f"{region.size - start:,} bytes stand behind the last pickle and are of no known form.",
        member=context.place,
        offset=start,
        reference="CWE-436",
        remedy="Ask its maker what they are; a pickle of a model ends with its STOP.",
    )
