"""The standard streams as the process was given them: closed, full, or unable to show what is written to them."""

import io
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from types import FrameType

from redan.errors import RedanError, escaped

_STANDARD = 2  # standard error, the last of the three


def prepare() -> None:
    """Makes the three streams usable, and lets a request to end be an orderly one.

    A closed stream becomes the null device: otherwise the next file that is opened would take its number, and what is
    meant for the terminal would be written into it. What a terminal's encoding lacks is shown escaped.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STANDARD:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    if sys.stdout is None:
        sys.stdout = _null()
    if sys.stderr is None:
        sys.stderr = _null()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _end)


def abandon_output() -> None:
    """Sends what is still buffered for standard output nowhere, so that the interpreter's end does not fail on it."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def refused(error: OSError) -> str:
    """What the operating system refused, as one line."""
    place = f"{error.filename}: " if error.filename else ""
    line = f"{place}the system refused: {error.strerror or type(error).__name__} (free space or change permissions)"
    return escaped(line)


def trail(error: BaseException) -> str:
    """Where an error and those behind it were raised, for `--debug`; messages that may quote data are left out.

    Args:
        error: its type is told, and its message when it is one of redan's own, which name counts and columns only.
    """
    lines: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        said = f": {seen}" if isinstance(seen, RedanError) else " (its message may quote data)"
        part = [*traceback.format_tb(seen.__traceback__), f"{type(seen).__module__}.{type(seen).__qualname__}{said}\n"]
        lines = [*part, *(["\nwhich led to\n\n"] if lines else []), *lines]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "".join(lines)


def _null() -> io.TextIOWrapper:
    return Path(os.devnull).open("w", encoding="utf-8")


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
