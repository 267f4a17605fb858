"""A client of a distribution: the reference implementation's workflow, with a clock, a memory and words of its own.

Source: TUF specification 1.0.31, section 5. What decides is `tuf.ngclient`; here its trust starts from a file that the
user names (never from what is found first), its memory is refused when it is damaged, and its refusals are explained.
"""

import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import Metadata, Signed, Snapshot, Targets, Timestamp
from tuf.ngclient import Updater, UpdaterConfig

from redan.errors import IncompleteError, InvalidError, UsageError
from redan.files import read_bounded, write_atomic
from redan.seal.distribution.records import (
    METADATA,
    ROOT_LIMIT_BYTES,
    TARGETS,
    TARGETS_LIMIT_BYTES,
    Role,
    Standing,
    Target,
)
from redan.seal.distribution.refusal import Looked, refusal
from redan.seal.distribution.roles import body, targets_in
from redan.seal.distribution.sources import Source

_PIN = "pin.json"
_KINDS: Mapping[Role, type[Signed]] = {"timestamp": Timestamp, "snapshot": Snapshot, "targets": Targets}
_HISTORY = "root_history"  # the reference client's own name
_ODD = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)  # what odd JSON makes it raise
_CONFIG = UpdaterConfig(max_delegations=1, root_max_length=ROOT_LIMIT_BYTES, targets_max_length=TARGETS_LIMIT_BYTES)


class Client:
    """One look at a distribution.

    Args:
        source: where it is fetched from.
        state: folder of what was trusted before; made when it is not there.
        root: bytes of a root that the user trusts.
        now: the moment that expiry is judged at, UTC.
        where: how messages name the distribution.

    Raises:
        InvalidError: the root is none, is not the one that this state began with, or the state is damaged.
        UsageError: the state is a link or cannot be written.
    """

    def __init__(self, source: Source, state: Path, root: bytes, now: dt.datetime, where: str) -> None:
        self._source, self._state, self._where, self._root = source, state, where, root
        prepare_state(state)
        self._before = documents(state)
        _check_pin(state, root)
        try:
            self._updater = Updater(
                str(state),
                f"{source.base}{METADATA}/",
                target_base_url=f"{source.base}{TARGETS}/",
                fetcher=source,
                config=_CONFIG,
                bootstrap=root,
            )
        except (RepositoryError, *_ODD) as error:
            text = "malformed: the file is no root metadata that signs itself"
            raise InvalidError(
                text, where="--root", remedy="get the publisher's 1.root.json by a way you trust"
            ) from error
        except OSError as error:
            raise _unwritable(state, error) from error
        _set_clock(self._updater, now)

    def refresh(self) -> Standing:
        """Looks for newer metadata; accepts all of it or raises.

        Raises:
            InvalidError: names the attack and the metadata.
            IncompleteError: it could not be reached, or came too slowly.
        """
        try:
            self._updater.refresh()
        except (RepositoryError, DownloadError, *_ODD) as error:
            raise self._refusal(error) from error
        except OSError as error:
            raise _unwritable(self._state, error) from error
        finally:
            _sync(self._state)
        if not os.path.lexists(self._state / _PIN):  # a root that led nowhere, a wrong file perhaps, binds nobody
            write_atomic(self._state / _PIN, self._root, mode=0o600)
        return standing(self._state)

    def fetch(self, target: Target, to: Path) -> None:
        """Downloads one file of the targets metadata; what arrives there has the signed length and digest.

        Raises:
            InvalidError: it is not the file that was signed, or is larger.
            IncompleteError: it could not be reached, or came too slowly.
        """
        info = self._updater.get_targetinfo(target.path)
        if info is None:
            raise InvalidError("the targets metadata does not name the file", where=self._where)
        try:
            self._updater.download_target(info, str(to))
        except (RepositoryError, DownloadError, *_ODD) as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> Exception:
        looked = Looked(
            asked=self._source.asked,
            received=self._source.received,
            before=self._before,
            now=_readable(self._state),
            where=self._where,
        )
        return refusal(error, looked)


def prepare_state(state: Path) -> None:
    """Makes the folder of a client's memory.

    Raises:
        UsageError: it is a link or a file, or cannot be made.
    """
    for place in (state, state / _HISTORY):
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise UsageError("is a link, or no folder", where=str(place), remedy="remove it, or name another --state")
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(state, error) from error


def documents(state: Path) -> dict[Role, bytes]:
    """The metadata that a client trusted last, by role; root is left out.

    Raises:
        InvalidError: a document is damaged: without it, an old offer could not be told from a new one.
    """
    found: dict[Role, bytes] = {}
    for role, kind in _KINDS.items():
        path = state / f"{role}.json"
        if not os.path.lexists(path):
            continue
        data = read_bounded(path, TARGETS_LIMIT_BYTES)
        try:
            body(data, kind)
        except InvalidError as error:
            remedy = "restore it; if it cannot be, remove the folder and compare what you pull next with the publisher"
            raise InvalidError("what was seen last is damaged", where=str(path), remedy=remedy) from error
        found[role] = data
    return found


def standing(state: Path) -> Standing:
    """What a client trusts, from its memory after a successful look."""
    kept = _readable(state)
    bodies = {role: Metadata.from_bytes(data).signed for role, data in kept.items()}
    return Standing(
        versions={role: found.version for role, found in bodies.items()},
        expires={role: found.expires for role, found in bodies.items()},
        targets=targets_in(kept["targets"]),
    )


def trusted_root(state: Path) -> bytes:
    """The newest root that a client came to trust."""
    return read_bounded(_newest_root(state), ROOT_LIMIT_BYTES)


def _newest_root(state: Path) -> Path:
    """The client's `root.json` is a link of its own making; the file behind it is read, whatever the link says."""
    return state / _HISTORY / (state / "root.json").readlink().name


def _readable(state: Path) -> dict[Role, bytes]:
    found = documents(state)
    return {"root": trusted_root(state), **found}


def _check_pin(state: Path, root: bytes) -> None:
    """The root that a state began with stays; a later root of the same chain may be given in its place."""
    pin = state / _PIN
    if not os.path.lexists(pin) or read_bounded(pin, ROOT_LIMIT_BYTES) == root:
        return
    history = sorted((state / _HISTORY).glob("*.root.json")) if (state / _HISTORY).is_dir() else []
    if not any(read_bounded(path, ROOT_LIMIT_BYTES) == root for path in history):
        raise InvalidError(
            "the root is of another distribution than the one that was pulled from before",
            where="--root",
            remedy=f"give the root of the first time; to change for good, remove {state}",
        )


def _set_clock(updater: Updater, now: dt.datetime) -> None:
    """The reference client takes no clock; without this line it would read the system's."""
    trusted = getattr(updater, "_trusted_set", None)
    if trusted is None or not hasattr(trusted, "reference_time"):
        raise IncompleteError("this version of tuf keeps its clock elsewhere", remedy="pip install 'tuf>=6,<8'")
    trusted.reference_time = now.astimezone(dt.UTC)


def _sync(state: Path) -> None:
    """What was trusted must survive a power cut, or an old offer would pass after it."""
    folders = [folder for folder in (state, state / _HISTORY) if folder.is_dir()]
    files = [path for folder in folders for path in sorted(folder.glob("*.json")) if not path.is_symlink()]
    try:
        for path in (*files, *folders):
            _fsync(path)
    except OSError as error:
        raise _unwritable(state, error) from error


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(state: Path, error: OSError) -> UsageError:
    text = f"cannot be written: {error.strerror or type(error).__name__}"
    return UsageError(text, where=str(state), remedy="free space, change permissions, or name another --state")
