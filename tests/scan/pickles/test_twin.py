"""The walker against both unpicklers of Python, whose imports are caught: what either imports, the walker has seen."""

import io
import pickle
import re
import struct

from hypothesis import example, given, settings
from hypothesis import strategies as st

from redan.scan.budget import Spent
from redan.scan.contract import Context
from redan.scan.pickles.walk import readings
from redan.scan.region import Region
from scan.hostile import PAIRS, short, styles

# Peers believe lengths and indices: gigabytes for five bytes.
LARGE_MEMO = re.compile(rb"r..[^\0].|r...[^\0]|p\s*[+]?[\d_]{6,}|\x96..(?!\0{6})", re.DOTALL)


class Stub:
    """Stands for whatever a stream imports: takes every call and every state, and does nothing."""

    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return Stub()

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def append(self, item):
        """Takes an item."""

    def extend(self, items):
        """Takes items."""

    def add(self, item):
        """Takes an item."""


def imports_by(base, data: bytes) -> tuple[set[tuple[str, str]], bool]:
    """What an unpickler asks to import before it ends or gives up, and whether it ended."""
    seen: set[tuple[str, str]] = set()

    class Caught(base):
        def find_class(self, module, name):
            seen.add((module, name))
            return Stub

        def persistent_load(self, pid):
            return Stub()

    try:
        Caught(io.BytesIO(data), fix_imports=False, encoding="latin1", buffers=[]).load()
    except (Exception, RecursionError):  # noqa: BLE001 -- whatever the peer raises
        return seen, False
    return seen, True


def seen_by_walker(data: bytes):
    """The imports of all readings of the walker, and their machines."""
    context = Context(
        place="", name="", budget=Spent(len(data)), inside=lambda *a, **k: iter(()), siblings=lambda _: None
    )
    machines = readings(Region.of(data), 0, context)
    return {name for machine in machines for name in machine.seen.imports}, machines


def agree(data: bytes) -> None:
    """Whatever either unpickler imports, the walker saw; and what both accept, the walker walks to its STOP."""
    walked, machines = seen_by_walker(data)
    for base in (pickle.Unpickler, pickle._Unpickler):
        if LARGE_MEMO.search(data):
            continue
        asked, ended = imports_by(base, data)
        assert asked <= walked
        if ended:
            assert any(machine.stopped for machine in machines)


NAMES = st.sampled_from(["os", "system", "builtins", "eval", "a.b", "x"])
SIMPLE = st.sampled_from(
    [bytes([op]) for op in b"N()]}0122tledoRbaesu.\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94Q"]
)
TEXT = NAMES.map(short)
MEMO = st.builds(lambda op, n: op + bytes([n]), st.sampled_from([b"q", b"h"]), st.integers(0, 3))
MEMO_LINE = st.builds(lambda op, n: op + b"%d\n" % n, st.sampled_from([b"p", b"g"]), st.integers(-1, 3))
NUMBER = st.integers(0, 255).map(lambda n: b"K" + bytes([n]))
GLOBAL = st.builds(lambda op, m, n: op + f"{m}\n{n}\n".encode(), st.sampled_from([b"c", b"i"]), NAMES, NAMES)
STRING = NAMES.map(lambda n: f"S'{n}'\n".encode()) | NAMES.map(lambda n: f"V{n}\n".encode())
FRAME = st.integers(0, 40).map(lambda n: b"\x95" + struct.pack("<Q", n))
PROTO = st.integers(0, 6).map(lambda n: b"\x80" + bytes([n]))
BYTES = st.binary(max_size=4).map(lambda b: b"C" + bytes([len(b)]) + b)
OPCODE = SIMPLE | SIMPLE | TEXT | TEXT | MEMO | MEMO_LINE | NUMBER | GLOBAL | STRING | FRAME | PROTO | BYTES
STREAM = st.lists(OPCODE, max_size=24).map(lambda parts: b"".join(parts) + b".")


@settings(max_examples=600, deadline=None)
@given(STREAM)
@example(b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.")
@example(b"(cos\nsystem\nS'true'\no.")
@example(b"(S'x'\nios\nsystem\n.")
@example(b"\x95\x02\x00\x00\x00\x00\x00\x00\x00cxos\nsystem\n.")
@example(b"\x95\x16\0\0\0\0\0\0\0\x8c\x02os\x8c\x02os\x95\0\0\0\0\0\0\0\0cos\nos\n.")
@example(b"\x95\x0c\0\0\0\0\0\0\0\x95\x0a\0\0\0\0\0\0\0NNNcos\nsystem\n.....")
@example(b"\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x02xxx\x02os\x8c\x06system\x93.")
def test_nothing_that_an_unpickler_imports_is_missed(data):
    """Random programs: the walker sees every import of the C and of the Python unpickler, and ends where they end."""
    agree(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_nothing_is_missed_in_noise(data):
    """Random bytes are no exception."""
    agree(data)


def test_nothing_is_missed_in_the_samples():
    """Every style of every gadget is seen as both unpicklers see it."""
    for module, name in PAIRS[::7]:
        for data in styles(module, name).values():
            agree(data)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.binary(max_size=300)
        | st.complex_numbers(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner) | st.frozensets(st.integers())
        ),
        max_leaves=30,
    ),
    st.integers(0, 5),
)
def test_plain_data_is_clean_and_walked_to_its_end(value, protocol):
    """Whatever Python pickles of plain data, at every protocol, is clean."""
    from redan.scan import scan_bytes

    data = pickle.dumps(value, protocol)
    agree(data)
    assert scan_bytes(data, "m.pkl").verdict == "clean"
