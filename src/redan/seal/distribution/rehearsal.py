"""A rehearsal of attacks: a client looks at a distribution, and then the distribution's own past is played back at it.

Source: TUF specification 1.0.31, section 1.5.2 (rollback, indefinite freeze, mix-and-match). Nothing is signed here:
the past is what the publisher itself left in the folder, which is what anybody could have kept.
"""

import datetime as dt
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tuf.api.metadata import Root, Snapshot, Timestamp

from redan.errors import InputError, InvalidError, RedanError
from redan.files import digest_file, read_bounded
from redan.seal.distribution.client import Client, trusted_root
from redan.seal.distribution.records import METADATA, ROLES, ROOT_LIMIT_BYTES, TARGETS_LIMIT_BYTES, Release, Standing
from redan.seal.distribution.releases import newest
from redan.seal.distribution.roles import body
from redan.seal.distribution.sources import OverlaidSource
from redan.seal.distribution.staging import on_disk

_LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # nothing is expired then, so age is never why it is refused
_PAST = re.compile(r"([1-9][0-9]{0,8})\.timestamp\.json")
_PLAYED_MAX = 3  # older states that are played back
_STAMP = f"{METADATA}/timestamp.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One attack on a client.

    Args:
        attack: `rollback`, `mix-and-match` or `freeze`.
        refused: whether the client refused it.
        said: why, in the client's words; what it accepted when it did not refuse.
    """

    attack: str
    refused: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a distribution is like to a client that starts from its first root.

    Args:
        fault: why the client refuses it; the empty string when it does not. Expiry is not judged.
        standing: what the client trusts; None when it refuses.
        release: the newest of the model; None when there is none.
        unsound: files of the release that are missing or not as they were signed.
        played: attacks that were tried.
        shared: pairs of roles that one key may sign for.
        stamp: SHA-256 of the timestamp, which binds everything else; the empty string when there is none.
    """

    fault: str = ""
    standing: Standing | None = None
    release: Release | None = None
    unsound: int = 0
    played: tuple[Played, ...] = ()
    shared: tuple[str, ...] = ()
    stamp: str = ""


def examine(folder: Path, name: str) -> Examined:
    """Looks at a distribution, and plays its past back.

    Args:
        folder: of the distribution; nothing is written to it.
        name: of the model.

    Raises:
        InputError: the folder holds no first root.
        UsageError: the folder is a link, or none.
    """
    pin = read_bounded(folder / METADATA / "1.root.json", ROOT_LIMIT_BYTES)
    stamp = folder / _STAMP
    digest = digest_file(stamp).sha256 if stamp.exists() else ""
    with tempfile.TemporaryDirectory() as scratch:
        stage = _Stage(folder, pin, Path(scratch))
        try:
            standing = stage.look({}, "seen")
            release = newest(standing.targets, name)
        except RedanError as error:
            return Examined(fault=error.what, stamp=digest)
        root = body(trusted_root(Path(scratch) / "seen"), Root)
        later = stage.later(standing)
        if later is not None:
            return Examined(fault=later, standing=standing, release=release, stamp=digest)
        return Examined(
            standing=standing,
            release=release,
            unsound=_unsound(folder, release),
            played=tuple(stage.attacks(standing)),
            shared=tuple(_shared(root)),
            stamp=digest,
        )


class _Stage:
    """Clients of one distribution, each with a memory of its own."""

    def __init__(self, folder: Path, pin: bytes, scratch: Path) -> None:
        self._folder, self._pin, self._scratch = folder, pin, scratch
        self._count = 0

    def look(
        self, overlay: Mapping[str, bytes], memory: str, *, now: dt.datetime = _LONG_AGO, after: str = ""
    ) -> Standing:
        """What a client comes to that is offered some files in the place of others.

        Args:
            overlay: those files.
            memory: name of the client's memory.
            now: its clock.
            after: name of the memory that it begins with; none when empty.
        """
        if after:
            shutil.copytree(self._scratch / after, self._scratch / memory, symlinks=True)
        source = OverlaidSource(self._folder, overlay)
        return Client(source, self._scratch / memory, self._pin, now, "the distribution").refresh()

    def later(self, standing: Standing) -> str | None:
        """Whether a later state lies in the folder that clients would accept: then it was set back."""
        now = standing.versions["timestamp"]
        for version, data in self._stamps():
            if version <= now:
                break
            try:
                self.look({_STAMP: data}, self._fresh(), after="seen")
            except RedanError:
                continue
            return f"rollback: timestamp version {now} is offered, and version {version} lies beside it"
        return None

    def attacks(self, standing: Standing) -> Iterator[Played]:
        """Each attack that the folder's own past allows, on a client that saw the newest state."""
        current = self._named(standing)
        older = [(v, data) for v, data in self._stamps() if v < standing.versions["timestamp"]][:_PLAYED_MAX]
        for _, data in older:
            yield self._tried("rollback", {_STAMP: data}, after="seen")
        for _, data in older:
            past = self._past(data)
            for role in ("snapshot", "targets"):
                if role in past and past[role] != current[role]:
                    name = f"{METADATA}/{standing.versions[role]}.{role}.json"
                    yield self._tried("mix-and-match", {name: past[role]})
        end = standing.expires["timestamp"]
        yield self._tried("freeze", {}, after="seen", now=end + dt.timedelta(seconds=1))

    def _tried(
        self, attack: str, overlay: Mapping[str, bytes], *, after: str = "", now: dt.datetime = _LONG_AGO
    ) -> Played:
        try:
            found = self.look(overlay, self._fresh(), now=now, after=after)
        except InvalidError as error:
            return Played(attack=attack, refused=True, said=error.what)
        except RedanError as error:
            return Played(attack=attack, refused=True, said=f"not reached: {error.what}")
        versions = ", ".join(f"{role} {found.versions[role]}" for role in ROLES)
        return Played(attack=attack, refused=False, said=f"accepted {versions}")

    def _fresh(self) -> str:
        self._count += 1
        return f"client-{self._count}"

    def _stamps(self) -> Iterator[tuple[int, bytes]]:
        """The timestamps that were kept, newest first, with the version that their names give them."""
        names = (path.name for path in (self._folder / METADATA).iterdir())
        versions = sorted((int(found[1]) for name in names if (found := _PAST.fullmatch(name))), reverse=True)
        for version in versions[: 10 * _PLAYED_MAX]:
            data = self._read(f"{version}.timestamp.json")
            if data is not None:
                yield version, data

    def _named(self, standing: Standing) -> dict[str, bytes | None]:
        return {role: self._read(f"{standing.versions[role]}.{role}.json") for role in ("snapshot", "targets")}

    def _past(self, stamp: bytes) -> dict[str, bytes]:
        """The snapshot and targets that an older timestamp led to; left out where they are gone."""
        found: dict[str, bytes] = {}
        try:
            snapshot = self._read(f"{body(stamp, Timestamp).snapshot_meta.version}.snapshot.json")
            if snapshot is None:
                return found
            found["snapshot"] = snapshot
            targets = self._read(f"{body(snapshot, Snapshot).meta['targets.json'].version}.targets.json")
        except InvalidError:
            return found
        return found if targets is None else {**found, "targets": targets}

    def _read(self, name: str) -> bytes | None:
        try:
            return read_bounded(self._folder / METADATA / name, TARGETS_LIMIT_BYTES)
        except InputError:
            return None


def _unsound(folder: Path, release: Release | None) -> int:
    """How many files of a release a client would refuse or miss."""
    if release is None:
        return 0
    count = 0
    for target in (release.seal, release.key, *(file.target for file in release.files)):
        try:
            found = digest_file(on_disk(folder, target))
            count += (found.sha256, found.size) != (target.sha256, target.length)
        except InputError:
            count += 1
    return count


def _shared(root: Root) -> Iterator[str]:
    for at, role in enumerate(ROLES):
        for other in ROLES[at + 1 :]:
            if set(root.roles[role].keyids) & set(root.roles[other].keyids):
                yield f"{role} and {other}"
