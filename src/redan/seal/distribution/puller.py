"""Pulling: the newest release is fetched, its seal verified over what arrived, and only then put where it is used."""

import datetime as dt
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redan.canon import Json, canonical, parse_canonical
from redan.errors import InputError, InvalidError, RedanError, UsageError
from redan.files import read_bounded, write_atomic
from redan.seal.distribution.client import Client, prepare_state
from redan.seal.distribution.exchange import mend, put
from redan.seal.distribution.names import check_word
from redan.seal.distribution.records import KEY_LIMIT_BYTES, SEAL_LIMIT_BYTES, Pulled, Release, Standing
from redan.seal.distribution.releases import custom_of, names, newest
from redan.seal.distribution.sources import Source
from redan.seal.keys import PublicKey, parse_public
from redan.seal.oms import Sealed, verify

STATE = ".redan-pull"
FILES, SEAL, KEY, CARD = "files", "seal.json", "key.pub", "release.json"
_SCHEMA = "redan/release/v1"
_CARD_LIMIT_BYTES = 64 << 10
_SPARE_BYTES = 64 << 20
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to pull, and where to.

    Args:
        name: of the model.
        into: folder; the release comes to lie in `into/name`.
        root: bytes of a root that the user trusts.
        key: that the seal must verify against; the one in the distribution when None.
        state: folder of what was trusted before; below `into` when None.
        where: how messages name the distribution.
    """

    name: str
    into: Path
    root: bytes
    key: PublicKey | None = None
    state: Path | None = None
    where: str = "the distribution"

    @property
    def place(self) -> Path:
        """Where the release comes to lie."""
        return self.into / self.name

    @property
    def work(self) -> Path:
        """Folder for what is on its way, on the same file system."""
        return self.into / STATE / self.name

    @property
    def memory(self) -> Path:
        """Folder of what was trusted before."""
        return (self.state or self.into / STATE / self.name) / "metadata"


def scratch_of(into: Path, name: str) -> Path:
    """The folder that downloads of a model go through; made when it is not there.

    Raises:
        UsageError: a part of it is a link or a file.
    """
    check_word(name, "name")
    work = into / STATE / name
    for part in (into, into / STATE, work):
        if part.is_symlink() or (part.exists() and not part.is_dir()):
            raise UsageError("is a link, or no folder", where=str(part), remedy="name the folder itself")
    prepare_state(work)
    return work


def pull(source: Source, wanted: Wanted, now: dt.datetime, progress: Progress | None = None) -> Pulled:
    """The newest release of a model, in place and verified.

    Args:
        source: of the distribution.
        wanted: what to pull.
        now: the moment that expiry is judged at, UTC.
        progress: told (bytes done, of bytes, file).

    Raises:
        InvalidError: the metadata, a file or the seal is refused; what lay there still does.
        IncompleteError: something could not be reached.
        UsageError: there is no such release, or a folder cannot be used.
    """
    work = scratch_of(wanted.into, wanted.name)
    with _locked(work):
        _refuse_foreign(wanted.place)
        old = work / "previous"
        mend(wanted.place, old)
        for left in work.glob("staging-*"):
            shutil.rmtree(left)
        if wanted.state is not None:
            prepare_state(wanted.state)
        client = Client(source, wanted.memory, wanted.root, now, wanted.where)
        standing = client.refresh()
        release = _newest(standing, wanted)
        before = installed(wanted.place)
        restored = _why_not(wanted, release, now) if before == custom_of(release) else None
        if before == custom_of(release) and restored is None:
            return _pulled(wanted, release, standing, before, fetched=False)
        fresh = Path(tempfile.mkdtemp(prefix="staging-", dir=work))
        try:
            _download(client, release, fresh, progress)
            _verified(fresh, release, wanted.key, now)
            write_atomic(fresh / CARD, canonical({"schema": _SCHEMA, **custom_of(release)}))
            _settle(fresh)
            put(fresh, wanted.place, old)
        except OSError as error:
            raise UsageError(f"cannot be written: {error.strerror}", where=str(wanted.into)) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return _pulled(wanted, release, standing, before, restored=restored)


def installed(place: Path) -> dict[str, Json] | None:
    """What the card of an installed release says; None when nothing readable is there."""
    try:
        card = parse_canonical(read_bounded(place / CARD, _CARD_LIMIT_BYTES), limit_bytes=_CARD_LIMIT_BYTES)
    except (InputError, ValueError):
        return None
    if not isinstance(card, dict) or card.pop("schema", None) != _SCHEMA:
        return None
    return card


def _pulled(
    wanted: Wanted,
    release: Release,
    standing: Standing,
    before: dict[str, Json] | None,
    *,
    fetched: bool = True,
    restored: str | None = None,
) -> Pulled:
    version = before.get("version") if before else None
    return Pulled(
        place=wanted.place,
        release=release,
        standing=standing,
        before=version if isinstance(version, str) else None,
        fetched=fetched,
        restored=restored,
        pinned=wanted.key is not None,
    )


def _newest(standing: Standing, wanted: Wanted) -> Release:
    found = newest(standing.targets, wanted.name)
    if found is None:
        known = ", ".join(names(standing.targets)[:20]) or "nothing"
        raise UsageError(
            f"the distribution holds no release of {wanted.name}", where=wanted.where, remedy=f"it holds: {known}"
        )
    return found


def _download(client: Client, release: Release, fresh: Path, progress: Progress | None) -> None:
    free = shutil.disk_usage(fresh).free
    if release.size + _SPARE_BYTES > free:
        raise UsageError(f"has {free:,} bytes left; the release takes {release.size:,}", where=str(fresh.parent.parent))
    client.fetch(release.seal, fresh / SEAL)
    client.fetch(release.key, fresh / KEY)
    done = 0
    for file in release.files:
        if progress is not None:
            progress(done, release.size, file.path)
        client.fetch(file.target, fresh / FILES / file.path)
        done += file.target.length
    if progress is not None:
        progress(done, release.size, "")


def _verified(folder: Path, release: Release, key: PublicKey | None, now: dt.datetime) -> Sealed:
    """The seal over what lies in a folder; its root is the one that was published.

    Raises:
        InvalidError: the seal does not cover the files, is of another key, or is another seal.
    """
    trust = key or parse_public(read_bounded(folder / KEY, KEY_LIMIT_BYTES), str(folder / KEY))
    path = folder / FILES if release.kind == "folder" else folder / FILES / release.files[0].path
    try:
        sealed = verify(path, read_bounded(folder / SEAL, SEAL_LIMIT_BYTES), trust, now=now)
    except InvalidError as error:
        file = f"{Path(error.where).name} " if error.where else ""
        what = f"seal: in release {release.version} of {release.name}, {file}{error.what}"
        remedy = "do not use it; ask the publisher by another way, and keep what is installed"
        raise InvalidError(what, remedy=remedy) from error
    if sealed.root != release.root:
        raise InvalidError(f"seal: release {release.version} of {release.name} carries the seal of other files")
    return sealed


def _why_not(wanted: Wanted, release: Release, now: dt.datetime) -> str | None:
    """Why the installed release is not as it was sealed; None when it is."""
    try:
        _verified(wanted.place, release, wanted.key, now)
    except RedanError as error:
        return error.what
    return None


def _settle(fresh: Path) -> None:
    """Everything on the disk, and readable by whoever serves the model."""
    for folder, _, files in os.walk(fresh, topdown=False):
        for name in files:
            path = Path(folder, name)
            path.chmod(0o644)
            _sync(path)
        Path(folder).chmod(0o755)
        _sync(Path(folder))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_foreign(place: Path) -> None:
    """What redan did not put there is not replaced."""
    if place.is_symlink() or (place.exists() and not (place.is_dir() and installed(place) is not None)):
        raise UsageError(
            "is there, and no pull put it there",
            where=str(place),
            remedy="move it away, or name another folder with --into",
        )


@contextmanager
def _locked(work: Path) -> Iterator[None]:
    descriptor = os.open(work, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError("another pull is at work", where=str(work), remedy="try again") from error
        yield
    finally:
        os.close(descriptor)
