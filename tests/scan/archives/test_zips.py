"""Zip files: what one reader shows and another hides is read under both, and told."""

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.scan import ScanVerdict, scan_bytes
from scan.hostile import styles, torch_zip, zipped

EVIL = styles("os", "system")["global-0"]
GOOD = b"\x80\x02]q\x00."
CLEAN, UNCLEAR, MALICIOUS = ScanVerdict.CLEAN, ScanVerdict.NOT_UNDERSTOOD, ScanVerdict.MALICIOUS


def rules(data: bytes) -> set[str]:
    """Rules that the bytes break."""
    return {d.rule for d in scan_bytes(data, "m.zip").detections}


def verdict(data: bytes) -> str:
    """The verdict of the bytes."""
    return scan_bytes(data, "m.zip").verdict


def patched(data: bytes, sign: bytes, at: int, value: bytes, number: int = 0) -> bytes:
    """The file with a field of its n-th header of a kind replaced."""
    place = -1
    for _ in range(number + 1):
        place = data.index(sign, place + 1)
    return data[: place + at] + value + data[place + at + len(value) :]


LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
PLAIN = zipped({"a.pkl": EVIL, "b.txt": b"hello"})
DEFLATED = zipped({"a.pkl": EVIL * 20}, zipfile.ZIP_DEFLATED)


def _two_directories() -> bytes:
    """An archive whose end record has a comment that is another end record."""
    evil, good = zipped({"a": EVIL}), zipped({"a": b"hello"})
    inner = evil[:-22] + END + struct.pack("<4H2IH", 0, 0, 1, 1, 47, evil.index(CENTRAL), len(good[-22:]))
    return inner + good[-22:]


def _hidden_member() -> bytes:
    """A member with a local header between two others that no directory names."""
    evil = zipped({"hidden.pkl": EVIL})
    member = evil[: evil.index(CENTRAL)]
    good = zipped({"a.txt": b"hello"})
    cut = good.index(CENTRAL)
    whole = good[:cut] + member + good[cut:]
    return whole[:-6] + struct.pack("<I", cut + len(member)) + whole[-2:]


TRICKS = {
    "name in the local header differs (CVE-2025-1944)": patched(PLAIN, LOCAL, 30, b"z"),
    "encrypted by the directory alone (CVE-2025-1945)": patched(PLAIN, CENTRAL, 8, b"\x01"),
    "encrypted by the local header alone": patched(PLAIN, LOCAL, 6, b"\x01"),
    "encrypted by both": patched(patched(PLAIN, CENTRAL, 8, b"\x01"), LOCAL, 6, b"\x01"),
    "strongly encrypted": patched(PLAIN, CENTRAL, 8, b"\x40"),
    "patched data": patched(PLAIN, CENTRAL, 8, b"\x20"),
    "masked headers": patched(PLAIN, CENTRAL, 8, b"\x00\x20"),
    "bad checksum (CVE-2025-10156)": patched(PLAIN, CENTRAL, 16, b"\0\0\0\0"),
    "bad checksum in both": patched(patched(PLAIN, CENTRAL, 16, b"\0\0\0\0"), LOCAL, 14, b"\0\0\0\0"),
    "size of the directory too small": patched(PLAIN, CENTRAL, 20, struct.pack("<2I", 3, 3)),
    "size of the local header too small": patched(PLAIN, LOCAL, 18, struct.pack("<2I", 3, 3)),
    "deflated, size too small": patched(DEFLATED, CENTRAL, 20, struct.pack("<I", 2)),
    "deflated, truncated": patched(DEFLATED[:60] + DEFLATED[62:], b"", 0, b"PK"),
    "method differs": patched(PLAIN, LOCAL, 8, b"\x08"),
    "two directories": _two_directories(),
    "hidden member": _hidden_member(),
    "no directory": PLAIN[: PLAIN.index(CENTRAL)],
    "count too small": patched(PLAIN, END, 8, struct.pack("<2H", 1, 1)),
    "count zero": patched(PLAIN, END, 8, struct.pack("<2H", 0, 0)),
    "duplicate name": b"",
    "prefix": b"\x00" * 100 + PLAIN,
    "trailing": PLAIN + b"x" * 100,
    "comment": PLAIN[:-2] + struct.pack("<H", 5) + b"hello",
}


def _duplicate() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.pkl", EVIL)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.pkl", GOOD)
    return file.getvalue()


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_hides_nothing(trick):
    """The payload is found whatever the headers say about its member."""
    data = TRICKS[trick] or _duplicate()
    assert verdict(data) is MALICIOUS
    told = rules(data) - {"pickle-dangerous-import"}
    assert told or trick == "comment"


GOOD_ZIP = zipped({"a.pkl": GOOD, "b.pkl": GOOD}, zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (patched(GOOD_ZIP, LOCAL, 30, b"z"), "zip-header-mismatch"),
        (patched(GOOD_ZIP, CENTRAL, 8, b"\x01"), "unread-encrypted"),
        (patched(GOOD_ZIP, CENTRAL, 16, b"\0\0\0\0"), "zip-checksum"),
        (patched(GOOD_ZIP, CENTRAL, 10, b"\x63"), "unread-compression"),
        (patched(GOOD_ZIP, CENTRAL, 42, b"\x01"), "zip-no-local-header"),
        (patched(GOOD_ZIP, CENTRAL, 42, struct.pack("<I", GOOD_ZIP.index(LOCAL, 4)), 0), "zip-duplicate-name"),
        (b"MZ" + bytes(50) + GOOD_ZIP, "zip-shifted"),
        (GOOD_ZIP + b"junk", "unread-gap"),
        (GOOD_ZIP[: GOOD_ZIP.index(CENTRAL)], "zip-no-directory"),
        (GOOD_ZIP[:-60], "zip-no-directory"),
        (zipped({"../../x": GOOD}), "archive-name"),
        (zipped({"/etc/x": GOOD}), "archive-name"),
        (zipped({"a\nb": GOOD}), "archive-name"),
        (patched(zipped({"aXb": GOOD}), CENTRAL, 47, b"\0"), "archive-name"),
        (zipped({"a\\b": GOOD}), "archive-name"),
        (zipped({"a": b"\x01\x02\x03unknown"}), "unread-unknown-format"),
    ],
)
def test_a_fault_of_a_harmless_archive_is_told(data, rule):
    """Each trick has a rule of its own, and an archive that is odd is not clean even when its members are."""
    if rule == "zip-duplicate-name":
        assert verdict(data) is not CLEAN
        return
    assert rule in rules(data)
    assert verdict(data) is not CLEAN


def test_standard_archives_are_clean():
    """What zipfile writes, with every method that is read, streamed or not, with zip64 fields, is clean."""
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
        assert verdict(zipped({"a.pkl": GOOD, "d/b.pkl": GOOD}, method)) is CLEAN
    assert verdict(zipped({})) is CLEAN
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.pkl", "w", force_zip64=True) as member,
    ):
        member.write(GOOD)
    assert verdict(file.getvalue()) is CLEAN

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise OSError

        def tell(self):
            raise OSError

    streamed = Pipe()
    with zipfile.ZipFile(streamed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.pkl", GOOD)
        archive.writestr("b.pkl", GOOD)
    assert verdict(streamed.getvalue()) is CLEAN


def test_folders_are_no_members_of_their_own():
    """An entry for a folder is not an unknown format."""
    assert verdict(zipped({"d/": b"", "d/a.pkl": GOOD})) is CLEAN


def test_a_link_is_told_and_one_that_leaves_is_malicious():
    """Symbolic links in a zip file are never followed."""
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    for target, expected in ((b"a.pkl", UNCLEAR), (b"../../etc/passwd", MALICIOUS), (b"/etc/passwd", MALICIOUS)):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(info, target)
        assert verdict(file.getvalue()) is expected


def test_a_bomb_is_cut_short(monkeypatch):
    """Members that unpack to more than the budget are not read to their end, and the file is not clean."""
    monkeypatch.setattr("redan.scan.budget._FREE_BYTES", 1 << 20)
    bomb = zipped({"a.bin": bytes(40 << 20)}, zipfile.ZIP_DEFLATED)
    found = scan_bytes(bomb, "m.zip")
    assert found.verdict is UNCLEAR
    assert "unread-budget" in {d.rule for d in found.detections}


def test_archives_in_archives_end_somewhere():
    """Nesting has a limit, and what lies deeper is listed as not read."""
    data = GOOD
    for _ in range(16):
        data = zipped({"a.zip": data})
    found = scan_bytes(data, "m.zip")
    assert found.verdict is UNCLEAR
    assert any("deeper" in line for line in found.unread)


def test_overlapping_members_are_told():
    """Two entries that share their bytes (the zip bomb of 2019) are told."""
    two = zipped({"a.pkl": GOOD, "b.pkl": GOOD})
    moved = patched(two, CENTRAL, 42, struct.pack("<I", 0), 1)
    assert verdict(moved) is UNCLEAR


def test_torch_archives_are_read_as_torch_reads_them():
    """References to storages are known in torch's archives and nowhere else; labels hold no code."""
    tensor = (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
        b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQK\x00K\x04\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR."
    )
    assert scan_bytes(torch_zip(tensor), "m.pt").verdict is CLEAN
    assert scan_bytes(torch_zip(tensor), "m.pt").format == "pytorch-zip"
    assert verdict(zipped({"other.pkl": tensor})) is UNCLEAR
    assert scan_bytes(torch_zip(tensor.replace(b"FloatStorage", b"FloatSomething")), "m.pt").verdict is UNCLEAR


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([PLAIN, DEFLATED, GOOD_ZIP, _hidden_member()]), st.data())
def test_a_changed_byte_never_raises_nor_hides(data, draw):
    """One byte changed anywhere: a verdict, and a payload that zipfile still reads is still found."""
    at = draw.draw(st.integers(0, len(data) - 1))
    changed = data[:at] + bytes([draw.draw(st.integers(0, 255))]) + data[at + 1 :]
    found = scan_bytes(changed, "m.zip")
    try:
        with zipfile.ZipFile(io.BytesIO(changed)) as archive:
            readable = any(EVIL in archive.read(name) for name in archive.namelist())
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
        EOFError,
        UnicodeError,
        IndexError,
    ):
        return
    except Exception as error:  # noqa: BLE001 -- zlib.error and others of the peer
        assert type(error).__module__ in {"zlib", "builtins", "struct", "lzma"}
        return
    if readable:
        assert found.verdict is MALICIOUS
