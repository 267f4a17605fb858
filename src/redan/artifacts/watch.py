"""Whether a declared file was touched between its digest and the last answer about it.

A digest at both ends is not enough: a file that is exchanged while it is read, and put back afterwards, has the right
digest twice. The inode's time of change tells, and nobody but the system sets it (POSIX, sys/stat.h, st_ctim).
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from redan.artifacts.collect import declared_files
from redan.errors import InputError
from redan.system.system import System


class _State(NamedTuple):
    path: Path
    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class Watch:
    """The state of every declared file before the first of them was read.

    Args:
        system: the description.
        states: by element id, key and place in it; None where no file was.
    """

    system: System
    states: tuple[tuple[str, str, _State | None], ...]

    @classmethod
    def start(cls, system: System) -> "Watch":
        """Looks at every declared file; call it before the artifacts are collected.

        Raises:
            InputError: a path leaves the project.
        """
        return cls(system, _states(system))

    def unchanged(self) -> None:
        """Accepts files that nobody touched since, or raises.

        Raises:
            InputError: names the file and the line that declares it; no answer of the run counts.
        """
        for (element, key, then), (_, _, now) in zip(self.states, _states(self.system), strict=True):
            if then != now:
                name = next(state.path.name for state in (then, now) if state is not None)
                raise InputError(
                    f"{element}: {name} changed during the run, so no answer about it counts",
                    where=f"{self.system.origin.file}:{self.system.line(element, key)}",
                    remedy="run again when nothing writes to it",
                )


def _states(system: System) -> tuple[tuple[str, str, _State | None], ...]:
    return tuple((element, key, _state(path)) for element, key, path in declared_files(system))


def _state(path: Path) -> _State | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return _State(path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
