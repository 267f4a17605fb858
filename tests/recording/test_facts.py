"""Files of a run are put where they belong; inputs and outputs have the digests of what was read and written."""

import hashlib
import os
import sysconfig
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording.recording_cases import ran
from redan.recording.digests import Digests, State
from redan.recording.facts import facts
from redan.recording.names import shown
from redan.recording.packages import packages
from redan.recording.places import Place, place, source_of
from redan.recording.tally import Access, Tally

ROOT, HOME = Path("/home/x/proj"), Path("/home/x")
SITE = Path(sysconfig.get_paths()["purelib"])


def sha(data):
    """SHA-256 as hex."""
    return hashlib.sha256(data).hexdigest()


def of(root, code, method="audit", **more):
    """The facts of a run."""
    done = ran(root, code, method=method, **more)
    return facts(done.watched.files, done.watched.programs, done.digests, root.resolve())


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/home/x/proj/data/train.csv", Place.PROJECT),
        ("/home/x/proj/__pycache__/m.cpython-311.pyc", Place.BYTECODE),
        ("/home/x/proj/.git/HEAD", Place.VERSIONS),
        ("/home/x/proj/.git/hidden.csv", Place.PROJECT),
        ("/home/x/proj/.venv/lib/python3.11/site-packages/pkg/mod.py", Place.PACKAGES),
        ("/home/x/proj/.venv/lib/python3.11/site-packages/easy-install.pth", Place.PACKAGES),
        ("/home/x/proj/.venv/lib/python3.11/site-packages/pkg/weights.pth", Place.PACKAGE_DATA),
        ("/usr/lib/python3/dist-packages/pkg/iris.csv.gz", Place.PACKAGE_DATA),
        ("/home/x/.pyenv/versions/3.11.7/lib/python3.11/os.py", Place.INTERPRETER),
        ("/usr/lib/python3.11/os.py", Place.INTERPRETER),
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", Place.SYSTEM),
        ("/usr/share/zoneinfo/UTC", Place.SYSTEM),
        ("/usr/share/data/extra.parquet", Place.OUTSIDE),
        ("/etc/extra.csv", Place.OUTSIDE),
        ("/opt/cuda/lib64/libcudart.so.12.1", Place.SYSTEM),
        ("/opt/conda/etc/fonts.conf", Place.INTERPRETER),
        ("/opt/data/extra.txt", Place.OUTSIDE),
        ("/home/x/.cache/huggingface/hub/model.safetensors", Place.OUTSIDE),
        ("/home/x/.config/matplotlib/matplotlibrc", Place.SETTINGS),
        ("/home/x/.config/planted.csv", Place.SETTINGS),
        ("/home/x/project-2/train.csv", Place.OUTSIDE),
        ("/dev/shm/segment", Place.OUTSIDE),
    ],
)
def test_each_file_has_its_place(path, where):
    """Software and the system are told from data, wherever data lies."""
    expected = Place.OUTSIDE if path.endswith("planted.csv") else where
    assert place(path.encode(), ROOT, home=HOME, prefixes=[b"/opt/conda"]) is expected


def test_compiled_python_stands_for_its_source(tmp_path):
    """An import that reads compiled code alone still names the source."""
    assert source_of(b"/p/__pycache__/helper.cpython-311.opt-1.pyc") == b"/p/helper.py"
    (tmp_path / "helper.py").write_text("x = 1\n", encoding="utf-8")
    for _ in range(2):
        found = of(tmp_path, "import helper")
        assert tmp_path / "helper.py" in {Path(os.fsdecode(item.path)) for item in found.inputs}


def test_digests_are_those_of_the_bytes(tmp_path):
    """What was read and what was written, each with its own digest and size."""
    (tmp_path / "a.csv").write_bytes(b"1,2\n")
    time.sleep(0.05)
    found = of(tmp_path, "open('m.bin', 'wb').write(open('a.csv', 'rb').read() * 2)")
    read = {Path(os.fsdecode(i.path)).name: i.settled for i in found.inputs}
    assert read["a.csv"] == (State.UNCHANGED, sha(b"1,2\n"), 4)
    assert [(Path(os.fsdecode(p)).name, s.sha256) for p, s in found.outputs] == [("m.bin", sha(b"1,2\n1,2\n"))]


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("open('a.csv').read()", State.UNCHANGED),
        ("open('a.csv').read(); open('a.csv', 'a').write('3')", State.CHANGED),
        ("import os; s = open('a.csv').read(); os.remove('a.csv'); open('a.csv', 'w').write(s)", State.CHANGED),
        (
            "import os; os.replace('a.csv', 'k'); os.replace('b.csv', 'a.csv'); open('a.csv').read(); os.replace('a.csv', 'b.csv'); os.replace('k', 'a.csv')",
            State.CHANGED,
        ),
        ("import os; open('a.csv').read(); os.remove('a.csv')", State.GONE),
        ("import os; open('a.csv').read(); open('a.csv', 'a').write('3'); os.utime('a.csv', (1, 1))", State.CHANGED),
    ],
)
def test_a_file_that_is_touched_while_it_is_read_is_never_unchanged(code, state, tmp_path):
    """Changes, exchanges and removals show, also when the file is put back afterwards."""
    (tmp_path / "a.csv").write_bytes(b"1,2\n")
    (tmp_path / "b.csv").write_bytes(b"9,9\n")
    time.sleep(0.05)
    found = {Path(os.fsdecode(i.path)).name: i.settled for i in of(tmp_path, code).inputs}
    assert found["a.csv"].state is state


def test_inputs_that_the_run_changes_keep_their_first_digest(tmp_path):
    """A declared file is digested before the run can touch it."""
    file = tmp_path / "a.csv"
    file.write_bytes(b"1,2\n")
    time.sleep(0.05)
    digests = Digests(time.time_ns())
    digests.want(os.fsencode(file))
    digests.close()
    time.sleep(0.05)
    file.write_bytes(b"changed")
    assert digests.settle(os.fsencode(file), Access(read=True)) == (State.CHANGED, sha(b"1,2\n"), 4)
    file.unlink()
    assert digests.settle(os.fsencode(file), Access(read=True)) == (State.GONE, sha(b"1,2\n"), 4)


def test_devices_and_folders_are_no_files(tmp_path):
    """Only regular files are listed."""
    digests = Digests(time.time_ns())
    digests.close()
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        assert digests.settle(os.fsencode(path), Access(read=True)) is None


def test_packages_are_named_with_the_digest_of_their_record():
    """A file of an installed package belongs to it; one that no package has is left over."""
    known, stray = SITE / "pytest" / "__init__.py", SITE / "no_such_package_at_all.csv"
    found = packages([os.fsencode(known), os.fsencode(stray)])
    record = next(SITE.glob("pytest-*.dist-info")) / "RECORD"
    assert [(p.name, p.record, p.files) for p in found.used] == [("pytest", sha(record.read_bytes()), 1)]
    assert found.listed[os.fsencode(known)].sha256 == sha(known.read_bytes())
    assert found.unlisted == (os.fsencode(stray),)


def made(site, name, files):
    """An installed package on disk, with its RECORD."""
    import base64

    lines = []
    for file, data in files.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_bytes(data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{file},sha256={digest},{len(data)}")
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_data_inside_a_package_is_listed(tmp_path):
    """Data of a package, data that no package has, and a changed file are listed; code as installed is counted."""
    site = tmp_path / "env" / "lib" / "python3.11" / "site-packages"
    made(
        site,
        "toys",
        {"toys/__init__.py": b"x = 1\n", "toys/iris.csv": b"1,2\n", "toys/notes.txt": b"n", "toys/odd.txt": b"n"},
    )
    (site / "toys" / "planted.txt").write_bytes(b"more")
    (site / "toys" / "odd.txt").write_bytes(b"changed since")
    project = tmp_path / "proj"
    project.mkdir()
    time.sleep(0.05)
    names = ["__init__.py", "iris.csv", "notes.txt", "odd.txt", "planted.txt"]
    found = of(project, "\n".join(f"open({str(site / 'toys' / name)!r}).read()" for name in names))
    listed = {Path(os.fsdecode(item.path)).name: item.package for item in found.inputs}
    assert listed == {"run.py": None, "iris.csv": "toys", "odd.txt": None, "planted.txt": None}
    assert [(p.name, p.version, p.files) for p in found.packages if p.name == "toys"] == [("toys", "1.0", 4)]


def test_temporary_files_are_counted(tmp_path):
    """Files that were made and removed by the run are a number."""
    code = "import os\nfor i in range(3):\n    open(f't{i}', 'w').close(); os.remove(f't{i}')"
    found = of(tmp_path, code)
    assert found.counted["temporary"] == 3
    assert found.outputs == ()


@given(
    st.binary(min_size=1, max_size=30).filter(lambda b: b"\0" not in b),
    st.binary(min_size=1, max_size=30).filter(lambda b: b"\0" not in b),
)
def test_two_files_never_share_a_name(one, other):
    """Names in a record are printable, and as different as the files."""
    root = Path("/p")
    names = [shown(b"/p/" + path, root) for path in (one, other)]
    assert (names[0] == names[1]) == (one == other)
    assert all(name.isprintable() for name in names)


def test_names_do_not_tell_who_the_user_is():
    """Paths below the user's folder are written with a tilde."""
    assert shown(b"/home/x/data/a.csv", ROOT, HOME) == "~/data/a.csv"
    assert shown(b"/home/x/proj/a.csv", ROOT, HOME) == "a.csv"
    assert shown(b"/home/xy/a.csv", ROOT, HOME) == "/home/xy/a.csv"


def test_the_tally_forgets_no_order():
    """Reading before writing is an input; reading after is not; a new name moves what is known."""
    tally = Tally()
    tally.opened(b"/a", read=True, written=False)
    tally.opened(b"/a", read=False, written=True, emptied=True)
    tally.opened(b"/b", read=False, written=True, emptied=True)
    tally.opened(b"/b", read=True, written=False)
    tally.renamed(b"/b", b"/c")
    tally.opened(b"/c", read=True, written=False)
    assert tally.files[b"/a"].read
    assert not tally.files[b"/b"].read
    assert not tally.files[b"/c"].read
    tally.opened(b"/proc/self/maps", read=True, written=False)
    assert tally.kernel == 1
