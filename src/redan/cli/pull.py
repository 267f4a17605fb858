"""`redan pull`: fetch the newest release of a model, or refuse what an attacker offers in its place."""

import datetime as dt
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from redan.errors import InputError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from redan.canon import Json
    from redan.cli.seal import Rows
    from redan.seal.distribution import Pulled

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="The distribution: a folder, or its http(s) address.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="The model.")]
Root = Annotated[
    Path, typer.Option("--root", metavar="ROOT", help="The publisher's 1.root.json, got by a way you trust.")
]
Into = Annotated[Path, typer.Option("--into", metavar="FOLDER", help="The release comes to lie in FOLDER/NAME.")]
Key = Annotated[Path | None, typer.Option("--key", metavar="PUB", help="The key that the model must be sealed by.")]
State = Annotated[
    Path | None, typer.Option("--state", metavar="FOLDER", help="What was seen before; FOLDER/.redan-pull if left out.")
]
Patience = Annotated[
    float, typer.Option("--patience", min=1, max=86_400, metavar="SECONDS", help="For each file from a server.")
]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing; the exit code answers.")]


def pull(
    source: Source,
    name: Name,
    root: Root,
    into: Into,
    key: Key = None,
    state: State = None,
    patience: Patience = 60.0,
    output: Format = "text",
    quiet: Quiet = False,
) -> None:
    """Fetch the newest release of a signed distribution, or refuse it.

    Trust starts from the root file that you give, never from what the server says. A release that is older than one
    that was seen, expired, mixed from several, larger than signed or not as it was sealed is refused with the reason
    (exit code 4), and what was installed stays. Exit code 3: it could not be reached. The model appears all at once,
    with every byte verified.

    Args:
        source: of the distribution.
        name: of the model.
        root: the publisher's first root, or a later one.
        into: where releases are installed.
        key: the seal's public key.
        state: what was seen before.
        patience: seconds for each file.
        output: `text` or `json`.
        quiet: print nothing.

    Raises:
        UsageError: an option is wrong, or there is no such release.
        InvalidError: what is offered is refused; names the attack and the metadata.
        IncompleteError: the distribution could not be reached.
        MissingExtraError: the extra `tuf` is not installed.
    """
    from redan.cli.seal import progress

    _require_tuf()
    from redan.cli.verify_seal import seal_key
    from redan.seal.distribution import puller, sources

    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its retries are not the user's concern
    trust = None if key is None else seal_key(key)
    wanted = puller.Wanted(name=name, into=into, root=_root(root), key=trust, state=state, where=source)
    place = sources.open_source(source, puller.scratch_of(into, name), patience)
    with progress("pulling", quiet) as tell:
        done = puller.pull(place, wanted, dt.datetime.now(dt.UTC).replace(microsecond=0), tell)
    if not quiet:
        _tell(source, done, output)


def _tell(source: str, done: "Pulled", output: str) -> None:
    from redan.cli.seal import show

    if output == "json":
        sys.stdout.write(json.dumps(as_json(source, done), indent=2, ensure_ascii=False) + "\n")
        return
    show(as_text(source, done))


def _require_tuf() -> None:
    from redan.extras import missing_import

    package = missing_import("tuf")
    if package is not None:
        raise MissingExtraError("tuf", package)


def as_json(source: str, done: "Pulled") -> "dict[str, Json]":
    """What was pulled, schema `redan/pull/v1`."""
    release = done.release
    return {
        "schema": "redan/pull/v1",
        "source": source,
        "place": str(done.place),
        "files": str(done.place / "files"),
        "fetched": done.fetched,
        "before": done.before,
        "restored": done.restored,
        "release": {
            "name": release.name,
            "version": release.version,
            "number": release.number,
            "root": release.root,
            "files": len(release.files),
            "bytes": release.size,
        },
        "key": {"id": release.key_id, "pinned": done.pinned},
        "metadata": {
            role: {"version": number, "expires": done.standing.expires[role].isoformat()}
            for role, number in done.standing.versions.items()
        },
    }


def as_text(source: str, done: "Pulled") -> "Rows":
    """What was pulled, as lines of a word and a sentence."""
    from redan.cli.page import bytes_in_words

    release = done.release
    files = f"{len(release.files):,} file" + ("s" if len(release.files) != 1 else "")
    rows = [
        ("pulled" if done.fetched else "current", f"{release.name} {release.version} from {source}"),
        ("in", f"{done.place / 'files'}, {files}, {bytes_in_words(release.size)}"),
        ("root", release.root),
    ]
    if done.restored is not None:
        rows.append(("mended", f"what lay there was not as released: {done.restored}"))
    elif done.fetched and done.before is not None:
        rows.append(("before", done.before))
    if done.pinned:
        rows.append(("sealed", f"by key {release.key_id[:16]}, the one that you gave"))
    else:
        word = f"by key {release.key_id[:16]}, which the distribution names"
        rows.append(("sealed", f"{word}; give --key PUB to rely on the model's maker alone"))
    until = min(done.standing.expires.values())
    rows.append(("fresh", f"until {until:%Y-%m-%d %H:%M} UTC; pull again before"))
    return rows


def _root(path: Path) -> bytes:
    """The bytes of the root that is trusted.

    Raises:
        UsageError: the file cannot be read.
    """
    from redan.files import read_bounded
    from redan.seal.distribution.records import ROOT_LIMIT_BYTES

    try:
        return read_bounded(path.resolve(), ROOT_LIMIT_BYTES)
    except InputError as error:
        raise UsageError(
            f"the root {error.what}", where=str(path), remedy="get 1.root.json from the publisher by a way you trust"
        ) from error
