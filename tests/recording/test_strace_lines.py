"""The tracer's notation: names survive it, halves are joined, and no line makes the reader fail."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from redan.recording.strace_calls import Traced
from redan.recording.strace_lines import Call, End, Lines, folders, texts, unescaped
from redan.recording.tally import Tally

FILE = Path(__file__).resolve().parents[2] / "fuzz" / "fuzz_strace.py"


def hexed(data):
    """strace's notation with -xx."""
    return b"".join(b"\\x%02x" % byte for byte in data)


def traced(*lines, cwd=b"/home/x"):
    """The tally of some lines."""
    run = Traced(Tally(), cwd=cwd)
    for line in lines:
        run.line(line)
    return run


@given(st.binary(min_size=1, max_size=60))
def test_every_name_survives_the_notation(name):
    """Hexadecimal, octal and C notation of a name give its bytes."""
    assert unescaped(hexed(name)) == name
    assert unescaped(b"".join(b"\\%03o" % byte for byte in name)) == name


def test_c_letters_are_read():
    """Notation without -xx uses the letters of C."""
    assert unescaped(rb"a\n\t\r\v\f\"\\\0z") == b'a\n\t\r\v\f"\\\0z'


@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name and b"/" not in name))
def test_an_open_names_what_the_descriptor_names(name):
    """The file is the one that the new descriptor stands for, whatever name was asked for."""
    path = b"/data/" + name
    line = b'7 openat(AT_FDCWD<%s>, "%s", O_RDONLY|O_CLOEXEC) = 3<%s>' % (hexed(b"/x"), hexed(b"link"), hexed(path))
    run = traced(line)
    assert set(run.tally.files) == {path}
    assert run.lines.unreadable == 0


def test_halves_of_interleaved_calls_are_joined():
    """Two threads in the middle of a call each; a signal in between."""
    run = traced(
        b'1 openat(AT_FDCWD</>, "\\x61", O_RDONLY <unfinished ...>',
        b'2 openat(AT_FDCWD</>, "\\x62", O_WRONLY|O_CREAT|O_TRUNC, 0666 <unfinished ...>',
        b"1 --- SIGCHLD {si_signo=SIGCHLD} ---",
        b"2 <... openat resumed>) = 4</b>",
        b"1 <... openat resumed>) = 3</a>",
        b"2 +++ exited with 0 +++",
        b"1 +++ exited with 3 +++",
    )
    assert run.tally.files[b"/a"].read
    assert run.tally.files[b"/b"].own
    assert run.end == End(1, 3, None)
    assert run.alive == set()
    assert run.lines.unreadable == 0


@pytest.mark.parametrize(
    "line",
    [
        b'1 openat(AT_FDCWD</>, "\\x61", O_RDONLY) = -1 ENOENT (No such file or directory)',
        b'1 openat(AT_FDCWD</>, "\\x61", O_RDONLY|O_DIRECTORY) = 3</a>',
        b'1 openat(AT_FDCWD</>, "\\x61", O_PATH) = 3</a>',
        b'1 openat(AT_FDCWD</>, "\\x61", O_RDWR|O_TMPFILE, 0600) = 3</a/#12 (deleted)>',
        b'1 openat(AT_FDCWD</>, "\\x61", O_RDONLY) = ?',
        b'1 openat(AT_FDCWD</>, "\\x61", O_RDONLY) = 3<pipe:[12]>',
        b'1 execve("\\x61", [...], 0x7ffe /* 3 vars */) = -1 ENOENT (No such file or directory)',
        b"1 --- SIGTERM {si_signo=SIGTERM} ---",
    ],
)
def test_what_opened_no_file_names_none(line):
    """Failed calls, folders, mere references and pipes are passed over."""
    run = traced(line)
    assert run.tally.files == {}
    assert run.tally.programs == {}
    assert run.lines.unreadable == 0


@pytest.mark.parametrize(
    ("lines", "source", "target"),
    [
        ([b'1 rename("\\x61", "\\x62") = 0'], b"/home/x/a", b"/home/x/b"),
        ([b'1 renameat2(3</p>, "\\x61", 4</q>, "\\x62", RENAME_NOREPLACE) = 0'], b"/p/a", b"/q/b"),
        ([b'1 renameat(AT_FDCWD</p>, "\\x61", AT_FDCWD</p>, "\\x2f\\x62") = 0'], b"/p/a", b"/b"),
        ([b'1 chdir("\\x79") = 0', b'1 rename("\\x61", "\\x2e\\x2e\\x2f\\x62") = 0'], b"/home/x/y/a", b"/home/x/b"),
        ([b"1 fchdir(3</p>) = 0", b'1 rename("\\x61", "\\x62") = 0'], b"/p/a", b"/p/b"),
        (
            [
                b"1 fchdir(3</p>) = 0",
                b"1 clone(child_stack=NULL, flags=SIGCHLD) = 9",
                b'9 rename("\\x61", "\\x62") = 0',
            ],
            b"/p/a",
            b"/p/b",
        ),
    ],
)
def test_relative_names_start_from_the_right_folder(lines, source, target):
    """Renames are located by descriptor, by the thread's folder, or by its parent's."""
    run = traced(b'1 openat(AT_FDCWD</home/x>, "z", O_WRONLY|O_CREAT|O_EXCL, 0600) = 3<%s>' % source, *lines)
    assert run.tally.files[target].own


@pytest.mark.parametrize(
    ("call", "read", "written"),
    [
        (b'open("\\x61", O_RDONLY) = 3</a>', True, False),
        (b'creat("\\x61", 0600) = 3</a>', False, True),
        (b'openat2(AT_FDCWD</>, "\\x61", {flags=O_RDWR|O_CLOEXEC, resolve=RESOLVE_BENEATH}, 24) = 3</a>', True, True),
        (b"open_by_handle_at(3</>, {handle_bytes=8, handle_type=1}, O_RDONLY) = 5</a>", True, False),
        (b'truncate("\\x2f\\x61", 0) = 0', False, True),
    ],
)
def test_each_call_says_how_the_file_was_used(call, read, written):
    """Reading and writing are told apart for every call that opens."""
    found = traced(b"1 " + call).tally.files[b"/a"]
    assert (found.read, found.written) == (read, written)


def test_network_and_io_uring_are_counted():
    """Addresses other than this machine are counted once; io_uring is a blind spot."""
    run = traced(
        b'1 connect(3<socket:[1]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("\\x31\\x30\\x2e\\x30\\x2e\\x30\\x2e\\x39")}, 16) = -1 EINPROGRESS (Operation now in progress)',
        b'1 connect(3<socket:[1]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("\\x31\\x32\\x37\\x2e\\x30\\x2e\\x30\\x2e\\x31")}, 16) = 0',
        b"1 io_uring_setup(2, {flags=0}) = 4<anon_inode:[io_uring]>",
    )
    assert run.addresses == {b"10.0.0.9"}
    assert run.uring == 1


@given(st.lists(st.binary(max_size=80), max_size=5))
@example([b"1 <... openat resumed>) = 3</x>"])
@example([b"1 openat(" + b"<" * 60])
@example([b"99999999999999999999 openat() = 3"])
def test_no_line_makes_the_reader_fail(lines):
    """Anything may stand in the channel."""
    run = traced(*lines, *(b"1 " + line for line in lines), *(b"1 openat(" + line + b") = 3</a>" for line in lines))
    assert all(path.startswith(b"/") for path in run.tally.files)


def test_arguments_are_taken_apart():
    """Names and folders of a call, in order."""
    assert texts(rb'AT_FDCWD</p>, "\x61", 3</q>, "b"') == (b"a", b"b")
    assert folders(rb'AT_FDCWD</p>, "\x61,3<x>", 3</q>, "b"') == (b"/p", b"/q")
    assert Lines().read(b'1 chdir("\\x61") = 0') == Call(1, b"chdir", b'"\\x61"', 0, None)


def test_the_pile_of_unfinished_calls_is_bounded_and_long_lines_are_refused():
    """A line beyond every possible call is counted, not kept."""
    lines = Lines()
    assert lines.read(b"1 open(" + b"x" * (1 << 17)) is None
    assert lines.unreadable == 1


def load(file):
    """A fuzz target as a module."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@given(st.binary(max_size=400))
def test_the_fuzz_target_runs_on_anything(data):
    """The target that an outside fuzzer runs."""
    load(FILE).TestOneInput(data)
