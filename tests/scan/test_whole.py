"""Files and folders: digests of what was examined, and a verdict for whatever cannot be read."""

import hashlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.scan import Detection, Scanned, ScanVerdict, scan_bytes, scan_file, scan_paths, whole
from scan.hostile import PAIRS, containers, odd_streams, styles

EVIL = styles("os", "system")["global-0"]
GOOD = b"\x80\x02]q\x00."


def test_the_digest_is_of_the_bytes(tmp_path):
    """SHA-256, size and name of the very file; a clean file has nothing to say."""
    path = tmp_path / "m.pkl"
    path.write_bytes(GOOD)
    found = scan_file(path, "m.pkl")
    assert found == Scanned(
        name="m.pkl", format="pickle", sha256=hashlib.sha256(GOOD).hexdigest(), size=len(GOOD), detections=(), unread=()
    )
    assert scan_bytes(GOOD, "m.pkl") == found


def test_large_files_are_read_where_they_are(tmp_path, monkeypatch):
    """A file beyond what is held in memory gives the same answer."""
    path = tmp_path / "m.pkl"
    path.write_bytes(EVIL)
    held = scan_file(path, "x")
    monkeypatch.setattr(whole, "_IN_MEMORY_BYTES", 4)
    assert scan_file(path, "x") == held


@pytest.mark.parametrize("in_memory", [0, 1 << 20])
@pytest.mark.parametrize("change", ["grow", "shrink", "touch"])
def test_a_file_that_changes_meanwhile_is_not_clean(tmp_path, monkeypatch, change, in_memory):
    """Growing, shrinking or being written while it is examined."""
    path = tmp_path / "m.pkl"
    path.write_bytes(GOOD)
    real = whole._scanned

    def meddled(*args):
        if change == "touch":
            os.utime(path, (1, 1))
        else:
            path.write_bytes(GOOD * 2 if change == "grow" else b"")
        return real(*args)

    monkeypatch.setattr(whole, "_IN_MEMORY_BYTES", in_memory)
    monkeypatch.setattr(whole, "_scanned", meddled)
    found = scan_file(path)
    assert found.verdict is ScanVerdict.NOT_UNDERSTOOD
    assert found.sha256 == ""
    assert any("changed" in line for line in found.unread)


def test_links_and_special_files_are_refused(tmp_path):
    """Links, pipes, folders given as files and absent files: a verdict each, never a crash."""
    (tmp_path / "real").write_bytes(GOOD)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "cycle").symlink_to("cycle")
    os.mkfifo(tmp_path / "pipe")
    found = {scanned.name.rpartition("/")[2]: scanned for scanned in scan_paths([tmp_path])}
    assert {name: s.verdict.value for name, s in found.items()} == {
        "cycle": "not-understood",
        "link": "not-understood",
        "pipe": "not-understood",
        "real": "clean",
    }
    for name in ("link", "cycle", "pipe", "absent", "."):
        assert scan_file(tmp_path / name).verdict is ScanVerdict.NOT_UNDERSTOOD


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_not_clean(tmp_path):
    """Permissions that keep the scan out are told."""
    path = tmp_path / "m.pkl"
    path.write_bytes(GOOD)
    path.chmod(0)
    assert scan_file(path).verdict is ScanVerdict.NOT_UNDERSTOOD


def test_names_that_steer_are_escaped_in_places(tmp_path):
    """A member's name with control characters is escaped where it is told."""
    from scan.hostile import zipped

    found = scan_bytes(zipped({"a\x1b[2J\nb": EVIL}), "m.zip")
    assert found.verdict is ScanVerdict.MALICIOUS
    text = " ".join([*(d.what + d.member for d in found.detections), *found.unread])
    assert "\x1b" not in text
    assert "\n" not in text


def test_folders_are_walked_in_order_with_progress(tmp_path):
    """Every file below, sorted; progress counts them and ends full."""
    for name in ("b", "a/c", "a/b/d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(GOOD)
    told = []
    found = [s.name for s in scan_paths([tmp_path], lambda *step: told.append(step))]
    assert [name.removeprefix(f"{tmp_path}/") for name in found] == ["a/b/d", "a/c", "b"]
    assert [done for done, _, _ in told] == [0, 1, 2, 3]
    assert told[-1] == (3, 3, "")


def test_an_empty_file_is_clean():
    """No loader runs anything of an empty file."""
    assert scan_bytes(b"", "x").verdict is ScanVerdict.CLEAN


def test_detections_are_counted_when_they_are_too_many(monkeypatch):
    """A file with endless faults gives a bounded answer with the same verdict."""
    monkeypatch.setattr(whole, "_MOST_TOLD", 3)
    data = b"](" + b"".join(b"cos\nf%d\n" % n for n in range(50)) + b"e."
    found = scan_bytes(data, "m")
    assert found.verdict is ScanVerdict.MALICIOUS
    assert len(found.detections) == 4
    assert "47 more" in found.detections[-1].what


def test_the_worst_verdict_wins_and_unread_is_never_clean():
    """A file is as bad as its worst detection; one with anything unread is not clean."""
    plain = {"name": "x", "format": "pickle", "sha256": "", "size": 0}
    advice = Detection(rule="a", verdict=ScanVerdict.CLEAN, what="x")
    assert Scanned(**plain, detections=(advice,)).verdict is ScanVerdict.CLEAN
    assert Scanned(**plain, detections=(advice,), unread=("y",)).verdict is ScanVerdict.NOT_UNDERSTOOD


@pytest.mark.parametrize("suffix", [".safetensors", ".onnx", ".gguf", ".json", ".txt", ".npy"])
def test_a_name_that_promises_less_is_told(suffix):
    """A pickle under the name of a format without code is not clean even when it is harmless (CVE-2025-1889)."""
    found = scan_bytes(GOOD, f"model{suffix}")
    assert found.verdict is ScanVerdict.NOT_UNDERSTOOD
    assert "extension-mismatch" in {d.rule for d in found.detections}
    assert scan_bytes(EVIL, f"model{suffix}").verdict is ScanVerdict.MALICIOUS


SEEDS = [*containers(EVIL).values(), *odd_streams().values(), *styles(*PAIRS[0]).values()]


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=4),
    st.integers(0, 1 << 16),
)
def test_any_bytes_give_a_verdict(seed, changes, cut):
    """Hostile samples with bytes changed and the end cut off: always a `Scanned`, twice the same."""
    data = bytearray(seed[: len(seed) - cut % (len(seed) + 1)] if cut % 3 == 0 else seed)
    for at, value in changes:
        if data:
            data[at % len(data)] = value
    first = scan_bytes(bytes(data), "m.bin")
    assert isinstance(first, Scanned)
    assert first == scan_bytes(bytes(data), "m.bin")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600), st.sampled_from(["m.pkl", "m.pt", "m.zip", "m.txt", "", "\0"]))
def test_noise_gives_a_verdict(data, name):
    """Random bytes under any name."""
    assert scan_bytes(data, name).size == len(data)
