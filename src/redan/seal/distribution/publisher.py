"""Publishing: a verified model is put into a folder that any web server can hand out.

The publisher looks at the folder as a client would, before and after: what it cannot verify it does not build on, and
what a client would refuse does not stay unnoticed.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tuf.api.metadata import Root

from redan.canon import digest
from redan.errors import UsageError
from redan.files import write_atomic
from redan.seal.distribution import edits
from redan.seal.distribution.folder import Folder
from redan.seal.distribution.keyring import Keyring, first_keys
from redan.seal.distribution.names import check_word, folder_of, target_path
from redan.seal.distribution.records import LIFE_DAYS, METADATA, Release, Role, Target, Written
from redan.seal.distribution.refusal import moment
from redan.seal.distribution.releases import custom_of, newest, releases_of
from redan.seal.distribution.roles import Documents, RoleSigner, body, new_root, targets_in
from redan.seal.distribution.staging import Staged, described, place, stage
from redan.seal.keys import KeyKind, PublicKey
from redan.seal.oms import Sealed, verify

_LEAST_ID_CHARS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A sealed model that is to be published.

    Args:
        path: the file or folder.
        seal: its OMS bundle.
        key: the key that the seal must verify against.
        name: of the model.
        version: None to count.
        ignore: the seal's own path below the folder, where it lies in it.
    """

    path: Path
    seal: bytes
    key: PublicKey
    name: str
    version: str | None = None
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Founding:
    """How a new distribution is set up.

    Args:
        kind: of the keys that are made.
        root_keys: how many root keys there are.
        root_threshold: how many of them must sign a new root.
        days: how long versions live, by role; the usual ones where nothing is said.
    """

    kind: KeyKind = "ed25519"
    root_keys: int = 1
    root_threshold: int = 1
    days: Mapping[Role, int] = field(default_factory=dict)


class Publisher:
    """Changes of one distribution, each of them all or nothing.

    Args:
        folder: of the distribution; made when it is not there.
        ring: the private keys at hand.
        now: UTC.
    """

    def __init__(self, folder: Path, ring: Keyring, now: dt.datetime) -> None:
        self._folder, self._ring, self._now = Folder(folder, ring.home), ring, now

    def publish(self, offer: Offer, founding: Founding) -> Written:
        """Adds a release; the first one makes the distribution.

        Raises:
            InvalidError: the seal does not cover the files, or what is there is not what was published.
            UsageError: keys are missing, the version is taken, or something cannot be written.
        """
        check_word(offer.name, "name")
        if offer.version is not None:
            check_word(offer.version, "version")
        sealed = verify(offer.path, offer.seal, offer.key, ignore=offer.ignore)
        with self._folder.locked():
            held = self._folder.held()
            made: tuple[tuple[Role, Path], ...] = ()
            if held is None:
                held, made = self._found(founding)
            self._refuse_expired(held)
            before = targets_in(held["targets"]) if "targets" in held else {}
            last = newest(before, offer.name)
            if last is not None and last.root == sealed.root and offer.version in {None, last.version}:
                return Written(
                    folder=self._folder.path, standing=self._folder.standing(self._now), release=last, unchanged=True
                )
            self._refuse_taken(offer, before)
            try:
                release = self._add(offer, sealed, held, before, founding.days)
            except OSError as error:
                text = f"cannot be written: {error.strerror or error}"
                raise UsageError(
                    text, where=str(self._folder.path), remedy="free space or change permissions"
                ) from error
            return replace(self._done(), release=release, began="targets" not in held, made=made)

    def withdraw(self, name: str, version: str) -> Written:
        """Takes a release back: no client accepts it any longer; its files stay, unnamed.

        Raises:
            UsageError: there is no such release, or keys are missing.
            InvalidError: what is there is not what was published.
        """
        with self._folder.locked():
            held = self._needed()
            self._refuse_expired(held)
            before = targets_in(held["targets"])
            gone = next((r for r in releases_of(before, name) if r.version == version), None)
            if gone is None:
                known = ", ".join(release.version for release in releases_of(before, name)) or "none"
                raise UsageError(
                    f"there is no release {version} of {name}",
                    where=str(self._folder.path),
                    remedy=f"there are: {known}",
                )
            kept = {path: t for path, t in before.items() if not path.startswith(folder_of(name, version))}
            self._folder.write(edits.commit(held, kept, self._ring.signers, self._folder.taken(), self._now))
            return replace(self._done(), withdrawn=gone)

    def renew(self, days: Mapping[Role, int]) -> Written:
        """Signs anew what is half expired and whose keys are here; the timestamp always.

        Args:
            days: other lives from now on, by role; needs the root keys.

        Raises:
            UsageError: keys are missing.
            InvalidError: what is there is not what was published.
        """
        with self._folder.locked():
            held = self._relived(self._needed(), days)
            writes, away = edits.renewed(held, self._ring.signers, self._folder.taken(), self._now)
            self._folder.write(writes)
            return replace(self._done(), away=away)

    def rotate(self, asked: Sequence[tuple[Role, str | None]], kind: KeyKind) -> Written:
        """Replaces keys of roles: new ones are made, everything is signed with them, the old ones count no longer.

        Args:
            asked: roles, each with the beginning of the id of one key, or None for all keys of the role.
            kind: of the new keys.

        Raises:
            UsageError: the root keys are missing, or no key has that id.
            InvalidError: the folder holds nothing that can be mended.
        """
        with self._folder.locked():
            held = self._folder.salvaged()
            root = body(held["root"], Root)
            retired = {role: _chosen(root, role, start) for role, start in asked}
            fresh: dict[Role, list[RoleSigner]] = {}
            made: list[tuple[Role, Path]] = []
            for role, ids in retired.items():
                for _ in ids if role == "root" else (None,):
                    signer, path = self._ring.make(role, kind)
                    fresh.setdefault(role, []).append(signer)
                    made.append((role, path))
            change = edits.Rotation(fresh, retired)
            writes = edits.rotated(held, change, self._ring.signers, self._folder.taken(), self._now)
            self._folder.write(writes)
            gone = sorted(frozenset().union(*retired.values()))
            files = tuple((name, self._ring.file_of(name)) for name in gone)
            return replace(self._done(), made=tuple(made), retired=files)

    def _found(self, founding: Founding) -> tuple[Documents, tuple[tuple[Role, Path], ...]]:
        """Keys, then the first root beside them; the distribution itself begins with the first release."""
        if not 1 <= founding.root_threshold <= founding.root_keys:
            raise UsageError(f"{founding.root_threshold} of {founding.root_keys} root keys cannot be asked for")
        wanted: dict[Role, int] = {"root": founding.root_keys, "targets": 1, "snapshot": 1, "timestamp": 1}
        signers, made = first_keys(self._ring, wanted, founding.kind)
        held = ((signer, self._ring.home) for group in signers.values() for signer in group)
        self._ring = replace(self._ring, held=tuple(held))
        days = {**LIFE_DAYS, **founding.days}
        root = new_root(signers, founding.root_threshold, days, self._now)
        write_atomic(self._folder.pin, root)
        return {"root": root}, made

    def _add(
        self, offer: Offer, sealed: Sealed, held: Documents, before: Mapping[str, Target], days: Mapping[Role, int]
    ) -> Release:
        number = edits.next_version("targets", held, self._folder.taken())
        version = offer.version or str(number)
        with self._folder.stage() as into:
            staged = stage(offer.path, sealed, offer.seal, offer.key, into)
            release = _release(offer, sealed, staged, number, version)
            pem = offer.key.pem.encode("ascii")
            held = self._relived(held, days)
            files = (release.seal, release.key, *(file.target for file in release.files))
            after = {**before, **{target.path: target for target in files}}
            writes = edits.commit(held, after, self._ring.signers, self._folder.taken(), self._now)
            place(release, staged, self._folder.path, {release.seal.path: offer.seal, release.key.path: pem})
        if "targets" not in held:
            writes.insert(0, edits.Write(f"{METADATA}/1.root.json", held["root"]))
        self._folder.write(writes)
        return release

    def _relived(self, held: Documents, days: Mapping[Role, int]) -> Documents:
        """The documents after a root that gives versions other lives, where that is asked for."""
        writes = edits.relived(held, days, self._ring.signers, self._now) if "targets" in held else []
        self._folder.write(writes)
        return {**held, "root": writes[-1].data} if writes else held

    def _needed(self) -> Documents:
        held = self._folder.held()
        if held is None or "targets" not in held:
            raise UsageError("there is no distribution", where=str(self._folder.path), remedy="publish a release first")
        return held

    def _refuse_expired(self, held: Documents) -> None:
        until = body(held["root"], Root).expires
        if until <= self._now:
            raise UsageError(
                f"the root metadata expired on {moment(until)}, so clients refuse everything",
                where=str(self._folder.path),
                remedy="renew it with the root keys: redan publish --renew",
            )

    def _refuse_taken(self, offer: Offer, before: Mapping[str, Target]) -> None:
        if offer.version in {release.version for release in releases_of(before, offer.name)}:
            raise UsageError(
                f"version {offer.version} of {offer.name} is published already",
                where=str(self._folder.path),
                remedy="give another --version: what a version means never changes",
            )

    def _done(self) -> Written:
        return Written(folder=self._folder.path, standing=self._folder.standing(self._now))


def _release(offer: Offer, sealed: Sealed, staged: tuple[Staged, ...], number: int, version: str) -> Release:
    pem = offer.key.pem.encode("ascii")
    bare = Release(
        name=offer.name,
        version=version,
        number=number,
        root=sealed.root,
        kind="folder" if offer.path.is_dir() else "file",
        key_id=offer.key.key_id,
        seal=_small(target_path(offer.name, version, "seal"), offer.seal),
        key=_small(target_path(offer.name, version, "key"), pem),
        files=described((offer.name, version), staged),
    )
    return replace(bare, seal=replace(bare.seal, custom=custom_of(bare)))


def _small(path: str, data: bytes) -> Target:
    return Target(path=path, length=len(data), sha256=digest(data))


def _chosen(root: Root, role: Role, start: str | None) -> frozenset[str]:
    """The ids of the keys of a role that are meant.

    Raises:
        UsageError: none has that beginning, or it is too short.
    """
    ids = frozenset(root.roles[role].keyids)
    if start is None:
        return ids
    found = frozenset(name for name in ids if name.startswith(start))
    if len(found) != 1 or len(start) < _LEAST_ID_CHARS:
        known = ", ".join(sorted(name[:12] for name in ids))
        raise UsageError(f"no one key of {role} has an id that begins with {start!r}", remedy=f"there are: {known}")
    return found
