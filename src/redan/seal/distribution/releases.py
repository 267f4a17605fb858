"""Releases: which files of the targets metadata belong together, and which release of a model is the newest."""

import re
from collections.abc import Iterable, Mapping

from redan.canon import Json
from redan.errors import InvalidError
from redan.seal.distribution.names import RELEASES, Parsed, parse
from redan.seal.distribution.records import KEY_LIMIT_BYTES, SEAL_LIMIT_BYTES, Kind, Release, ReleasedFile, Target

_HEX = re.compile(r"[0-9a-f]{64}")
_FIELDS = frozenset({"name", "version", "number", "root", "kind", "key_id"})
_NUMBER_MAX = 2**53


def custom_of(release: Release) -> dict[str, Json]:
    """What the targets metadata says about a release, beside its seal."""
    return {
        "name": release.name,
        "version": release.version,
        "number": release.number,
        "root": release.root,
        "kind": release.kind,
        "key_id": release.key_id,
    }


def names(targets: Iterable[str]) -> tuple[str, ...]:
    """The models that a distribution holds releases of, sorted."""
    words = (target.split("/") for target in targets)
    return tuple(sorted({word[1] for word in words if len(word) > 1 and word[0] == RELEASES}))


def releases_of(targets: Mapping[str, Target], name: str) -> tuple[Release, ...]:
    """The releases of one model, oldest first.

    Args:
        targets: of the targets metadata, by path; targets of other models are passed over.
        name: of the model.

    Returns:
        Empty when there is none.

    Raises:
        InvalidError: a target of the model has a hostile name, or what is said about a release does not add up.
    """
    groups: dict[str, dict[str, tuple[Parsed, Target]]] = {}
    for path, target in targets.items():
        if path.split("/")[:2] == [RELEASES, name]:
            parsed = parse(path)
            groups.setdefault(parsed.version, {})[path] = (parsed, target)
    found = [_release(name, version, list(group.values())) for version, group in groups.items()]
    if len({release.number for release in found}) != len(found):
        raise InvalidError(f"malformed: two releases of {name} have one number")
    return tuple(sorted(found, key=lambda release: release.number))


def newest(targets: Mapping[str, Target], name: str) -> Release | None:
    """The newest release of a model; None when there is none.

    Raises:
        InvalidError: as `releases_of`.
    """
    return next(iter(releases_of(targets, name)[::-1]), None)


def _release(name: str, version: str, parts: list[tuple[Parsed, Target]]) -> Release:
    seals = [target for parsed, target in parts if parsed.part == "seal"]
    keys = [target for parsed, target in parts if parsed.part == "key"]
    files = [ReleasedFile(path=parsed.path, target=target) for parsed, target in parts if parsed.part == "file"]
    if len(seals) != 1 or len(keys) != 1 or not files:
        raise _malformed(name, version, "lacks its seal, its key or its files")
    if seals[0].length > SEAL_LIMIT_BYTES or keys[0].length > KEY_LIMIT_BYTES:
        raise _malformed(name, version, "has a seal or key too large to be one")
    said = seals[0].custom
    if not isinstance(said, dict) or said.keys() != _FIELDS or (said["name"], said["version"]) != (name, version):
        raise _malformed(name, version, "is not described, or is described as another")
    number, kind = _number(said["number"]), _kind(said["kind"])
    if number is None or kind is None or (kind == "file" and len(files) != 1):
        raise _malformed(name, version, "is described by values that cannot be")
    _refuse_overlap(name, version, {file.path for file in files})
    return Release(
        name=name,
        version=version,
        number=number,
        root=_digest(said["root"], name, version),
        kind=kind,
        key_id=_digest(said["key_id"], name, version),
        seal=seals[0],
        key=keys[0],
        files=tuple(sorted(files, key=lambda file: file.path)),
    )


def _number(value: Json) -> int | None:
    sound = isinstance(value, int) and not isinstance(value, bool) and 0 < value < _NUMBER_MAX
    return value if sound and isinstance(value, int) else None


def _kind(value: Json) -> Kind | None:
    return "file" if value == "file" else "folder" if value == "folder" else None


def _digest(value: Json, name: str, version: str) -> str:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise _malformed(name, version, "is described by a digest that is none")
    return value


def _refuse_overlap(name: str, version: str, paths: set[str]) -> None:
    folders = {path[:at] for path in paths for at in range(len(path)) if path[at] == "/"}
    if folders & paths:
        raise _malformed(name, version, "has a file that is a folder too")


def _malformed(name: str, version: str, what: str) -> InvalidError:
    return InvalidError(f"malformed: release {version} of {name} {what}", remedy="ask the publisher for a new release")
