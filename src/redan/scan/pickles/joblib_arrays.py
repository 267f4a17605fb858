"""Array bytes that joblib writes between the opcodes of a pickle: where they end, and who would run them.

Source: joblib/numpy_pickle.py, `NumpyArrayWrapper.read_array`, of 0.10 to 1.6.
"""

from redan.scan.pickles.dtypes import layout_of
from redan.scan.pickles.machine import Machine, tuple_of
from redan.scan.pickles.values import Bag, Made, Value
from redan.scan.records import ScanVerdict
from redan.scan.region import RegionError

WRAPPERS = ("joblib.numpy_pickle.NumpyArrayWrapper", "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper")
_MOST_DIMENSIONS = 64


def pass_over(m: Machine, target: Made) -> None:
    """Moves the cursor behind the array that follows; notes how a loader that is not joblib's would go on."""
    if not target.of(*WRAPPERS):
        return
    state = _table(target.state)
    layout = layout_of(state.get("dtype"))
    count = _count(state.get("shape"))
    if layout is None or count is None:
        m.say("joblib-array", ScanVerdict.NOT_UNDERSTOOD, "holds an array whose extent cannot be computed", "CWE-20")
        return
    start = m.cursor.position
    if m.framed and m.frame_end != start:
        m.say("pickle-frame", ScanVerdict.NOT_UNDERSTOOD, "has array bytes in the middle of a frame", "CWE-436")
        start = m.frame_end
    if m.seen.arrays == 0:
        m.fork(m.cursor.position, over_pickle=layout.objects)
    m.seen.arrays += 1
    m.cursor.seek(start)
    m.unframe()
    if layout.objects:
        m.nested()
        return
    if isinstance(state.get("numpy_array_alignment_bytes"), int):
        _pad(m, count * layout.size)
    m.cursor.skip(count * layout.size)


def _pad(m: Machine, size: int) -> None:
    """Joblib before 1.2 knows no padding: it would go on inside the array's last bytes."""
    start = m.cursor.position
    length = m.cursor.byte()
    if length < 0:
        raise RegionError(f"an array begins at {start:,}, where the file ends")
    filled = m.cursor.take(length) == b"\xff" * length
    if m.seen.arrays == 1:
        m.fork(start + size, over_pickle=False)
    if not filled:
        m.say("joblib-array", ScanVerdict.NOT_UNDERSTOOD, "has bytes of its own in the padding of an array", "CWE-20")


def _table(state: Value) -> dict[str, Value]:
    """The entries; none when a key could be another name for one that is told."""
    if not isinstance(state, Bag) or state.kind != "dict" or not state.whole:
        return {}
    return state.table() if all(isinstance(key, str) for key in state.items[::2]) else {}


def _count(shape: Value) -> int | None:
    sides = tuple_of(shape)
    if sides is None or len(sides) > _MOST_DIMENSIONS:
        return None
    count = 1
    for side in sides:
        if not isinstance(side, int) or side < 0:
            return None
        count *= side
    return count
