"""`redan ledger`: list the entries of the tamper-evident log, and prove that one is in it."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from redan.errors import UsageError

if TYPE_CHECKING:
    from redan.ledger.store import Ledger

FOLDER = Path(".redan/ledger")
PUBLIC = Path(".redan/key.pub")
_WORD_LIMIT = 200  # an entry's kind, time and subject are short; anything longer is not ours

Folder = Annotated[
    Path, typer.Option("--dir", metavar="PATH", help="The project folder; its ledger lies in .redan/ledger.")
]
Place = Annotated[
    Path | None,
    typer.Option("--ledger", metavar="PATH", help="The ledger's own folder, such as .redan/gateway/ledger."),
]
Key = Annotated[
    Path | None, typer.Option("--key", metavar="PUB", help="The public key; the project's .redan/key.pub if left out.")
]


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the listing.

    Args:
        index: its place, counted from 0.
        leaf: hex SHA-256 leaf hash (RFC 6962: of a zero byte and the entry).
        kind: what the entry says it is; the empty string when it is not an entry of redan's own.
        at: when, as the entry says; the empty string when it does not say.
        key: what it is about: a control, an event's subject; the empty string when it does not say.
    """

    index: int
    leaf: str
    kind: str
    at: str
    key: str


def ledger_log(
    folder: Folder = Path(),
    key: Key = None,
    last: Annotated[int | None, typer.Option("--last", min=1, metavar="N", help="Only the last N entries.")] = None,
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")] = (
        "text"
    ),
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Say nothing when it is valid; the exit code answers.")
    ] = False,
    place: Place = None,
) -> None:
    """List the entries of the ledger.

    Every entry, every stored hash and the signed checkpoint are verified first; a changed one ends in exit code 4 and
    is named. Without a public key the entries are listed, unverified, and the listing says so.

    Args:
        folder: the project folder.
        key: the public key.
        last: how many entries to list, from the end; None lists all.
        output: `text` or `json`.
        quiet: print nothing.
        place: folder of the ledger itself.

    Raises:
        UsageError: there is no ledger, or the key cannot be read.
        InvalidError: the ledger is not what was signed.
    """
    with _opened(folder, key, place) as ledger:
        if ledger.verifiable:
            ledger.verify()
        else:
            sys.stderr.write("redan: no public key, so nothing is verified (give --key PUB)\n")
        if quiet:
            return
        if output == "json":
            _write_json(ledger, last)
        else:
            _write_text(ledger, last)


def ledger_prove(
    index: Annotated[
        int | None, typer.Argument(metavar="INDEX", min=0, help="The entry, counted from 0.", show_default=False)
    ] = None,
    folder: Folder = Path(),
    key: Key = None,
    event: Annotated[
        str | None, typer.Option("--event", metavar="ID", help="The entry of this event, as the gateway told a client.")
    ] = None,
    place: Place = None,
    entry: Annotated[
        Path | None, typer.Option("--entry", metavar="FILE", help="Write the entry's own bytes there, too.")
    ] = None,
) -> None:
    """Print the receipt of one entry.

    The receipt is a C2SP tlog-proof: with the entry and the public key, anyone can verify it offline, without the
    ledger. Keep it with the extension .tlog-proof.

    Args:
        index: the entry; None with an event.
        folder: the project folder.
        key: the public key.
        event: identifier of a decision of the gateway.
        place: folder of the ledger itself.
        entry: file for the entry's bytes.

    Raises:
        UsageError: there is no ledger or no such entry, or the key cannot be read.
        InvalidError: the ledger is not what was signed.
    """
    if (index is None) == (event is None):
        raise UsageError("one entry is proven at a time", remedy="give its INDEX, or --event ID")
    with _opened(folder, key, place) as ledger:
        found = index if event is None else _place_of(ledger, event)
        if found is None:
            raise UsageError("no entry is of that event", remedy="see redan ledger log")
        receipt = ledger.receipt(found)
        if entry is not None:
            from redan.files import write_atomic

            write_atomic(entry, ledger.entry(found))
        sys.stdout.write(receipt)


def rows(ledger: "Ledger", last: int | None) -> Iterator[Row]:
    """The listing of a ledger, oldest first."""
    from redan.ledger.tree import leaf_hash

    size = ledger.size
    first = 0 if last is None else max(0, size - last)
    for index, entry in enumerate(ledger.entries(first, size), start=first):
        yield Row(index, leaf_hash(entry).hex(), *_described(entry))


def _place_of(ledger: "Ledger", event: str) -> int | None:
    """The index of the entry that an event of this identifier is; None when there is none."""
    if not (event.isascii() and event.isalnum()):
        raise UsageError("an event's identifier is letters and digits", remedy="give what follows urn:redan:event:")
    word = f'"key":"{event}"'.encode()
    return next((index for index, entry in enumerate(ledger.entries()) if word in entry and _key(entry) == event), None)


def _key(entry: bytes) -> str:
    return _described(entry)[2]


def _opened(folder: Path, key: Path | None, place: Path | None) -> "Ledger":
    from redan.ledger.store import Ledger
    from redan.seal.keys import load_public

    path = key or (folder / PUBLIC if place is None else place.parent / PUBLIC.name)
    public = load_public(path) if key is not None or os.path.lexists(path) else None
    return Ledger.open(place or folder / FOLDER, key=public)


def _write_json(ledger: "Ledger", last: int | None) -> None:
    from redan.ledger.checkpoint import read_checkpoint

    head = read_checkpoint(ledger.checkpoint())
    listing = {
        "schema": "redan/ledger-log/v1",
        "origin": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "verified": ledger.verifiable,
        "entries": [asdict(row) for row in rows(ledger, last)],
    }
    sys.stdout.write(json.dumps(listing, indent=2, ensure_ascii=False) + "\n")


def _write_text(ledger: "Ledger", last: int | None) -> None:
    from redan.ledger.checkpoint import read_checkpoint

    head = read_checkpoint(ledger.checkpoint())
    for row in rows(ledger, last):
        sys.stdout.write(
            f"{row.index:>8}  {row.leaf[:16]}  {row.at or '-':<25}  {row.kind or '(opaque)':<10}  {row.key}".rstrip()
            + "\n"
        )
    sys.stdout.write(f"{head.size} entries, root {head.root.hex()}, log {head.origin}\n")
    sys.stdout.write("verified: every entry, every hash, the signature\n" if ledger.verifiable else "not verified\n")


def _described(entry: bytes) -> tuple[str, str, str]:
    """Kind, time and subject of one of redan's own entries: a JSON object that has them as text."""
    try:
        value = json.loads(entry)
    except (ValueError, RecursionError):
        return "", "", ""
    if not isinstance(value, dict):
        return "", "", ""
    return (
        _word(value.get("type", value.get("kind"))),
        _word(value.get("at", value.get("time"))),
        _word(value.get("key")),
    )


def _word(value: object) -> str:
    """A short printable word of an untrusted entry, else nothing."""
    fits = isinstance(value, str) and len(value) <= _WORD_LIMIT and value.isprintable()
    return str(value) if fits else ""
