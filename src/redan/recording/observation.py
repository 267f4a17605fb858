"""What watching a run came to: which method, which files, how it ended, and what it could not see."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from redan.recording.tally import Access


class Method(StrEnum):
    """How a run is watched."""

    STRACE = "strace"
    AUDIT = "audit-hooks"


BLIND: Mapping[Method, tuple[str, ...]] = {
    Method.STRACE: (
        "data that came over the network or from a process outside the run",
        "files that were mapped or opened before the run and handed to it, other than its standard input",
    ),
    Method.AUDIT: (
        "files outside the project that compiled code or programs other than Python opened by themselves",
        "data that came over the network or from a process outside the run",
        "Python code that hides from audit hooks on purpose",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What one way of watching saw of one run.

    Args:
        method: which way.
        tool: name and version of the watcher, such as `strace 6.1`.
        files: what happened to each file, by absolute path.
        programs: paths of programs that were started, in order of their first start.
        kernel: how often files of the kernel (/proc, /sys, /dev) were opened.
        threads: how many processes and threads were seen.
        addresses: how many network addresses other than this machine were contacted.
        gaps: what this run did that the method could not follow; each a clause.
        unwatched: compiled code and programs that ran and may have opened files unseen; none with strace.
        status: exit status of the command, or the negative number of the signal that ended it.
        fallback: why a better method was not used; empty when it was.
    """

    method: Method
    tool: str
    files: Mapping[bytes, Access]
    programs: tuple[bytes, ...]
    status: int
    kernel: int = 0
    threads: int = 1
    addresses: int = 0
    gaps: tuple[str, ...] = ()
    unwatched: tuple[str, ...] = ()
    fallback: str = ""
