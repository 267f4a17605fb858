"""What a process listens at, as Linux tells: sockets of it and of its children.

Source: proc(5): /proc/PID/net/tcp, /proc/PID/fd.
"""

import ipaddress
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

_LISTEN: Final = "0A"
_TABLES: Final = ("tcp", "tcp6")


class Heard(NamedTuple):
    """A socket that listens.

    Args:
        host: address that it is bound to.
        port: of TCP.
    """

    host: str
    port: int

    def __str__(self) -> str:
        """As it is written in a description."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def heard(pid: int) -> tuple[Heard, ...]:
    """All TCP sockets at which a process or one of its children listens; empty where that cannot be told."""
    mine = {inode for one in family(pid) for inode in _sockets(one)}
    return tuple(sorted({found for inode, found in _listening(pid) if inode in mine}))


def owner(port: int) -> int | None:
    """The process that listens at a port of this machine; None where that cannot be told."""
    inodes = {inode for inode, found in _listening(os.getpid()) if found.port == port}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if inodes & set(_sockets(int(folder.name))):
                return int(folder.name)
    return None


def family(pid: int) -> tuple[int, ...]:
    """A process and its descendants."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(folder.name))
    found, left = [], [pid]
    while left:
        one = left.pop()
        found.append(one)
        left += parents.get(one, [])
    return tuple(found)


def _sockets(pid: int) -> Iterator[str]:
    for link in Path(f"/proc/{pid}/fd").iterdir() if Path(f"/proc/{pid}/fd").is_dir() else ():
        with suppress(OSError):
            target = str(link.readlink())
            if target.startswith("socket:["):
                yield target[8:-1]


def _listening(pid: int) -> Iterator[tuple[str, Heard]]:
    for table in _TABLES:
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                cells = line.split()
                if len(cells) > 9 and cells[3] == _LISTEN:  # noqa: PLR2004 -- columns of that table
                    host, _, port = cells[1].partition(":")
                    yield cells[9], Heard(_address(host), int(port, 16))


def _address(text: str) -> str:
    words = [int(text[i : i + 8], 16) for i in range(0, len(text), 8)]
    return str(ipaddress.ip_address(struct.pack(f"={len(words)}I", *words)))
