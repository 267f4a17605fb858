"""Watches a run with strace: every file that it or its children open, C libraries included.

Source: strace(1); --seccomp-bpf lets calls that nobody asked for run at full speed.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from redan.errors import IncompleteError
from redan.recording.observation import Method, Watched
from redan.recording.processes import Started, traced_by
from redan.recording.strace_calls import CALLS, Traced
from redan.recording.strace_lines import LINE_LIMIT_BYTES
from redan.recording.tally import Tally

LINGER_S = 30.0  # daemons that outlive the command; strace cannot let go of them without breaking them
_READ_BYTES = 1 << 16
_PIPE_BYTES = 1 << 20
_PROBE_S = 20
_VERSION = re.compile(rb"version (\S{1,40})")


class Tool(NamedTuple):
    """A strace that works here.

    Args:
        path: of the program.
        version: as it prints it.
        options: that it understands and that are allowed.
    """

    path: str
    version: str
    options: tuple[str, ...]


def probe() -> Tool | str:
    """The strace of this machine, tried on a command that does nothing; or why it cannot be used, as a clause."""
    path = shutil.which("strace")
    if path is None:
        return "strace is not installed"
    said = _tried([path, "-V"])
    found = _VERSION.search(said.stdout)
    fast = ("-f", "--seccomp-bpf", *_options())
    for options in (fast, ("-f", *_options())):
        tried = _tried([path, *options, "-o", os.devnull, "--", "true"])
        if tried.returncode == 0 and b"seccomp" not in tried.stderr:
            return Tool(path, found[1].decode("ascii", "replace") if found else "unknown", options)
    words = " ".join(tried.stderr.decode("utf-8", "replace").split())
    return "tracing is not permitted here" if "not permitted" in words else f"strace does not work here: {words[:120]}"


def _options() -> tuple[str, ...]:
    # A question mark passes over calls that this machine's kernel does not have.
    return ("-q", "-y", "-xx", "-s", "0", "-e", "trace=" + ",".join(f"?{name}" for name in CALLS))


def _tried(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, capture_output=True, timeout=_PROBE_S, check=False)  # noqa: S603 -- fixed words
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, b"", str(type(error).__name__).encode())


def watch(
    command: Sequence[str],
    tool: Tool,
    tally: Tally,
    *,
    env: Mapping[str, str],
    output: int | None = None,
    linger_s: float = LINGER_S,
) -> Watched:
    """Runs a command under strace until it and all its children have ended.

    Args:
        command: words; the first is a program that exists.
        tool: from `probe`.
        tally: filled while the command runs.
        env: the whole environment.
        output: descriptor that its standard output goes to; the caller's own when None.
        linger_s: how long children may outlive the command before they are ended.

    Returns:
        What was seen; `gaps` says what this run did that strace could not follow.

    Raises:
        IncompleteError: the tracer ended before the command did.
    """
    traced = Traced(tally, cwd=os.fsencode(Path.cwd()))
    with tempfile.TemporaryDirectory(prefix="redan-record-") as folder:
        channel = _Channel(Path(folder) / "trace", traced)
        words = [tool.path, *tool.options, "-o", str(channel.path), "--", *command]
        tracer: list[int] = []
        try:
            with Started(words, env=env, output=output, known=lambda: _known(traced, tracer)) as started:
                tracer.append(started.process.pid)
                lingering = _waited(started, traced, linger_s)
                if traced.end is None:  # the tracer was lost, and what it traced must not go on unwatched
                    started.end(signal.SIGKILL)
        finally:
            channel.close()
        touched = any(path.startswith(os.fsencode(folder)) for path in tally.files)
    gaps = [*_gaps(traced, channel), *([f"{lingering} were still running and were ended"] if lingering else [])]
    if touched:
        gaps.append("the run opened the tracer's own channel")
    return Watched(
        method=Method.STRACE,
        tool=f"strace {tool.version}",
        files=tally.files,
        programs=tuple(tally.programs),
        kernel=tally.kernel,
        threads=traced.threads,
        addresses=len(traced.addresses),
        gaps=tuple(gaps),
        status=_status(traced),
    )


class _Channel:
    """A named pipe that the tracer writes and a thread reads: bounded, whatever the run does."""

    def __init__(self, path: Path, traced: Traced) -> None:
        self.path = path
        self.too_long = 0
        os.mkfifo(path, 0o600)
        self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._writer = os.open(path, os.O_WRONLY | os.O_CLOEXEC)  # held, so that the end is ours to say
        os.set_blocking(self._reader, True)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            try:
                fcntl.fcntl(self._reader, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            except OSError:
                self.too_long = 0  # a smaller pipe is only slower
        self._thread = threading.Thread(target=self._read, args=(traced,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Waits until everything that was written is read."""
        os.close(self._writer)
        self._thread.join()
        os.close(self._reader)

    def _read(self, traced: Traced) -> None:
        rest = b""
        while block := os.read(self._reader, _READ_BYTES):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                traced.line(line)
            if len(rest) > LINE_LIMIT_BYTES:
                self.too_long += 1
                rest = b""
        if rest:
            traced.line(rest)


def _known(traced: Traced, tracer: list[int]) -> list[int]:
    return [pid for pid in tuple(traced.alive) if tracer and traced_by(pid, tracer[0])]


def _waited(started: Started, traced: Traced, linger_s: float) -> str:
    """Waits for the command and its children; says which had to be ended, in words, or nothing."""
    since: list[float] = []

    def overdue() -> bool:
        if traced.end is None:
            return False
        if not since:
            since.append(time.monotonic())
        return time.monotonic() - since[0] > linger_s

    if started.wait(overdue):
        return ""
    count = len(traced.alive)
    started.end(signal.SIGTERM)
    return f"{count} processes or threads that outlived the command by {linger_s:g} s"


def _status(traced: Traced) -> int:
    if traced.end is None:
        raise IncompleteError(
            "strace ended before the command did, so nothing is known for certain",
            remedy="run again; with --method audit if strace keeps failing",
        )
    if traced.end.signal is not None:
        numbers = {item.name: item.value for item in signal.Signals}
        return -numbers.get(traced.end.signal, 1)
    return traced.end.status or 0


def _gaps(traced: Traced, channel: _Channel) -> list[str]:
    gaps = []
    if traced.uring:
        gaps.append("io_uring was set up; files opened through it are not seen")
    if traced.tally.dropped:
        gaps.append(f"{traced.tally.dropped:,} uses of files beyond the first {traced.tally.limit:,} files")
    if traced.lines.unreadable or channel.too_long:
        gaps.append(f"{traced.lines.unreadable + channel.too_long:,} lines of the tracer could not be read")
    return gaps
