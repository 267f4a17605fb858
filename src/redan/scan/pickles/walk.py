"""The loop of the abstract machine: opcode after opcode, until the stream stops or a loader would give up."""

from redan.scan.contract import Context
from redan.scan.pickles.cursor import Cursor
from redan.scan.pickles.data_ops import DATA_OPS, Handler
from redan.scan.pickles.machine import Machine, StreamEndError
from redan.scan.pickles.object_ops import OBJECT_OPS
from redan.scan.records import ScanVerdict
from redan.scan.region import Region, RegionError

OPS: dict[int, Handler] = {**DATA_OPS, **OBJECT_OPS}  # a plain dict: one look-up for each byte of every pickle
_STEPS_AT_ONCE = 4096


def walk(region: Region, start: int, context: Context, *, joblib: bool = True, dropping: bool = False) -> Machine:
    """The machine after the stream that starts at an offset.

    Args:
        region: the bytes.
        start: offset of the first opcode.
        context: of the member.
        joblib: pass over array bytes as joblib does.
        dropping: read across the ends of frames as `Cursor` says.
    """
    machine = Machine(Cursor(region, start, dropping=dropping), context, joblib=joblib)
    run(machine)
    return machine


def readings(region: Region, start: int, context: Context, *, joblib: bool = True) -> list[Machine]:
    """The machines of every reading of a stream: one, or two where an argument crosses the end of a frame.

    Args:
        region: the bytes.
        start: offset of the first opcode.
        context: of the member.
        joblib: pass over array bytes as joblib does.
    """
    first = walk(region, start, context, joblib=joblib)
    return [first, walk(region, start, context, joblib=joblib, dropping=True)] if first.cursor.crossed else [first]


def run(machine: Machine, most_steps: int = 1 << 62) -> None:
    """Runs a machine until it stops, faults beyond repair, or has taken `most_steps`."""
    machine.walk = run
    try:
        _loop(machine, most_steps)
    except StreamEndError:
        return
    except RegionError as error:
        if not machine.strict:
            _broken(machine, f"breaks off: {error}")


def _loop(m: Machine, most_steps: int) -> None:
    """One opcode after the other; the cursor's buffer is looked at here, since a call for each byte costs most."""
    ops, cursor = OPS, m.cursor
    steps = 0
    while not m.stopped:
        place = cursor.place
        if place >= len(cursor.buffer):
            cursor.refill()
            place = 0
        m.at = at = cursor.base + place
        if at >= cursor.frame_end:
            _frame_ended(m)
        if not cursor.buffer:
            _broken(m, "ends before its STOP")
            return
        code = cursor.buffer[place]
        cursor.place = place + 1
        act = ops.get(code)
        if act is None:
            _broken(m, f"has the unknown opcode 0x{code:02x}")
            return
        act(m)
        steps += 1
        if not steps % _STEPS_AT_ONCE:
            m.spend(_STEPS_AT_ONCE)
            if steps >= most_steps:
                m.cut = True
                return


def _frame_ended(m: Machine) -> None:
    if m.at > m.frame_end:
        m.say(
            "pickle-frame",
            ScanVerdict.NOT_UNDERSTOOD,
            "has an opcode across the end of a frame: unpicklers differ in what they read then",
            "CWE-436",
        )
    m.unframe()


def _broken(m: Machine, what: str) -> None:
    if m.strict:
        raise StreamEndError
    m.say("pickle-broken", ScanVerdict.NOT_UNDERSTOOD, f"{what}; what stands before would have run", "CWE-20")
