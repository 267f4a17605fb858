"""Distributions set back, mixed, expired, forged or left behind, each with its repaired twin.

Everything is signed with keys that everybody knows, so the bytes are the same at each call.
"""

import datetime as dt
import tempfile
from collections.abc import Mapping
from pathlib import Path

from redan.controls.contract import Vector
from redan.controls.planted import known_signer
from redan.extras import missing_import
from redan.files import write_atomic
from redan.terms import Outcome

_CHECK = "A-MLSG-004-D002/rollback-and-mixing-are-refused"
_MADE = dt.datetime(2026, 5, 30, tzinfo=dt.UTC)
_RENEWED = dt.datetime(2026, 6, 18, tzinfo=dt.UTC)
_TODAY = dt.date(2026, 6, 1)
_LATE = dt.date(2026, 6, 20)  # the timestamp lives a week
_OLD, _NEW, _NEXT = b"weights of May", b"weights of June", b"weights of July"
_META = "dist/metadata"
_STAMP = f"{_META}/timestamp.json"
_SERVED = """
[[site]]
name = "edge"

[[endpoint]]
name = "score"
model = "churn"
site = "edge"
"""
_Files = dict[str, bytes]


def rollback_vectors() -> tuple[Vector, ...]:
    """Bad distributions and their twins; empty without the extra `tuf`, without which the check does not run."""
    if missing_import("tuf") is not None:
        return ()
    both, one = _published(_OLD, _NEW), _published(_NEW)
    return (*_sound(both, one), *_left_behind(both, one), *_attacked(both))


def _sound(both: _Files, one: _Files) -> tuple[Vector, ...]:
    good = Outcome.HOLDS
    return (
        _case("two releases, fresh", good, both, _NEW),
        _case("first release, nothing older to play back", good, one, _NEW),
        _case("renewed in time", good, _published(_OLD, _NEW, renew=True), _NEW, now=_LATE),
        _case("serves elsewhere with a distribution", good, both, _NEW, tables=_SERVED),
    )


def _left_behind(both: _Files, one: _Files) -> tuple[Vector, ...]:
    bad = Outcome.BROKEN
    return (
        _case("retrained, and the older signed model is what sites are offered", bad, one, _NEXT),
        _case("the older model is back in the project, the newest stays on offer", bad, both, _OLD),
        _case("another model is published, this one is not", bad, _published(_NEW, name="other"), _NEW),
        _case("timestamp expired", bad, both, _NEW, now=_LATE),
        _case("serves elsewhere without a distribution", bad, {}, _NEW, tables=_SERVED, stated=False),
    )


def _attacked(both: _Files) -> tuple[Vector, ...]:
    bad = Outcome.BROKEN
    set_back = {**both, _STAMP: both[f"{_META}/1.timestamp.json"]}
    targets = {**both, f"{_META}/2.targets.json": both[f"{_META}/1.targets.json"]}
    snapshot = {**both, f"{_META}/2.snapshot.json": both[f"{_META}/1.snapshot.json"]}
    return (
        _case("set back to the first state", bad, set_back, _NEW),
        _case("targets of the first release under the second snapshot", bad, targets, _NEW),
        _case("first snapshot under the second timestamp", bad, snapshot, _NEW),
        _case("bytes of the first release in the place of the second", bad, _exchanged(both), _NEW),
        _case("timestamp signed by the snapshot key", bad, _forged(both), _NEW),
        _case("the name of a file climbs out", bad, _climbing(both), _NEW),
        _case("metadata that is no JSON", bad, {**both, _STAMP: b"\xff{" * 99}, _NEW),
    )


def _case(
    name: str,
    expect: Outcome,
    dist: Mapping[str, bytes],
    model: bytes,
    *,
    now: dt.date = _TODAY,
    tables: str = "",
    stated: bool = True,
) -> Vector:
    lines = [
        '[system]\nname = "churn"\nstage = "operation"\n\n[[site]]\nname = "lab"\n',
        '[[model]]\nname = "churn"\npath = "churn.onnx"\nsite = "lab"',
        *(['distribution = "dist"'] if stated else []),
        tables,
    ]
    return Vector(
        name=name,
        files={"redan.toml": "\n".join(lines).encode(), "churn.onnx": model, **dist},
        check=_CHECK,
        expect=expect,
        subject="model:churn",
        note="An older release has a valid signature too: only the distribution can tell that it is not the newest.",
        now=now,
    )


def _published(*models: bytes, name: str = "churn", renew: bool = False) -> _Files:
    """The folder after these models were published one after the other."""
    from redan.seal.distribution.keyring import open_keyring
    from redan.seal.distribution.publisher import Founding, Offer, Publisher
    from redan.seal.oms import sign

    signer = known_signer("seal")
    with tempfile.TemporaryDirectory() as scratch:
        keys, dist, file = (Path(scratch, word) for word in ("keys", "dist", "churn.onnx"))
        for role in ("root", "targets", "snapshot", "timestamp"):
            write_atomic(keys / f"{role}-known.pem", known_signer(role).private_pem(), mode=0o600)
        for model in models:
            write_atomic(file, model)
            offer = Offer(path=file, seal=sign(file, signer), key=signer.public, name=name)
            Publisher(dist, open_keyring([keys], dist), _MADE).publish(offer, Founding())
        if renew:
            Publisher(dist, open_keyring([keys], dist), _RENEWED).renew({})
        return {f"dist/{p.relative_to(dist)}": p.read_bytes() for p in sorted(dist.rglob("*")) if p.is_file()}


def _exchanged(both: _Files) -> _Files:
    def name_of(data: bytes) -> str:
        return next(name for name, held in both.items() if held == data and "/targets/" in name)

    return {**both, name_of(_NEW): _OLD}


def _forged(both: _Files) -> _Files:
    from tuf.api.metadata import Timestamp

    from redan.seal.distribution.roles import body, signed

    return {**both, _STAMP: signed(body(both[_STAMP], Timestamp), [known_signer("snapshot")])}


def _climbing(both: _Files) -> _Files:
    """Signed with the right keys all the same: a stolen targets key can say anything."""
    from tuf.api.metadata import Snapshot, Targets, Timestamp

    from redan.seal.distribution.roles import body, signed, snapshot_body, timestamp_body

    targets = body(both[f"{_META}/2.targets.json"], Targets)
    path, file = next((path, file) for path, file in targets.targets.items() if "/files/" in path)
    climbing = path.replace("files/", "files/..%2F..%2F..%2F")
    targets.targets[climbing] = file
    file.path = climbing
    new_targets = signed(targets, [known_signer("targets")])
    days = (body(both[_STAMP], Timestamp).expires - _MADE).days
    snapshot = snapshot_body(body(both[f"{_META}/2.snapshot.json"], Snapshot).version, new_targets, _MADE, days)
    new_snapshot = signed(snapshot, [known_signer("snapshot")])
    stamp = timestamp_body(body(both[_STAMP], Timestamp).version, new_snapshot, _MADE, days)
    new_stamp = signed(stamp, [known_signer("timestamp")])
    return {
        **both,
        f"{_META}/2.targets.json": new_targets,
        f"{_META}/2.snapshot.json": new_snapshot,
        _STAMP: new_stamp,
        f"{_META}/2.timestamp.json": new_stamp,
    }
