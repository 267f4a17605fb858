"""Tar archives: every dialect is read, links and devices are named, nothing stands behind the end unseen."""

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.scan import ScanVerdict, scan_bytes
from scan.hostile import styles, tarred

EVIL = styles("os", "system")["global-0"]
GOOD = b"\x80\x02]q\x00."
CLEAN, UNCLEAR, MALICIOUS = ScanVerdict.CLEAN, ScanVerdict.NOT_UNDERSTOOD, ScanVerdict.MALICIOUS
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def found(data: bytes):
    """Verdict and rules of the bytes."""
    scanned = scan_bytes(data, "m.tar")
    return scanned.verdict, {d.rule for d in scanned.detections}


def entry(kind: bytes, name: str = "x", link: str = "", data: bytes = b"", **fields) -> bytes:
    """A tar of one member of a kind."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, len(data)
        for key, value in fields.items():
            setattr(info, key, value)
        archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


@pytest.mark.parametrize("dialect", FORMATS)
def test_every_dialect_is_read(dialect):
    """Harmless members are clean, and a payload behind a long name is found, in every dialect of tarfile."""
    name = "d/" * 20 + "n" * 40
    assert found(tarred({name: GOOD, "b": GOOD}, format=dialect)) == (CLEAN, set())
    assert found(tarred({"a": GOOD, name: EVIL}, format=dialect))[0] is MALICIOUS


@pytest.mark.parametrize(
    ("data", "expected", "rule"),
    [
        (entry(tarfile.SYMTYPE, "d/l", "a"), UNCLEAR, "archive-link"),
        (entry(tarfile.SYMTYPE, "d/l", "../a"), UNCLEAR, "archive-link"),
        (entry(tarfile.SYMTYPE, "d/l", "../../etc/passwd"), MALICIOUS, "archive-link"),
        (entry(tarfile.SYMTYPE, "l", "/etc/passwd"), MALICIOUS, "archive-link"),
        (entry(tarfile.LNKTYPE, "d/l", "../a"), MALICIOUS, "archive-link"),
        (entry(tarfile.LNKTYPE, "d/l", "d/a"), UNCLEAR, "archive-link"),
        (entry(tarfile.CHRTYPE), UNCLEAR, "archive-device"),
        (entry(tarfile.BLKTYPE), UNCLEAR, "archive-device"),
        (entry(tarfile.FIFOTYPE), UNCLEAR, "archive-device"),
        (entry(b"Z", data=GOOD), UNCLEAR, "tar-unknown-kind"),
        (entry(b"Z", data=EVIL), MALICIOUS, "tar-unknown-kind"),
        (entry(tarfile.REGTYPE, "../x", data=GOOD), MALICIOUS, "archive-name"),
        (entry(tarfile.REGTYPE, "/x", data=GOOD), UNCLEAR, "archive-name"),
        (entry(tarfile.REGTYPE, "a\tb\x1b[0m", data=GOOD), UNCLEAR, "archive-name"),
        (tarred({"a": GOOD}) + tarred({"b": EVIL}), MALICIOUS, "unread-trailing"),
        (tarred({"a": GOOD})[:1024], UNCLEAR, "tar-no-end"),
        (tarred({"a": GOOD})[:1024] + b"x" * 600, UNCLEAR, "unread-trailing"),
        (tarred({"a": bytes(3000)})[:1200], UNCLEAR, "unread-truncated"),
    ],
)
def test_what_is_no_plain_file_is_told(data, expected, rule):
    """Links, devices, odd kinds, names that leave the folder, and bytes behind the end."""
    verdict, rules = found(data)
    assert verdict is expected
    assert rule in rules


def test_records_override_the_header():
    """A size and a name in a pax record count as tarfile counts them."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.size, info.pax_headers = len(EVIL), {"path": "../x"}
        archive.addfile(info, io.BytesIO(EVIL))
    verdict, rules = found(file.getvalue())
    assert verdict is MALICIOUS
    assert {"archive-name", "pickle-dangerous-import"} <= rules


@pytest.mark.parametrize("size", ["2", "2_2", "+22", " 22"])
def test_two_sizes_of_one_member_are_told(size):
    """Readers that know pax records and readers that do not see other bytes, or other members behind them."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a.txt")
        info.size, info.pax_headers = len(EVIL), {"size": size}
        archive.addfile(info, io.BytesIO(EVIL))
    verdict, rules = found(file.getvalue())
    assert verdict is not CLEAN
    assert "tar-size" in rules


def test_records_that_are_not_read_whole_are_told():
    """A record behind a very long one could give another name or size."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a.txt")
        info.size, info.pax_headers = len(GOOD), {"comment": "x" * (1 << 20), "path": "../x"}
        archive.addfile(info, io.BytesIO(GOOD))
    verdict, rules = found(file.getvalue())
    assert verdict is UNCLEAR
    assert "unread-header" in rules


def test_a_duplicate_name_is_told():
    """The later of two members of one name wins when it is unpacked."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for data in (GOOD, EVIL):
            info = tarfile.TarInfo("a")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert found(file.getvalue())[1] >= {"tar-duplicate-name", "pickle-dangerous-import"}


def test_a_huge_number_in_a_header_is_no_size():
    """A size of 2**62 in binary, or a negative one, breaks off and is not clean."""
    from redan.scan.archives.tars import header_of

    data = bytearray(tarred({"a": GOOD}))
    for field in (b"\x80" + (1 << 62).to_bytes(11, "big"), b"\xff" * 12):
        data[124:136] = field
        data[148:156] = b" " * 8
        data[148:156] = b"%06o\0 " % sum(data[:512])
        assert header_of(bytes(data[:512])) is not None
        assert found(bytes(data))[0] is UNCLEAR


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_changed_byte_never_raises_nor_hides(draw):
    """One byte changed anywhere: a verdict, and a payload that tarfile still reads is still found."""
    data = tarred({"a": GOOD, "b": EVIL})
    at = draw.draw(st.integers(0, len(data) - 1))
    changed = data[:at] + bytes([draw.draw(st.integers(0, 255))]) + data[at + 1 :]
    verdict = scan_bytes(changed, "m.tar").verdict
    try:
        with tarfile.open(fileobj=io.BytesIO(changed), mode="r:") as archive:
            readable = any(EVIL in archive.extractfile(m).read() for m in archive.getmembers() if m.isreg())
    except (tarfile.TarError, ValueError, OSError, OverflowError):
        return
    if readable:
        assert verdict is MALICIOUS
