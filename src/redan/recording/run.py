"""Runs a command and watches it, in the best way that this machine allows."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from redan.errors import IncompleteError, UsageError
from redan.recording import audit, strace
from redan.recording.observation import Watched
from redan.recording.session import Ran, Session

Wanted = Literal["auto", "strace", "audit"]


def run(
    command: Sequence[str],
    session: Session,
    *,
    env: Mapping[str, str],
    method: Wanted = "auto",
    output: int | None = None,
) -> Ran:
    """Runs a command to its end and watches it.

    Args:
        command: words; no shell reads them.
        session: looks at the project before; made just now.
        env: the whole environment.
        method: `auto` takes strace where it works and audit hooks elsewhere, and says so.
        output: descriptor that the command's standard output goes to; the caller's own when None.

    Returns:
        What was seen. A command that fails is a result, not an error.

    Raises:
        IncompleteError: the wanted method does not work here, or the watcher was lost.
        KeyboardInterrupt: asked to stop; the command and its children were ended.
    """
    try:
        return session.finish(_watched(command, session, env, method, output))
    finally:
        session.digests.close()


def _watched(
    command: Sequence[str], session: Session, env: Mapping[str, str], method: Wanted, output: int | None
) -> Watched:
    fallback = ""
    if method != "audit":
        tool = strace.probe()
        if isinstance(tool, strace.Tool):
            return strace.watch(command, tool, session.tally, env=env, output=output)
        if method == "strace":
            raise IncompleteError(tool, remedy="install strace and allow tracing, or use --method audit")
        fallback = tool
    session.digests.close()  # what redan itself reads during the run would be taken for the run's
    return audit.watch(command, session.tally, root=session.root, env=env, output=output, fallback=fallback)


def check_command(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
    """Accepts a command whose program is there.

    Raises:
        UsageError: there is no such program.
    """
    program = command[0]
    found = shutil.which(str(folder / program) if "/" in program else program, path=env.get("PATH", os.defpath))
    if found is None:
        raise UsageError(f"there is no program {program!r}", remedy="give a program and its arguments after --")
