"""Starts the gateway of a description as a process of its own, and ends it again; nothing of it stays."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from redan.artifacts.served_endpoint import ServedEndpoint
from redan.controls.live.reached import Reached, Started
from redan.controls.live.staging import Staged, staged
from redan.errors import IncompleteError, MissingExtraError
from redan.extras import missing_import
from redan.system.records import Endpoint
from redan.system.system import System

_START_S = 60.0
_END_S = 15.0
_KEPT = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SYSTEMROOT")
Change = Callable[[Path], None]


def _unchanged(_: Path) -> None:
    """Leaves the copy as it is."""


@contextmanager
def started(system: System, found: ServedEndpoint, change: Change = _unchanged) -> Iterator[Reached]:
    """The gateway of a description, while it runs on loopback over a copy of the project.

    Args:
        system: the description.
        found: the endpoint that is asked.
        change: made to the copy before it is started.

    Raises:
        IncompleteError: it does not start; the reason is its own.
        MissingExtraError: the gateway's packages are not installed.
    """
    missing = missing_import("gateway")
    if missing is not None:
        raise MissingExtraError("gateway", missing)
    with tempfile.TemporaryDirectory(prefix="redan-live-") as scratch:
        folder = Path(scratch).resolve() / "project"
        folder.mkdir(mode=0o700)
        copy = staged(system, found, folder, _free(), _free())
        change(folder)
        _once(folder)
        with _running(folder) as process:
            _wait(process, folder, copy.listen)
            yield _reached(system, found, copy, process.pid)


def _reached(system: System, found: ServedEndpoint, copy: Staged, pid: int) -> Reached:
    record = system.elements[found.element]
    if not isinstance(record, Endpoint):
        raise IncompleteError(f"{found.element} is no endpoint")
    state = copy.folder / ".redan" / "gateway"
    token = state / "admin.token"
    return Reached(
        url=f"http://{copy.listen}",
        model=record.model,
        clients=copy.clients,
        stranger=copy.stranger,
        started=Started(
            pid=pid,
            admin=copy.admin,
            token=token.read_bytes().hex() if token.is_file() else "",
            ledger=None if record.logged is False else state / "ledger",
            key=state / "key.pub",
        ),
    )


def _once(folder: Path) -> None:
    """An orderly start and end, so that signatures count from the first moment of the next start on."""
    with _said(folder) as said:
        done = subprocess.run(  # noqa: S603 -- this interpreter, and arguments of our own
            [*_command(folder), "--check"], stdout=said, stderr=said, stdin=subprocess.DEVNULL, env=_environment(),
            cwd=folder, timeout=_START_S, check=False,
        )  # fmt: skip
    if done.returncode:
        raise IncompleteError(f"the gateway does not start: {_last_words(folder)}")


@contextmanager
def _running(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with _said(folder) as said:
        process = subprocess.Popen(  # noqa: S603 -- this interpreter, and arguments of our own
            _command(folder), stdout=said, stderr=said, stdin=subprocess.DEVNULL, env=_environment(), cwd=folder
        )
    try:
        yield process
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process in order, or else at once."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", folder: Path, listen: str) -> None:
    host, _, port = listen.rpartition(":")
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise IncompleteError(f"the gateway ended at once: {_last_words(folder)}")
        try:
            socket.create_connection((host, int(port)), timeout=1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise IncompleteError(f"the gateway did not answer within {_START_S:.0f} s")


def _command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "redan", "serve", str(folder)]


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


@contextmanager
def _said(folder: Path) -> Iterator[int]:
    handle = os.open(folder.parent / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def _last_words(folder: Path) -> str:
    """The first line of what it said that is no remark, without the folder that nobody knows."""
    text = (folder.parent / "said").read_text(errors="replace").replace(f"{folder}/", "")
    lines = [line.strip() for line in text.splitlines() if line.strip() and "warning" not in line]
    return lines[0][:300] if lines else "it said nothing"


def _free() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"
