"""Starts a command in the place of the caller, and ends it with everything that it started."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

GRACE_S = 10.0  # an interrupted training may save a checkpoint
_POLL_S = 0.05


def nobody() -> Iterable[int]:
    """No further process is known."""
    return ()


class Started:
    """A running command; leaving the block early ends it, its group and whatever else is known of it.

    Args:
        command: words; no shell reads them.
        env: the whole environment.
        known: further pids of the run, asked for when it has to be ended.
        output: descriptor that its standard output goes to; the caller's own when None.
        grace_s: how long an interrupted command may take to end by itself.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        known: Callable[[], Iterable[int]] = nobody,
        output: int | None = None,
        grace_s: float = GRACE_S,
    ) -> None:
        # On a terminal the command stays in the foreground group, so that keys reach it as they reach any command.
        self._grouped = not sys.stdin.isatty()
        self._known = known
        self._grace_s = grace_s
        self.process = subprocess.Popen(  # noqa: S603 -- the user's own command, a list of words, no shell
            list(command), env=dict(env), stdout=output, process_group=0 if self._grouped else None
        )

    def __enter__(self) -> Self:
        """The running command."""
        return self

    def __exit__(self, *error: object) -> None:
        """Ends what is still running: asks first, insists after the grace."""
        if self.process.poll() is None:
            self.end(signal.SIGINT)

    def wait(self, until: Callable[[], bool]) -> bool:
        """Waits for the end of the command; false when `until` asked to stop waiting first."""
        while self.process.poll() is None:
            if until():
                return False
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_POLL_S)
        return True

    def end(self, first: signal.Signals) -> None:
        """Ends the run: `first`, then SIGTERM, then SIGKILL, each to all that is left of it."""
        for number, patience_s in ((first, self._grace_s), (signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
            self._send(number)
            if self._ended(patience_s):
                break
        for pid in self._known():
            _signal(pid, signal.SIGKILL)
        if self._grouped:
            _group(self.process.pid, signal.SIGKILL)

    def _ended(self, patience_s: float) -> bool:
        """Whether it ended in time; asked to stop once more, it has no more time."""
        deadline = time.monotonic() + patience_s
        try:
            while self.process.poll() is None and time.monotonic() < deadline:
                time.sleep(_POLL_S)
        except KeyboardInterrupt:
            return False
        return self.process.poll() is not None

    def _send(self, number: signal.Signals) -> None:
        if self._grouped:
            _group(self.process.pid, number)
        elif number is not signal.SIGINT:  # on a terminal the key already sent it to all of them
            _signal(self.process.pid, number)
        for pid in self._known():
            if number is not signal.SIGINT:
                _signal(pid, number)


def _group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def traced_by(pid: int, tracer: int) -> bool:
    """Whether a process is traced by another, so that a number that was given away again is never signalled."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return False
    return b"\nTracerPid:\t%d\n" % tracer in status
