"""`redan publish`: put a sealed model where sites can pull it, so that they refuse an old, frozen or mixed release."""

import datetime as dt
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from redan.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from redan.canon import Json
    from redan.cli.published import Logged
    from redan.cli.seal import Rows
    from redan.seal.distribution import Role, Written
    from redan.seal.distribution.publisher import Founding, Offer, Publisher
    from redan.seal.keys import KeyKind

_LIFE_MAX_DAYS = 3_650
Model = Annotated[
    Path | None, typer.Argument(metavar="MODEL", help="The sealed file or folder; none with the other deeds.")
]
To = Annotated[Path, typer.Option("--to", metavar="FOLDER", help="The distribution; made by the first release.")]
SealFile = Annotated[Path | None, typer.Option("--seal", metavar="SEAL", help="The seal of MODEL.")]
Key = Annotated[
    Path | None, typer.Option("--key", metavar="PUB", help="The public key that the seal must verify against.")
]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="What sites ask for.")]
Version = Annotated[str | None, typer.Option("--version", metavar="V", help="Of this release; counted when left out.")]
Keys = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FOLDER", help="Private keys, outside of the distribution; new ones go to the first; may be repeated."
    ),
]
Expires = Annotated[
    list[str] | None,
    typer.Option(metavar="ROLE=TIME", help="How long metadata lives, such as 'timestamp=2 days'; may be repeated."),
]
Renew = Annotated[bool, typer.Option("--renew", help="Sign anew what is about to expire.")]
Rotate = Annotated[
    list[str] | None,
    typer.Option(metavar="ROLE[:ID]", help="Replace the keys of a role, or one of them; may be repeated."),
]
Yank = Annotated[str | None, typer.Option("--yank", metavar="V", help="Take release V of --name back.")]
RootKeys = Annotated[int, typer.Option(min=1, max=20, metavar="N", help="How many root keys a new distribution gets.")]
Threshold = Annotated[int, typer.Option(min=1, max=20, metavar="N", help="How many of them must sign together.")]
Kind = Annotated[Literal["ed25519", "p256"], typer.Option("--kind", help="Of the keys that are made.")]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing; the exit code answers.")]
_WHERE: "Mapping[Role, str]" = {
    "root": "offline, best in several hands: says who may sign what; needed to rotate keys and to renew itself",
    "targets": "offline between releases: says which releases there are",
    "snapshot": "where you publish: ties one state together, so that two cannot be mixed",
    "timestamp": "online, where a timer renews it: says what is newest, and that nothing is held back",
}


class _FirstRoot(NamedTuple):
    """What sites are given."""

    file: str
    sha256: str


def publish(
    path: Model = None,
    to: To = Path("dist"),
    seal: SealFile = None,
    key: Key = None,
    name: Name = None,
    version: Version = None,
    keys: Keys = None,
    expires: Expires = None,
    renew: Renew = False,
    rotate: Rotate = None,
    yank: Yank = None,
    root_keys: RootKeys = 1,
    root_threshold: Threshold = 1,
    kind: Kind = "ed25519",
    output: Format = "text",
    quiet: Quiet = False,
) -> None:
    """Put a sealed model into a signed distribution.

    The distribution is a folder that any static web server can hand out (The Update Framework). The first release
    makes it, with keys of their own for four roles; sites start from its first root, metadata/1.root.json, which you
    give them by a way that an attacker cannot change. A crash at any moment leaves the old or the new state.

    Args:
        path: the sealed file or folder.
        to: the distribution.
        seal: the seal of `path`.
        key: the public key of the seal.
        name: what sites ask for.
        version: of this release.
        keys: folders of private keys.
        expires: lives of metadata.
        renew: sign anew what is about to expire.
        rotate: roles whose keys are replaced.
        yank: a release to take back.
        root_keys: of a new distribution.
        root_threshold: of a new distribution.
        kind: of new keys.
        output: `text` or `json`.
        quiet: print nothing.

    Raises:
        UsageError: an option is wrong, or keys are missing.
        InvalidError: the seal does not cover the files, or the distribution is not what was published.
        MissingExtraError: the extra `tuf` is not installed.
    """
    deed, days, logged = _deed(path, renew=renew, rotate=rotate, yank=yank), _lives(expires or []), None
    publisher = _publisher(to, keys or [], now := dt.datetime.now(dt.UTC).replace(microsecond=0))
    if path is not None:
        founding = _founding(kind, root_keys, root_threshold, days)
        done = publisher.publish(_offer(path, seal, key, name, version), founding)
        logged = _logged(path, done, now)
    else:
        done = _other(deed, publisher, days, [_rotated(word) for word in rotate or ()], kind, name, yank)
    if not quiet:
        _tell(deed, done, logged, output)


def as_json(deed: str, done: "Written", logged: "Logged | None") -> "dict[str, Json]":
    """What was done, schema `redan/publish/v1`."""
    release = done.release or done.withdrawn
    return {
        "schema": "redan/publish/v1",
        "did": "nothing" if done.unchanged else deed,
        "folder": str(done.folder),
        "began": done.began,
        "release": None
        if release is None
        else {
            "name": release.name,
            "version": release.version,
            "number": release.number,
            "root": release.root,
            "key_id": release.key_id,
            "files": len(release.files),
            "bytes": release.size,
        },
        "metadata": {
            role: {"version": number, "expires": done.standing.expires[role].isoformat()}
            for role, number in done.standing.versions.items()
        },
        "keys_made": [{"role": role, "file": str(path)} for role, path in done.made],
        "keys_retired": [{"id": name, "file": None if path is None else str(path)} for name, path in done.retired],
        "keys_away": list(done.away),
        "first_root": _first_root(done)._asdict(),
        "ledger": None if logged is None else {"model": logged.model, "entries": logged.entries},
    }


def as_text(deed: str, done: "Written", logged: "Logged | None") -> "Rows":
    """What was done, as lines of a word and a sentence."""
    rows = _headline(deed, done)
    said = done.standing
    rows.append(("metadata", ", ".join(f"{role} {said.versions[role]}" for role in _WHERE)))
    order = sorted(said.expires.items(), key=lambda pair: pair[1])
    rows.append(("expires", ", ".join(f"{role} {until:%Y-%m-%d}" for role, until in order)))
    if done.away:
        rows.append(("due", f"{', '.join(done.away)}: more than half expired, and the keys are not here"))
    rows += [("key" if at == 0 else "", f"{role:<9}  {_short(file)}") for at, (role, file) in enumerate(done.made)]
    if done.began:
        rows += [("for" if at == 0 else "", f"{role:<9}  {where}") for at, (role, where) in enumerate(_WHERE.items())]
        first = _first_root(done)
        rows.append(("hand out", f"{first.file}, by a way that nobody can change; SHA-256"))
        rows.append(("", first.sha256))
    for at, (old, file) in enumerate(done.retired):
        rows.append(
            ("" if at else "retired", f"{old[:12]}, counts no longer" + (f": delete {_short(file)}" if file else ""))
        )
    if logged is not None:
        rows.append(("ledger", f"noted for model {logged.model}, entry {logged.entries - 1:,}"))
    release = done.release
    if release is not None and not done.unchanged:
        words = ("redan", "pull", str(done.folder), "--name", release.name, "--root", "1.root.json", "--into", "models")
        rows.append(("pull", f"{shlex.join(words)} --key PUB"))
    return rows


def _headline(deed: str, done: "Written") -> "Rows":
    from redan.cli.page import bytes_in_words

    release, folder = done.release, str(done.folder)
    if release is not None:
        verb = "unchanged" if done.unchanged else "published"
        files = f"{len(release.files):,} file" + ("s" if len(release.files) != 1 else "")
        about = f"{release.name} {release.version}, {files}, {bytes_in_words(release.size)}"
        return [(verb, about), ("in", folder), ("root", release.root), ("sealed", f"by key {release.key_id[:16]}")]
    if done.withdrawn is not None:
        gone = done.withdrawn
        return [("taken back", f"{gone.name} {gone.version}; sites go back to the release before it"), ("in", folder)]
    return [("renewed" if deed == "renew" else "rotated", folder)]


def _short(path: Path) -> Path:
    """A path relative to the folder that the command was called in, where it lies below it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _first_root(done: "Written") -> _FirstRoot:
    from redan.files import digest_file
    from redan.seal.distribution.records import METADATA

    file = done.folder / METADATA / "1.root.json"
    return _FirstRoot(str(file), digest_file(file).sha256)


def _deed(path: Path | None, *, renew: bool, rotate: list[str] | None, yank: str | None) -> str:
    """Which of the four things is asked for.

    Raises:
        UsageError: none, or more than one.
    """
    asked = {"publish": path is not None, "renew": renew, "rotate": bool(rotate), "yank": yank is not None}
    deeds = [name for name, wanted in asked.items() if wanted]
    if len(deeds) != 1:
        said = "more than one thing is asked for" if deeds else "nothing is asked for"
        raise UsageError(said, remedy="give MODEL to publish it, or one of --renew, --rotate ROLE and --yank V")
    return deeds[0]


def _founding(kind: "KeyKind", root_keys: int, root_threshold: int, days: "Mapping[Role, int]") -> "Founding":
    from redan.seal.distribution.publisher import Founding

    return Founding(kind=kind, root_keys=root_keys, root_threshold=root_threshold, days=days)


def _other(
    deed: str,
    publisher: "Publisher",
    days: "Mapping[Role, int]",
    roles: "list[tuple[Role, str | None]]",
    kind: "KeyKind",
    name: str | None,
    yank: str | None,
) -> "Written":
    """What is done without a model."""
    if deed == "renew":
        return publisher.renew(days)
    if deed == "rotate":
        return publisher.rotate(roles, kind)
    return publisher.withdraw(_needed(name, "--name NAME"), yank or "")


def _tell(deed: str, done: "Written", logged: "Logged | None", output: str) -> None:
    from redan.cli.seal import show

    if output == "json":
        sys.stdout.write(json.dumps(as_json(deed, done, logged), indent=2, ensure_ascii=False) + "\n")
        return
    show(as_text(deed, done, logged))


def _publisher(to: Path, keys: list[Path], now: dt.datetime) -> "Publisher":
    _require_tuf()
    from redan.cli.published import key_folder
    from redan.seal.distribution.keyring import open_keyring
    from redan.seal.distribution.publisher import Publisher

    default = key_folder(Path(), to)
    folders = keys or ([] if default is None else [default])
    if not folders:
        raise UsageError("there is no project to keep the keys of the distribution in", remedy="give --keys FOLDER")
    return Publisher(to, open_keyring(folders, to), now)


def _offer(path: Path, seal: Path | None, key: Path | None, name: str | None, version: str | None) -> "Offer":
    from redan.cli.verify_seal import seal_key
    from redan.files import read_bounded
    from redan.seal.distribution.publisher import Offer
    from redan.seal.distribution.records import SEAL_LIMIT_BYTES

    sealed = _needed(seal, "--seal SEAL")
    return Offer(
        path=path,
        seal=read_bounded(Path(sealed).resolve(), SEAL_LIMIT_BYTES),
        key=seal_key(Path(_needed(key, "--key PUB"))),
        name=str(_needed(name, "--name NAME")),
        version=version,
    )


def _needed(value: "Path | str | None", what: str) -> str:
    if value is None:
        raise UsageError(f"missing option '{what.partition(' ')[0]}'", remedy=f"give {what}")
    return str(value)


def _lives(said: list[str]) -> "dict[Role, int]":
    """Days by role, as `timestamp=2 days` says them.

    Raises:
        UsageError: a role or a duration is none.
    """
    from redan.seal.distribution.records import ROLES
    from redan.system.retention import parse_duration

    found: dict[Role, int] = {}
    for text in said:
        word, _, duration = text.partition("=")
        role = next((one for one in ROLES if one == word), None)
        try:
            length = parse_duration(duration)
        except ValueError:
            length = None
        if role is None or length is None or not 0 < (days := 30 * length.months + length.days) <= _LIFE_MAX_DAYS:
            raise UsageError(f"--expires {text!r} is not understood", remedy="write it as --expires 'timestamp=2 days'")
        found[role] = days
    return found


def _rotated(word: str) -> "tuple[Role, str | None]":
    from redan.seal.distribution.records import ROLES

    name, _, start = word.partition(":")
    role = next((one for one in ROLES if one == name), None)
    if role is None:
        raise UsageError(f"there is no role {name!r}", remedy=f"one of {', '.join(ROLES)}")
    return role, start or None


def _logged(path: Path, done: "Written", now: dt.datetime) -> "Logged | None":
    from redan.cli.published import log_release

    return None if done.release is None else log_release(Path(), path, done.release.root, now)


def _require_tuf() -> None:
    from redan.extras import missing_import

    package = missing_import("tuf")
    if package is not None:
        raise MissingExtraError("tuf", package)
