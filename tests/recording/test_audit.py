"""Runs under audit hooks: what Python opens is seen in every interpreter of the run; what is not seen is said."""

import os
import subprocess
import sys

import pytest

from recording.recording_cases import inside, ran, read
from redan.errors import IncompleteError
from redan.recording.audit import FOLDER, Told, watching
from redan.recording.tally import Tally


@pytest.fixture
def root(tmp_path):
    """A folder with two files of data."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x,y\n1,2\n", encoding="utf-8")
    return tmp_path


WAYS = {
    "open": "open('a.csv').read()",
    "os.open": "import os; os.read(os.open('a.csv', os.O_RDONLY), 9)",
    "a thread": "import threading; t = threading.Thread(target=lambda: open('a.csv').read()); t.start(); t.join()",
    "a fork": "import os\nif os.fork() == 0:\n    open('a.csv').read(); os._exit(0)\nos.wait()",
    "os.exec": "import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'open(\"a.csv\").read()'])",
    "a subprocess": "import subprocess, sys; subprocess.run([sys.executable, '-c', 'open(\"a.csv\").read()'], check=True)",
    "a changed folder": "import os; os.mkdir('sub'); os.chdir('sub'); open('../a.csv').read()",
    "a symbolic link": "import os; os.symlink('a.csv', 'link'); open('link').read()",
    "a compiled library": "import pyarrow.csv as c; c.read_csv('a.csv')",
    "a database": "import duckdb; duckdb.sql(\"select * from 'a.csv'\").fetchall()",
    "another program": "import subprocess; subprocess.run(['cat', 'a.csv'], check=True)",
    "sqlite": "import sqlite3\ntry: sqlite3.connect('a.csv').execute('select * from t')\nexcept sqlite3.Error: pass",
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_reading_in_the_project_is_seen(way, root):
    """The file that was read is named, and the other is not."""
    done = ran(root, WAYS[way], method="audit")
    assert b"a.csv" in read(done, root)
    assert b"b.csv" not in read(done, root)
    assert done.watched.status == 0


@pytest.mark.parametrize("start", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing_are_seen(start, root):
    """What workers read is seen, however they are started."""
    code = (
        "import multiprocessing as m\n"
        "def work(name):\n    return len(open(name).read())\n"
        "if __name__ == '__main__':\n"
        f"    with m.get_context('{start}').Pool(2) as pool:\n        pool.map(work, ['a.csv', 'b.csv'])\n"
    )
    assert read(ran(root, code, method="audit"), root) == {b"a.csv", b"b.csv"}


@pytest.mark.parametrize("name", [b"line\nfeed.csv", b'quote".csv', b"\xff\xfe.csv", "naïve 文.csv".encode()])
def test_odd_names_are_read_exactly(name, root):
    """Names that are no text come out byte for byte."""
    (root / os.fsdecode(name)).write_bytes(b"1\n")
    assert read(ran(root, f"open({name!r}, 'rb').read()", method="audit"), root) == {name}


def test_compiled_code_and_programs_are_named(root):
    """What ran and could open files unseen is named; Python code alone is not."""
    assert ran(root, "open('a.csv').read()", method="audit").watched.unwatched == ()
    seen = ran(root, "import pyarrow, subprocess; subprocess.run(['true'])", method="audit").watched
    assert {"pyarrow", "numpy", "true"} <= set(seen.unwatched)


def test_isolated_interpreters_are_a_gap(root):
    """A child that ignores the environment is not watched, and the record says so."""
    code = "import subprocess, sys; subprocess.run([sys.executable, '-I', '-c', 'pass'])"
    assert any("without the watcher" in gap for gap in ran(root, code, method="audit").watched.gaps)
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'pass'], env={})"
    assert any("without the watcher" in gap for gap in ran(root, code, method="audit").watched.gaps)


@pytest.mark.parametrize(
    "program", [["true"], [sys.executable, "-I", "-c", "pass"], [sys.executable, "-S", "-c", "pass"]]
)
def test_a_command_that_cannot_be_watched_leaves_no_record(program, root):
    """No Python, or one that does not load the watcher: nothing is claimed."""
    with pytest.raises(IncompleteError, match="no Python that could be watched"):
        ran(root, "", method="audit", program=program)


def test_failed_opens_and_own_files_are_no_inputs(root):
    """What was not there was not read; what the run wrote itself is no input."""
    code = "try: open('none.csv')\nexcept OSError: pass\nopen('c.csv', 'w').write('1'); open('c.csv').read()"
    done = ran(root, code, method="audit")
    assert read(done, root) == set()
    assert inside(done, root)[b"c.csv"].own


def test_a_rename_makes_an_output(root):
    """A file that is written under another name and renamed is an output under its last name."""
    done = ran(root, "import os; open('m.tmp', 'w').write('1'); os.replace('m.tmp', 'm.bin')", method="audit")
    assert inside(done, root)[b"m.bin"].written
    assert b"m.bin" not in read(done, root)


def test_the_users_own_sitecustomize_still_runs(root):
    """The watcher steps aside for a `sitecustomize` that was there."""
    (root / "own").mkdir()
    (root / "own" / "sitecustomize.py").write_text("import builtins; builtins.mine = 1\n", encoding="utf-8")
    code = f"assert mine == 1\nimport sys\nassert {str(FOLDER)!r} not in sys.path"
    assert ran(root, code, method="audit", env={"PYTHONPATH": str(root / "own")}).watched.status == 0


def test_this_very_process_is_watched(root, monkeypatch):
    """A block in a notebook is watched, its children too; outside the block nothing is."""
    monkeypatch.chdir(root)
    (root / "c.csv").write_text("1\n", encoding="utf-8")
    tally = Tally()
    with watching(tally, root.resolve()) as seen:
        (root / "a.csv").read_text(encoding="utf-8")
        subprocess.run([sys.executable, "-c", "open('b.csv').read()"], check=True)
    (root / "c.csv").read_text(encoding="utf-8")
    names = {path.rpartition(b"/")[2] for path, access in tally.files.items() if access.read}
    assert {b"a.csv", b"b.csv"} <= names
    assert b"c.csv" not in names
    assert "REDAN_RECORD_LOG" not in os.environ
    assert seen[0].gaps[0].startswith("what this process had read before")


@pytest.mark.parametrize(
    "line", [b"", b"f", b"f r", b"f r zz", b"f r 61", b"m - 2f61", b"q - 2f61", b"\xff\x00", b"f r 2f00"]
)
def test_odd_lines_of_the_log_are_counted_not_believed(line):
    """A hostile run can write into the log; what makes no sense is counted."""
    told = Told(Tally())
    told.line(line)
    assert told.unreadable == 1
    assert told.tally.files == {}
