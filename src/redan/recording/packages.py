"""Installed packages behind the files that a run read: name, version, and the digest of their list of files.

Source: the specification "Recording installed projects" (PEP 376, PEP 627): RECORD is CSV of path, hash and size.
"""

import base64
import binascii
import csv
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from redan.canon import digest
from redan.errors import InputError
from redan.files import read_bounded
from redan.recording.places import source_of

_SITE = re.compile(rb"(.*?/(?:site|dist)-packages)/(.+)", re.DOTALL)
_RECORD_LIMIT_BYTES = 32 << 20
_URL_LIMIT_BYTES = 64 << 10
_PACKAGES_LIMIT = 5_000
_FIELDS = 3


class Package(NamedTuple):
    """An installed package that the run read from.

    Args:
        name: as its folder gives it.
        version: the same.
        record: SHA-256 of its RECORD, which holds the hash of every file of it.
        files: how many of them the run read.
    """

    name: str
    version: str
    record: str
    files: int


class Listed(NamedTuple):
    """A file as its package's RECORD has it: SHA-256 as hex and size, each None where RECORD has none."""

    package: str
    sha256: str | None
    size: int | None


class Packages(NamedTuple):
    """What the packages say about files that were read.

    Args:
        used: packages with at least one file read, by name.
        listed: by path.
        unlisted: read from a folder of packages, and of no package there.
    """

    used: tuple[Package, ...]
    listed: dict[bytes, Listed]
    unlisted: tuple[bytes, ...]


def packages(paths: Iterable[bytes]) -> Packages:
    """The packages that files belong to.

    Args:
        paths: absolute, inside folders called `site-packages` or `dist-packages`.
    """
    by_site: dict[bytes, dict[bytes, bytes]] = {}
    for path in paths:
        found = _SITE.fullmatch(path)
        if found is not None:
            name = (source_of(b"/" + found[2]) or b"/" + found[2])[1:]
            by_site.setdefault(found[1], {})[path] = name
    used: list[Package] = []
    listed: dict[bytes, Listed] = {}
    for site, names in sorted(by_site.items()):
        wanted = frozenset(names.values())
        known: dict[bytes, Listed] = {}
        for package, entries in _of_site(site, wanted):
            used.append(package)
            known.update(entries)
        listed.update({path: known[name] for path, name in names.items() if name in known})
    every = (path for names in by_site.values() for path in names)
    return Packages(tuple(sorted(used)), listed, tuple(path for path in every if path not in listed))


def _of_site(site: bytes, wanted: Collection[bytes]) -> Iterator[tuple[Package, dict[bytes, Listed]]]:
    try:
        with os.scandir(site) as found_entries:
            entries = sorted(entry.name for entry in found_entries if entry.name.endswith(b".dist-info"))
    except OSError:
        return
    for entry in entries[:_PACKAGES_LIMIT]:
        folder = Path(os.fsdecode(site)) / os.fsdecode(entry)
        try:
            record = read_bounded(folder / "RECORD", _RECORD_LIMIT_BYTES)
        except InputError:
            continue
        name, _, version = folder.name.removesuffix(".dist-info").partition("-")
        found = {path: Listed(name, sha256, size) for path, sha256, size in _lines(record, wanted)}
        if found:
            yield Package(name, version, digest(record), len(found)), found


def _lines(record: bytes, wanted: Collection[bytes]) -> Iterator[tuple[bytes, str | None, int | None]]:
    for line in record.splitlines():
        path, _, _ = line.partition(b",")
        if path not in wanted and not line.startswith(b'"'):
            continue
        try:
            row = next(csv.reader([line.decode()]), [])
        except (csv.Error, UnicodeDecodeError):
            continue
        if len(row) == _FIELDS and (name := row[0].encode()) in wanted:
            yield name, _hex(row[1]), int(row[2]) if row[2].isascii() and row[2].isdigit() else None


def _hex(text: str) -> str | None:
    kind, _, value = text.partition("=")
    if kind != "sha256":
        return None
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
    except (ValueError, binascii.Error):
        return None


def editable(sites: Iterable[bytes]) -> dict[bytes, str]:
    """Source folders of packages that are installed editable, with their `name version` (PEP 610, PEP 660).

    Args:
        sites: folders called `site-packages`.
    """
    found: dict[bytes, str] = {}
    for site in sites:
        for file in sorted(Path(os.fsdecode(site)).glob("*.dist-info/direct_url.json"))[:_PACKAGES_LIMIT]:
            folder = _source_folder(file)
            if folder is not None:
                found[folder] = file.parent.name.removesuffix(".dist-info").replace("-", " ", 1)
    return found


def _source_folder(file: Path) -> bytes | None:
    try:
        said = json.loads(read_bounded(file, _URL_LIMIT_BYTES))
        address = urlsplit(said["url"])
        if said["dir_info"]["editable"] is not True or address.scheme != "file":
            return None
        return os.fsencode(os.path.realpath(unquote(address.path)))
    except (InputError, ValueError, KeyError, TypeError, RecursionError):
        return None


def sites_of(paths: Iterable[bytes]) -> tuple[bytes, ...]:
    """The folders of packages that files lie in, each once."""
    return tuple(dict.fromkeys(found[1] for path in paths if (found := _SITE.fullmatch(path))))
