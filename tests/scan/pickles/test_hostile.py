"""Hostile pickles: every gadget, by every opcode, in every container; none is silent."""

import pytest

from redan.scan import ScanVerdict, scan_bytes
from redan.scan.pickles.names import judge
from redan.scan.pickles.rules import RULES
from redan.scan.pickles.safe import GUARDED
from redan.scan.pickles.values import Standing
from scan.hostile import PAIRS, containers, hash_bombs, odd_streams, styles

SYSTEM = styles("os", "system")
UNKNOWN = styles("some_package.models", "Network")
# Whatever stands where os.system would: these styles are faults or frames, never clean.
SPOILT = {name for name in SYSTEM if name.startswith(("then-", "no-stop", "missing-", "unordered-", "behind-"))}


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_every_gadget_is_malicious_by_every_opcode(pair):
    """A dangerous name is named, whichever opcode brings it, and whatever the stream does before or after."""
    module, name = pair
    for style, data in styles(module, name).items():
        found = scan_bytes(data, "m.pkl")
        assert found.verdict is ScanVerdict.MALICIOUS, style


@pytest.mark.parametrize("style", UNKNOWN)
def test_an_unknown_name_is_never_clean(style):
    """Default-deny: a class of a package that is not on the list is not understood, by every opcode."""
    expected = {ScanVerdict.NOT_UNDERSTOOD}
    if style in {"build", "setitem", "append", "nested-pickle"}:
        expected = {ScanVerdict.MALICIOUS}
    assert {scan_bytes(UNKNOWN[style], "m.pkl").verdict} == expected


@pytest.mark.parametrize("style", SYSTEM)
def test_a_harmless_twin_of_each_style_is_not_malicious(style):
    """The same opcodes with a harmless class accuse nobody."""
    twin = styles("collections", "OrderedDict")[style]
    found = scan_bytes(twin, "m.pkl")
    if style not in {"build", "setitem", "append", "nested-pickle"}:
        assert found.verdict is not ScanVerdict.MALICIOUS
    if style in SPOILT:
        assert found.verdict is not ScanVerdict.CLEAN


@pytest.mark.parametrize("container", containers(b"."))
@pytest.mark.parametrize("style", ["global-0", "stack-global", "no-stop"])
def test_no_container_hides_a_payload(container, style):
    """A payload is found in every container, and the detection names the member."""
    found = scan_bytes(containers(SYSTEM[style])[container], "m.bin")
    assert found.verdict is ScanVerdict.MALICIOUS
    assert any("os.system" in d.what for d in found.detections)


@pytest.mark.parametrize("container", containers(b"."))
def test_no_container_makes_an_unknown_name_clean(container):
    """A class that is not on the list is not understood in every container that a loader unpickles."""
    found = scan_bytes(containers(UNKNOWN["global-2"])[container], "m.bin")
    raw = {"torch-zip-in-storage"}  # bytes of a storage are numbers for every loader
    assert (found.verdict is ScanVerdict.NOT_UNDERSTOOD) or container in raw


@pytest.mark.parametrize("name", odd_streams())
def test_what_nobody_can_vouch_for_is_not_clean(name):
    """Faults, references to the outside and indirect calls are not understood, and nobody is accused."""
    assert scan_bytes(odd_streams()[name], "m.pkl").verdict is ScanVerdict.NOT_UNDERSTOOD


@pytest.mark.parametrize("name", hash_bombs())
def test_a_key_that_takes_years_to_hash_is_told(name):
    """Tuples that hold one another twice are small to keep and endless to hash."""
    found = scan_bytes(hash_bombs()[name], "m.pkl")
    assert found.verdict is ScanVerdict.NOT_UNDERSTOOD
    assert "pickle-expands" in {d.rule for d in found.detections}


def test_every_function_with_a_rule_is_guarded():
    """What is safe with some arguments alone is noted where it is handed to other code; classes may be handed over."""
    assert set(RULES) - GUARDED == {path for path in RULES if judge(*path.rsplit(".", 1)).standing is Standing.CLASS}


ZONE = b"\x80\x02cbuiltins\ngetattr\n(czoneinfo\nZoneInfo\nX\x09\x00\x00\x00_unpickletR"


@pytest.mark.parametrize(
    ("behind", "verdict"),
    [
        (b"(X\x03\x00\x00\x00UTC\x88tR.", ScanVerdict.CLEAN),
        (b"0cbuiltins\ngetattr\n(czoneinfo\nZoneInfo\nX\x09\x00\x00\x00from_filetR.", ScanVerdict.MALICIOUS),
        (b"0cbuiltins\ngetattr\n(cbuiltins\nlist\n)RX\x06\x00\x00\x00appendtR.", ScanVerdict.MALICIOUS),
        (b"0cfunctools\npartial\n(cbuiltins\ngetattr\ntR.", ScanVerdict.MALICIOUS),
        (b"0(cbuiltins\nlist\nibuiltins\ngetattr\n.", ScanVerdict.MALICIOUS),
        (b"0cbuiltins\ngetattr\n}b.", ScanVerdict.MALICIOUS),
    ],
)
def test_getattr_is_excused_for_class_methods_that_are_listed_alone(behind, verdict):
    """Time zones are pickled as a class method of ZoneInfo; anything else that getattr does stays dangerous."""
    assert scan_bytes(ZONE + behind, "m.pkl").verdict is verdict


def test_exceptions_of_python_2_are_those_of_python_3():
    """The old module is one that nothing but the mapping of names can import."""
    assert scan_bytes(b"cexceptions\nValueError\n(S'a'\ntR.", "m.pkl").verdict is ScanVerdict.CLEAN
    assert scan_bytes(b"cexceptions\nevil\n(S'a'\ntR.", "m.pkl").verdict is not ScanVerdict.CLEAN


def test_the_place_of_an_import_is_its_opcode():
    """The offset points at the opcode of the import, in the stream where it stands."""
    data = styles("os", "system")["second-stream"]
    [found] = [d for d in scan_bytes(data, "m.pkl").detections if "os.system" in d.what]
    assert data[found.offset : found.offset + 10] == b"cos\nsystem"


def test_a_name_from_the_file_cannot_steer_a_terminal():
    """Control characters of names are escaped, and long names are cut."""
    data = b"c\x1b[2Jevil\nx" + b"y" * 5000 + b"\n)R."
    found = scan_bytes(data, "m.pkl")
    text = " ".join(d.what for d in found.detections)
    assert "\x1b" not in text
    assert len(text) < 500


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02cbuiltins\ntype\nccollections\nOrderedDict\n)R\x85RN}X\x01\x00\x00\x00aK\x01s\x86b.",
        b"\x80\x02clogging\ngetLogger\n)R}X\x08\x00\x00\x00disabled\x88sb.",
        b"\x80\x02ccollections\nOrderedDict\n}X\x01\x00\x00\x00aK\x01sb.",
        b"\x80\x02cbuiltins\ntype\n(X\x01\x00\x00\x00X)}tR.",
    ],
)
def test_what_the_process_shares_is_not_written(data):
    """A class behind an object, a logger, an imported class; and no class is made."""
    assert scan_bytes(data, "m.pkl").verdict is ScanVerdict.MALICIOUS
