"""Changes of a distribution, as the files to write in their order; pure functions of what is there, keys and a clock.

Consistent snapshots make every file but one immutable: only `timestamp.json` is replaced, and it is written last, so a
change counts when that one rename is done. A root counts as soon as it is there, so a rotated key is first added, then
everything is signed with it, and only then is the old key taken away: clients accept what each step leaves behind.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tuf.api.metadata import Root, Signed, Snapshot, Targets, Timestamp

from redan.errors import UsageError
from redan.seal.distribution.records import METADATA, Role, Target
from redan.seal.distribution.roles import (
    Documents,
    RoleSigner,
    Signers,
    body,
    key_id,
    life,
    needed,
    next_root,
    signed,
    snapshot_body,
    targets_body,
    targets_in,
    timestamp_body,
    tuf_key,
    with_life,
)

_TARGETS_MAX_BYTES = 4_500_000  # clients read five megabytes
_VERSION_MAX = 10**9  # only a thief of a key writes a higher one, and rotating that key makes clients forget it


class Rotation(NamedTuple):
    """Keys that come and go.

    Args:
        fresh: the new keys, by role.
        retired: TUF ids of the keys that must not count any longer, by role.
    """

    fresh: Mapping[Role, Sequence[RoleSigner]]
    retired: Mapping[Role, frozenset[str]]


class Write(NamedTuple):
    """One file to write.

    Args:
        path: below the distribution.
        data: all of its bytes.
    """

    path: str
    data: bytes


def commit(
    held: Documents, targets: Mapping[str, Target] | None, signers: Signers, taken: Mapping[Role, int], now: dt.datetime
) -> list[Write]:
    """A new state: targets when they change, then snapshot, then timestamp.

    Args:
        held: the documents there are; `root` at least.
        targets: the files from now on; None to keep the targets metadata and sign a new snapshot only.
        signers: private keys at hand.
        taken: the highest version of each role that is on the disk, whether it counts or not.
        now: UTC.

    Raises:
        UsageError: a key is missing, or there are too many files.
    """
    root = body(held["root"], Root)
    days = life(root)
    writes: list[Write] = []
    kept = held.get("targets")
    if targets is not None or kept is None:
        version = next_version("targets", held, taken)
        made = targets_body(version, targets or {}, now, days["targets"])
        kept = signed(made, needed(root, "targets", signers))
        if len(kept) > _TARGETS_MAX_BYTES:
            raise UsageError("the distribution holds too many files", remedy="take old releases back with --yank")
        writes.append(Write(f"{METADATA}/{version}.targets.json", kept))
    version = next_version("snapshot", held, taken)
    snapshot = signed(snapshot_body(version, kept, now, days["snapshot"]), needed(root, "snapshot", signers))
    writes.append(Write(f"{METADATA}/{version}.snapshot.json", snapshot))
    return [*writes, *stamped(held, snapshot, signers, taken, now)]


def stamped(
    held: Documents, snapshot: bytes, signers: Signers, taken: Mapping[Role, int], now: dt.datetime
) -> list[Write]:
    """A new timestamp over a snapshot; a copy under its version stays, to play it back against clients later."""
    root = body(held["root"], Root)
    version = next_version("timestamp", held, taken)
    made = timestamp_body(version, snapshot, now, life(root)["timestamp"])
    data = signed(made, needed(root, "timestamp", signers))
    return [Write(f"{METADATA}/{version}.timestamp.json", data), Write(f"{METADATA}/timestamp.json", data)]


def renewed(
    held: Documents, signers: Signers, taken: Mapping[Role, int], now: dt.datetime
) -> tuple[list[Write], tuple[Role, ...]]:
    """A new timestamp, and new versions of the roles whose lives are half over and whose keys are here.

    Returns:
        The files to write, and the roles that are due and whose keys are elsewhere.

    Raises:
        UsageError: the timestamp key, or one that a change needs, is missing.
    """
    signers, root = tuple(signers), body(held["root"], Root)
    renewable: tuple[Role, ...] = ("root", "targets", "snapshot")
    due = [role for role in renewable if _left(held, role, now) < dt.timedelta(days=life(root)[role]) / 2]
    able = {role for role in due if _able(root, role, signers)}
    away = tuple(role for role in due if role not in able)
    for role in away:
        if _left(held, role, now) <= dt.timedelta():
            raise UsageError(
                f"the {role} metadata has expired and its keys are not here",
                remedy=f"add the folder that holds the {role} keys with --keys",
            )
    writes: list[Write] = []
    now_held = dict(held)
    if "root" in able:
        now_held["root"] = next_root(held["root"], root, signers, signers, now)
        writes.append(_root_write(now_held["root"]))
    if "targets" in able:
        writes += commit(now_held, targets_in(held["targets"]), signers, taken, now)
    elif "snapshot" in able:
        writes += commit(now_held, None, signers, taken, now)
    else:
        writes += stamped(now_held, held["snapshot"], signers, taken, now)
    return writes, away


def relived(held: Documents, days: Mapping[Role, int], signers: Signers, now: dt.datetime) -> list[Write]:
    """A root that gives later versions other lives; nothing when they are these already."""
    root = body(held["root"], Root)
    if {**life(root), **days} == life(root):
        return []
    with_life(root, days)
    return [_root_write(next_root(held["root"], root, signers, signers, now))]


def rotated(
    held: Documents, change: Rotation, signers: Signers, taken: Mapping[Role, int], now: dt.datetime
) -> list[Write]:
    """New keys for roles, everything signed with them, and the old keys gone.

    Args:
        held: the documents there are.
        change: which keys come and go.
        signers: private keys at hand, among them the root's.
        taken: see `commit`.
        now: UTC.

    Raises:
        UsageError: keys are missing.
    """
    every = (*signers, *(key for keys in change.fresh.values() for key in keys))
    root = body(held["root"], Root)
    for role, keys in change.fresh.items():
        for key in keys:
            root.add_key(tuf_key(key.public), role)
    _revoke(root, {"root": change.retired.get("root", frozenset())})
    first = next_root(held["root"], root, every, every, now)
    online: dict[Role, frozenset[str]] = {role: ids for role, ids in change.retired.items() if role != "root"}
    if not online:
        return [_root_write(first)]
    gone = frozenset().union(*online.values())
    good = tuple(key for key in every if key_id(key) not in gone)
    last = body(first, Root)
    _revoke(last, online)
    files = targets_in(held["targets"]) if "targets" in online else None
    if files is not None or _able(last, "snapshot", good):
        writes = commit({**held, "root": first}, files, good, taken, now)
    else:
        writes = stamped({**held, "root": first}, held["snapshot"], good, taken, now)
    return [_root_write(first), *writes, _root_write(next_root(first, last, every, every, now))]


def _revoke(root: Root, ids: Mapping[Role, frozenset[str]]) -> None:
    for role, keys in ids.items():
        for name in keys:
            root.revoke_key(name, role)


def _root_write(data: bytes) -> Write:
    return Write(f"{METADATA}/{body(data, Root).version}.root.json", data)


def next_version(role: Role, held: Documents, taken: Mapping[Role, int]) -> int:
    """A version that was never on the disk, so that no address ever has two contents."""
    kinds = {"targets": Targets, "snapshot": Snapshot, "timestamp": Timestamp}
    known = body(held[role], kinds[role]).version if role in held else 0
    return int(max(known if known < _VERSION_MAX else 0, taken.get(role, 0)) + 1)


def _left(held: Documents, role: Role, now: dt.datetime) -> dt.timedelta:
    kinds: Mapping[Role, type[Signed]] = {"root": Root, "targets": Targets, "snapshot": Snapshot}
    left: dt.timedelta = body(held[role], kinds[role]).expires - now
    return left


def _able(root: Root, role: Role, signers: Signers) -> bool:
    try:
        needed(root, role, signers)
    except UsageError:
        return False
    return True
