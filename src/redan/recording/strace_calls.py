"""What each traced call did to files: paths made absolute, failed calls passed over, blind spots counted.

Source: open(2), openat2(2), rename(2), link(2), execve(2), chdir(2), clone(2), io_uring_setup(2).
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from redan.recording.strace_lines import Call, End, Lines, escaped, folders, texts, unescaped
from redan.recording.tally import Tally

_THREADS_LIMIT = 1 << 17
_ADDRESSES_LIMIT = 10_000
_CURRENT = re.compile(rb"AT_FDCWD<([^<>]*)>")
_FLAGS = re.compile(rb"\bO_[A-Z]+\b")
_ADDRESS = re.compile(rb"sa_family=AF_INET6?.*?(?:inet_addr\(|inet_pton\(AF_INET6, )([^)]*)\)", re.DOTALL)
_LOOPBACK = re.compile(rb"(127\.|::1|::ffff:127\.)")


@dataclass(slots=True)
class Traced:
    """What a traced run did, filled line by line.

    Args:
        tally: of files.
        cwd: where the command starts, absolute.
        end: how it ended; None while it runs.
        alive: pids of threads that were seen and have not ended.
    """

    tally: Tally
    cwd: bytes
    lines: Lines = field(default_factory=Lines)
    end: End | None = None
    alive: set[int] = field(default_factory=set)
    threads: int = 0
    uring: int = 0
    unnamed: int = 0
    addresses: set[bytes] = field(default_factory=set)
    _folders: dict[int, bytes] = field(default_factory=dict)

    def line(self, line: bytes) -> None:
        """Takes one line of the tracer's output."""
        said = self.lines.read(line)
        if said is None:
            return
        if isinstance(said, End):
            self._ended(said)
            return
        self._seen(said.pid)
        if said.result is None or (said.result < 0 and said.name != b"connect"):
            return
        react = _REACTIONS.get(said.name)
        if react is not None:
            react(self, said)

    def _seen(self, pid: int) -> None:
        if pid not in self.alive:
            if len(self.alive) < _THREADS_LIMIT:
                self.alive.add(pid)
            self.threads += 1

    def _ended(self, end: End) -> None:
        self._seen(end.pid)
        self.alive.discard(end.pid)
        self._folders.pop(end.pid, None)
        if end.pid == self.lines.first:
            self.end = end

    def _folder(self, call: Call) -> bytes:
        """The folder that relative names of a plain call start from; the newest annotation of the thread wins."""
        written = self._folders.get(call.pid)
        return self.cwd if written is None else unescaped(written)

    def _annotated(self, call: Call) -> None:
        """Keeps the thread's folder where the call names it; as it is written, since few are ever asked for."""
        found = _CURRENT.match(call.arguments)
        if found is not None:
            self._folders[call.pid] = found[1]

    def _located(self, call: Call) -> list[bytes]:
        """The absolute paths of a call's names, in order."""
        named = texts(call.arguments)
        if call.name.endswith((b"at", b"at2")):
            given = folders(call.arguments)
            self._annotated(call)
            bases = [base if base is not None else self._folder(call) for base in given[: len(named)]]
            bases += [self._folder(call)] * (len(named) - len(bases))
        else:
            bases = [self._folder(call)] * len(named)
        return [os.path.normpath(os.path.join(base, name)) for base, name in zip(bases, named, strict=True)]  # noqa: PTH118 -- names are bytes

    def _open(self, call: Call) -> None:
        flags = frozenset(_FLAGS.findall(call.arguments)) if call.name != b"creat" else frozenset({b"O_WRONLY"})
        self._annotated(call)
        if flags & {b"O_PATH", b"O_DIRECTORY"}:
            return
        path = call.path
        if path is None and call.name != b"open_by_handle_at":  # an older strace, or a descriptor that is gone again
            path = next(iter(self._located(call)), None)
        if path is None or b"O_TMPFILE" in flags:
            self.unnamed += 1
            return
        if not path.startswith(b"/"):  # pipe:[1], socket:[2], anon_inode:...
            self.unnamed += 1
            return
        writes = bool(flags & {b"O_WRONLY", b"O_RDWR"})
        emptied = call.name == b"creat" or b"O_TRUNC" in flags or {b"O_CREAT", b"O_EXCL"} <= flags
        self.tally.opened(path, read=b"O_WRONLY" not in flags, written=writes, emptied=emptied and writes)

    def _execute(self, call: Call) -> None:
        for path in self._located(call)[:1]:
            self.tally.executed(path)

    def _rename(self, call: Call) -> None:
        found = self._located(call)
        if len(found) == 2:  # noqa: PLR2004 -- from and to
            self.tally.renamed(*found)
            if b"RENAME_EXCHANGE" in call.arguments:
                self.tally.truncated(found[0])

    def _link(self, call: Call) -> None:
        found = self._located(call)
        if len(found) == 2:  # noqa: PLR2004 -- from and to
            self.tally.linked(*found)

    def _truncate(self, call: Call) -> None:
        for path in self._located(call):
            self.tally.truncated(path)

    def _chdir(self, call: Call) -> None:
        if call.name == b"fchdir":
            given = folders(call.arguments)
            target = given[0] if given else None
        else:
            target = next(iter(self._located(call)), None)
        if target is not None:
            self._folders[call.pid] = escaped(target)

    def _fork(self, call: Call) -> None:
        if call.result and len(self._folders) < _THREADS_LIMIT:  # the child's own lines make it alive
            self._folders.setdefault(call.result, escaped(self._folder(call)))

    def _ring(self, _call: Call) -> None:
        self.uring += 1

    def _connect(self, call: Call) -> None:
        found = _ADDRESS.search(call.arguments)
        if found is None or len(self.addresses) >= _ADDRESSES_LIMIT:
            return
        address = next(iter(texts(found[1])), b"")
        if not _LOOPBACK.match(address):
            self.addresses.add(address)


_REACTIONS: Mapping[bytes, Callable[[Traced, Call], None]] = MappingProxyType(
    {
        **dict.fromkeys((b"open", b"openat", b"openat2", b"creat", b"open_by_handle_at"), Traced._open),  # noqa: SLF001 -- the table of its own methods
        **dict.fromkeys((b"execve", b"execveat"), Traced._execute),  # noqa: SLF001
        **dict.fromkeys((b"rename", b"renameat", b"renameat2"), Traced._rename),  # noqa: SLF001
        **dict.fromkeys((b"link", b"linkat"), Traced._link),  # noqa: SLF001
        b"truncate": Traced._truncate,  # noqa: SLF001
        **dict.fromkeys((b"chdir", b"fchdir"), Traced._chdir),  # noqa: SLF001
        **dict.fromkeys((b"clone", b"clone3", b"fork", b"vfork"), Traced._fork),  # noqa: SLF001
        b"io_uring_setup": Traced._ring,  # noqa: SLF001
        b"connect": Traced._connect,  # noqa: SLF001
    }
)
CALLS = tuple(sorted(name.decode() for name in _REACTIONS))
