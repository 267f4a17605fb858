"""Sorts the files of a run: inputs and outputs one by one, software and the system by class."""

import os
import re
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from redan.canon import Json, digest_of
from redan.recording.digests import Digests, Settled, State
from redan.recording.packages import Listed, Package, Packages, editable, packages, sites_of
from redan.recording.places import LISTED, Place, is_data, is_temporary, place, source_of
from redan.recording.tally import Access

_INTERPRETER = re.compile(rb"^(.*)/bin/(?:python|pypy)[^/]*$")
_CODE = (b".py", b".pyc", b".so", b".pyi", b".pth", b".pyd")
_GENERATED = re.compile(rb"/[^/]+\.(?:dist|egg)-info/|/__editable__[^/]*$|/direct_url\.json$")
_UNLISTED_LIMIT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A file that was read: its absolute path, whether it was written too, its bytes, and the package it is part of."""

    path: bytes
    settled: Settled
    written: bool
    package: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a run read and wrote.

    Args:
        inputs: listed one by one, by path.
        outputs: files that it left behind, by path, each digested.
        packages: installed packages that it read from.
        counted: how many files of each class were read or made and are not listed.
        unlisted: names in folders of packages that belong to no installed package.
    """

    inputs: tuple[Input, ...]
    outputs: tuple[tuple[bytes, Settled], ...]
    packages: tuple[Package, ...]
    counted: Mapping[str, int]
    unlisted: tuple[str, ...]


def facts(
    files: Mapping[bytes, Access], programs: Iterable[bytes], digests: Digests, root: Path, home: Path | None = None
) -> Facts:
    """What the files of a run come to.

    Args:
        files: what happened to each, by absolute path.
        programs: paths of programs that were started.
        digests: closed.
        root: the project's folder.
        home: the user's folder.
    """
    every = _with_sources(files)
    prefixes = _prefixes(programs)
    placed = {path: place(path, root, home=home, prefixes=prefixes) for path in every}
    software = [path for path, where in placed.items() if where in (Place.PACKAGES, Place.PACKAGE_DATA)]
    installed = packages(path for path in software if every[path].read)
    sorting = _Sorting(digests, installed, editable(sites_of(software)))
    for path, access in sorted(every.items()):
        sorting.take(path, access, placed[path])
    return Facts(
        inputs=tuple(sorting.inputs),
        outputs=tuple(sorting.outputs),
        packages=(*installed.used, *_editable_packages(sorting.parts, sorting.sources)),
        counted=dict(sorted(sorting.counted.items())),
        unlisted=_unlisted(installed.unlisted),
    )


@dataclass(slots=True)
class _Sorting:
    digests: Digests
    installed: Packages
    sources: Mapping[bytes, str]
    inputs: list[Input] = field(default_factory=list)
    outputs: list[tuple[bytes, Settled]] = field(default_factory=list)
    parts: dict[bytes, list[Input]] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)

    def take(self, path: bytes, access: Access, where: Place) -> None:
        """Puts one file where it belongs."""
        if where not in LISTED and not _stray(path, where, self.installed):
            self.counted[where.value] += 1
        elif access.own and where is Place.OUTSIDE and is_temporary(path, Path(tempfile.gettempdir())):
            self.counted[Place.TEMPORARY.value] += 1
        elif (settled := self.digests.settle(path, access)) is not None:
            self._list(path, access, where, settled)

    def _list(self, path: bytes, access: Access, where: Place, settled: Settled) -> None:
        if access.read:
            known = self.installed.listed.get(path)
            found = Input(path=path, settled=settled, written=access.written, package=_package(known, settled))
            home = _editable_home(path, self.sources) if where is Place.OUTSIDE else None
            (self.inputs if home is None else self.parts.setdefault(home, [])).append(found)
        elif settled.state is State.GONE:
            self.counted[Place.TEMPORARY.value] += 1
        if access.written and settled.state is not State.GONE:
            final = settled if not access.read else self.digests.settle(path, Access(written=True, own=True))
            if final is not None and final.sha256 is not None:
                self.outputs.append((path, final))


def _with_sources(files: Mapping[bytes, Access]) -> dict[bytes, Access]:
    """The files, and for compiled Python the sources that it stands for: an import may open the first alone."""
    every = dict(files)
    for path, access in files.items():
        source = source_of(path)
        if source is not None and access.read and source not in every and os.path.lexists(source):
            every[source] = Access(read=True)
    return every


def _prefixes(programs: Iterable[bytes]) -> frozenset[bytes]:
    found = (_INTERPRETER.match(os.path.realpath(program)) for program in programs)
    return frozenset(match[1] for match in found if match is not None and match[1] not in (b"", b"/usr", b"/usr/local"))


def _stray(path: bytes, where: Place, installed: Packages) -> bool:
    """Whether a file in a folder of packages is not as a package put it there; Python's own files aside."""
    if where is not Place.PACKAGES or path.startswith((b"/usr/lib/", b"/usr/share/")):
        return False
    known = installed.listed.get(path)
    if known is None:
        return path in installed.unlisted and not path.endswith(_CODE) and not _GENERATED.search(path)
    if known.size is None or source_of(path) is not None:
        return False
    try:
        return os.stat(path).st_size != known.size
    except OSError:
        return False


def _package(known: Listed | None, settled: Settled) -> str | None:
    return known.package if known is not None and known.sha256 == settled.sha256 else None


def _editable_home(path: bytes, sources: Mapping[bytes, str]) -> bytes | None:
    if is_data(path):
        return None
    return next((folder for folder in sources if path.startswith(folder + b"/")), None)


def _editable_packages(parts: Mapping[bytes, Collection[Input]], sources: Mapping[bytes, str]) -> Iterator[Package]:
    """Packages that are installed from a folder of sources: the digest is over the files that were read."""
    for folder, found in sorted(parts.items()):
        name, _, version = sources[folder].partition(" ")
        pairs: list[Json] = [[item.path[len(folder) :].hex(), item.settled.sha256] for item in found]
        yield Package(name, f"{version}+editable", digest_of(pairs), len(found))


def _unlisted(paths: Iterable[bytes]) -> tuple[str, ...]:
    names = {
        re.split(rb"/(?:site|dist)-packages/", path)[-1].split(b"/")[0]
        for path in paths
        if path.endswith(_CODE) and not path.endswith(b".pth") and not _GENERATED.search(path)
    }
    return tuple(sorted(name.decode("utf-8", "backslashreplace") for name in names))[:_UNLISTED_LIMIT]
