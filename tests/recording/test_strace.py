"""Runs under strace: every way that a file is opened is seen, and nothing that a run prints passes for a trace."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recording.recording_cases import TOOL, inside, needs_strace, ran, read
from redan.errors import IncompleteError
from redan.recording import strace
from redan.recording.tally import Tally

pytestmark = needs_strace


@pytest.fixture
def root(tmp_path):
    """A folder with two files of data."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x,y\n1,2\n", encoding="utf-8")
    return tmp_path


WAYS = {
    "a subprocess": "import subprocess; subprocess.run(['cat', 'a.csv'], check=True)",
    "a shell": "import os; os.system('cat < a.csv > /dev/null')",
    "a thread": "import threading; t = threading.Thread(target=lambda: open('a.csv').read()); t.start(); t.join()",
    "a fork": "import os\nif os.fork() == 0:\n    open('a.csv').read(); os._exit(0)\nos.wait()",
    "os.exec": "import os; os.execvp('cat', ['cat', 'a.csv'])",
    "a folder's descriptor": "import os; d = os.open('.', os.O_RDONLY); os.chdir('/'); os.read(os.open('a.csv', os.O_RDONLY, dir_fd=d), 9)",
    "a changed folder": "import os; os.mkdir('sub'); os.chdir('sub'); open('../a.csv').read()",
    "a changed folder by descriptor": "import os; d = os.open('.', os.O_RDONLY); os.chdir('/'); os.fchdir(d); open('a.csv').read()",
    "a symbolic link": "import os; os.symlink('a.csv', 'link'); open('link').read()",
    "the system call": "import ctypes; l = ctypes.CDLL(None); l.syscall(257, -100, b'a.csv', 0)",
    "a mapped file": "import mmap; f = open('a.csv', 'rb'); mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)[:3]",
    "reading and writing": "open('a.csv', 'r+').read()",
    "sqlite": "import sqlite3\ntry: sqlite3.connect('a.csv').execute('select * from t')\nexcept sqlite3.Error: pass",
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_reading_is_seen(way, root):
    """The file that was read is named, and the other is not."""
    done = ran(root, WAYS[way])
    assert b"a.csv" in read(done, root)
    assert b"b.csv" not in read(done, root)
    assert done.watched.gaps == ()
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
    assert read(ran(root, code), root) == {b"a.csv", b"b.csv"}


def test_c_libraries_are_seen(root):
    """DuckDB and Arrow open files without Python; both are seen."""
    code = "import duckdb, pyarrow.csv as c\nduckdb.sql(\"select * from 'a.csv'\").fetchall(); c.read_csv('b.csv')"
    assert read(ran(root, code), root) == {b"a.csv", b"b.csv"}


@pytest.mark.parametrize(
    "name",
    [
        b"line\nfeed.csv",
        b'quote".csv',
        b"\xff\xfe.csv",
        b"back\\slash.csv",
        b"arrow> = 3<etc.csv",
        "naïve 文.csv".encode(),
    ],
)
def test_odd_names_are_read_exactly(name, root):
    """Names that look like syntax, or are no text, come out byte for byte."""
    (root / os.fsdecode(name)).write_bytes(b"1\n")
    assert read(ran(root, f"open({name!r}, 'rb').read()"), root) == {name}


def test_a_deleted_folder_hides_nothing(root):
    """A run whose folder was removed is still watched; its last name is what there is."""
    code = f"import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); open({str(root / 'a.csv')!r}).read()"
    assert b"a.csv" in read(ran(root, code), root)


def test_what_a_run_prints_is_no_trace(root):
    """Lines that look like the tracer's, on either stream, name nothing."""
    line = '77 openat(AT_FDCWD</>, \\"/etc/forged\\", O_RDONLY) = 3</etc/forged>\\n'
    done = ran(root, f'import sys; sys.stdout.write("{line}" * 3); sys.stderr.write("{line}" * 3)')
    assert b"/etc/forged" not in done.watched.files
    assert done.watched.gaps == ()


def test_a_rename_makes_an_output(root):
    """A file that is written under another name and renamed is an output under its last name."""
    done = ran(root, "import os; open('m.tmp', 'w').write('1'); os.replace('m.tmp', 'm.bin')")
    assert inside(done, root)[b"m.bin"].written
    assert read(done, root) == set()


def test_what_a_run_wrote_itself_is_no_input(root):
    """Reading back what the run wrote reads nothing from before; appending to what was there and reading does."""
    assert read(ran(root, "open('c.csv', 'w').write('1'); open('c.csv').read()"), root) == set()
    assert read(ran(root, "open('d.csv', 'a').write('1'); open('d.csv').read()"), root) == set()
    assert read(ran(root, "open('a.csv', 'a').write('1'); open('a.csv').read()"), root) == {b"a.csv"}


def test_another_file_under_a_declared_name_is_noticed(root):
    """An input that was put in place by a rename during the run is read and written."""
    found = inside(ran(root, "import os; os.replace('b.csv', 'a.csv'); open('a.csv').read()"), root)
    assert found[b"a.csv"].read
    assert found[b"a.csv"].written


def test_a_million_opens_cost_no_memory(root):
    """Opening one file again and again is one entry; more files than the limit are counted as a gap."""
    done = ran(root, "for _ in range(20_000): open('a.csv').close()")
    assert read(done, root) == {b"a.csv"}
    tally = Tally(limit=50)
    code = "import os\nfor i in range(200): open(f'f{i}', 'w').close()"
    watched = strace.watch(
        [sys.executable, "-I", "-c", f"import os; os.chdir({str(root)!r})\n{code}"], TOOL, tally, env=os.environ
    )
    assert len(watched.files) == 50
    assert any("beyond the first 50 files" in gap for gap in watched.gaps)


def test_many_forks_are_followed(root):
    """A run that forks a lot leaves no process untold."""
    code = "import os\nfor i in range(200):\n    if os.fork() == 0:\n        open('a.csv').close(); os._exit(0)\nfor i in range(200): os.wait()"
    done = ran(root, code)
    assert done.watched.threads >= 201
    assert done.watched.gaps == ()


def test_the_exit_status_is_that_of_the_command(root):
    """A failing command and a killed one are told apart."""
    assert ran(root, "raise SystemExit(7)").watched.status == 7
    assert ran(root, "import os; os.kill(os.getpid(), 9)").watched.status == -9


def test_processes_that_outlive_the_command_are_ended(root):
    """A detached child that stays is ended after a while, and the record says so."""
    code = "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(60)"
    tally = Tally()
    watched = strace.watch([sys.executable, "-I", "-c", code], TOOL, tally, env=os.environ, linger_s=0.3)
    assert watched.status == 0
    assert any("outlived the command" in gap for gap in watched.gaps)


def test_io_uring_is_a_gap(root):
    """Whoever sets up io_uring can open files unseen; the record says that it was set up."""
    code = "import ctypes; b = ctypes.create_string_buffer(120); print(ctypes.CDLL(None).syscall(425, 2, b))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if done.stdout.strip() == "-1":
        pytest.skip("io_uring is not allowed here")
    assert any("io_uring" in gap for gap in ran(root, code).watched.gaps)


def test_opening_the_tracers_channel_is_a_gap(root):
    """A run that writes into the tracer's channel cannot do so unseen."""
    code = (
        "import glob, tempfile\n"
        "for name in glob.glob(tempfile.gettempdir() + '/redan-record-*/trace'):\n    open(name, 'r+b', 0).close()"
    )
    assert "the run opened the tracer's own channel" in ran(root, code).watched.gaps


def test_a_lost_tracer_leaves_no_record(root):
    """When the tracer is killed, nothing is claimed."""
    code = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    with pytest.raises(IncompleteError, match="strace ended before"):
        ran(root, code)


def test_standard_input_is_an_input(root):
    """A file that the shell opened as standard input counts as read."""
    tests = Path(__file__).parents[1]
    code = (
        f"import sys; sys.path[:0] = [{str(tests.parent / 'src')!r}, {str(tests)!r}]\n"
        "from pathlib import Path\nfrom recording.recording_cases import ran, read\n"
        f"root = Path({str(root)!r}); print(sorted(read(ran(root, 'input()'), root)))"
    )
    with (root / "a.csv").open("rb") as data:
        done = subprocess.run([sys.executable, "-c", code], stdin=data, capture_output=True, text=True, check=True)
    assert "[b'a.csv']" in done.stdout


def test_an_interrupt_ends_the_run_and_its_children(root):
    """Ctrl-C reaches the command and its children; nothing goes on, and no temporary folder stays."""
    code = "import os, time\nif os.fork() == 0:\n    time.sleep(60)\nopen('ready', 'w').close()\ntime.sleep(60)"
    (root / "run.py").write_text(code, encoding="utf-8")
    outer = (
        f"import os, sys; sys.path.insert(0, {str(Path(__file__).parents[2] / 'src')!r})\n"
        "from pathlib import Path\nfrom redan.recording.run import run\nfrom redan.recording.session import Session\n"
        "try: run([sys.executable, 'run.py'], Session(Path.cwd()), env=os.environ)\n"
        "except KeyboardInterrupt: print('ended')"
    )
    (root / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", outer],
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(root / "tmp")},
    )
    until((root / "ready").exists)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0].strip() == "ended"
    assert not [entry for entry in Path("/proc").glob("[0-9]*") if runs_in(entry, root)]
    assert list((root / "tmp").iterdir()) == []


def until(ready):
    """Waits until something is there."""
    for _ in range(600):
        if ready():
            return
        time.sleep(0.05)
    raise TimeoutError


def runs_in(process, root):
    """Whether a process works in a folder."""
    try:
        return (process / "cwd").resolve() == root.resolve()
    except OSError:
        return False


def test_without_strace_the_reason_is_said(monkeypatch, tmp_path):
    """No strace, or one that may not trace, gives a reason instead of a tool."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert strace.probe() == "strace is not installed"
    fake = tmp_path / "strace"
    fake.write_text(
        "#!/bin/sh\necho 'strace: ptrace(PTRACE_TRACEME): Operation not permitted' >&2\nexit 1\n", encoding="utf-8"
    )
    fake.chmod(0o755)
    assert strace.probe() == "tracing is not permitted here"
