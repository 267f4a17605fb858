"""Compressed streams: what they hold is read, and what stands behind their end is told."""

import bz2
import gzip
import lzma
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.scan import ScanVerdict, scan_bytes
from scan.hostile import styles

EVIL = styles("os", "system")["global-0"]
GOOD = b"\x80\x02]q\x00."
PACKERS = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}
CLEAN, UNCLEAR, MALICIOUS = ScanVerdict.CLEAN, ScanVerdict.NOT_UNDERSTOOD, ScanVerdict.MALICIOUS


@pytest.mark.parametrize("codec", PACKERS)
def test_content_decides(codec):
    """A packed file is what it holds, and its format is told."""
    pack = PACKERS[codec]
    assert scan_bytes(pack(GOOD), "m.joblib").verdict is CLEAN
    assert scan_bytes(pack(GOOD), "m.joblib").format == codec
    assert scan_bytes(pack(EVIL), "m.joblib").verdict is MALICIOUS
    assert scan_bytes(pack(b"\x01\x02\x03"), "m.joblib").verdict is UNCLEAR


@pytest.mark.parametrize("codec", PACKERS)
def test_a_broken_stream_shows_what_came_before(codec):
    """Truncated streams and broken checksums are not understood, and hide nothing that was unpacked."""
    whole = PACKERS[codec](EVIL + bytes(100_000))
    cut = scan_bytes(whole[: len(whole) - 6], "m")
    assert cut.verdict is not CLEAN
    if codec in {"gzip", "zlib"}:
        assert cut.verdict is MALICIOUS
        assert "unread-broken-stream" in {d.rule for d in cut.detections}


@pytest.mark.parametrize("codec", PACKERS)
def test_what_stands_behind_is_told(codec):
    """Bytes behind the end of a stream are not clean."""
    assert scan_bytes(PACKERS[codec](GOOD) + b"tail", "m").verdict is UNCLEAR


@pytest.mark.parametrize("codec", ["gzip", "bzip2", "xz"])
def test_further_streams_are_read(codec):
    """Loaders read one stream after the other as one file."""
    pack = PACKERS[codec]
    half = len(EVIL) // 2
    assert scan_bytes(pack(EVIL[:half]) + pack(EVIL[half:]), "m").verdict is MALICIOUS


@pytest.mark.parametrize("codec", ["gzip", "zlib", "xz", "lzma"])
def test_what_stands_before_a_broken_byte_is_read(codec):
    """A stream whose later bytes are broken has already given the payload to a loader that reads in small steps."""
    import random

    noise = random.Random(0).randbytes(20_000)
    whole = bytearray(PACKERS[codec](EVIL + noise))
    whole[len(whole) // 2 :] = bytes(len(whole) - len(whole) // 2)
    assert scan_bytes(bytes(whole), "m").verdict is MALICIOUS


def test_padding_between_streams_is_passed_over():
    """gzip and xz allow zero bytes between streams."""
    assert scan_bytes(gzip.compress(b"") + bytes(100) + gzip.compress(EVIL), "m").verdict is MALICIOUS
    assert scan_bytes(gzip.compress(GOOD) + bytes(100), "m").verdict is CLEAN


def test_large_content_leaves_no_file_behind(tmp_path, monkeypatch):
    """What is unpacked beyond memory goes to a file without a name, which is gone afterwards."""
    monkeypatch.setattr("redan.scan.archives.spool._IN_MEMORY_BYTES", 1000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data = b"\x80\x04\x8e" + (1 << 20).to_bytes(8, "little") + bytes(1 << 20) + b"." + EVIL
    assert scan_bytes(gzip.compress(data), "m").verdict is MALICIOUS
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(PACKERS)), st.binary(max_size=300), st.data())
def test_the_stream_is_unpacked_as_its_library_does(codec, content, draw):
    """Round trip through the library, in pieces of any size, and the end is where the library finds it."""
    from redan.scan.archives.unpack import Unpacker
    from redan.scan.region import Region

    packed = PACKERS[codec](content)
    tail = draw.draw(st.sampled_from([b"", b"xyz"]))
    unpacker = Unpacker(Region.of(packed + tail), codec)
    assert b"".join(unpacker) == content
    assert (unpacker.fault, unpacker.end) == ("", len(packed))
