"""`redan data pseudonymise`: a copy of a table with keyed pseudonyms, the way back by role, and new keys."""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from redan.cli.data.answer import Format, Quiet, Seed, give
from redan.errors import UsageError

if TYPE_CHECKING:
    from redan.defences.pseudonymise import Field, Ring, Way, Written
    from redan.findings import Finding
    from redan.tables import Table

_KEYED = "A-MLSG-003-C002/pseudonyms-are-keyed"


Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="The project's ring of keys, mode 0600.")]
Target = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The copy: .csv, .tsv or .parquet.")]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="NAME=FORM",
        help="What a column becomes: token, imsi, imei, iccid, msisdn, digits, text or mask. Left out, what the "
        "content shows.",
    ),
]
Joined = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="NAME=FIELD", help="Columns of one field have the same pseudonyms."),
]
Region = Annotated[
    str | None, typer.Option("--region", metavar="XX", help="Country of telephone numbers without country code.")
]
Project = Annotated[
    str | None, typer.Option("--new-key", metavar="PROJECT", help="Make the ring first, for this project.")
]
Old = Annotated[
    str | None, typer.Option("--from-key", metavar="ID", help="The file holds pseudonyms of this older key.")
]
Rotate = Annotated[bool, typer.Option("--rotate", help="Make a new key; the file's pseudonyms are translated to it.")]
Role = Annotated[
    str | None, typer.Option("--back-for", metavar="ROLE", help="Map pseudonyms back, as far as the role may see.")
]
Folder = Annotated[
    Path, typer.Option("--dir", metavar="PATH", help="Folder of redan.toml, whose masked_for decides who may see.")
]


def data_pseudonymise(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table.")],
    key: Key,
    target: Target,
    columns: Columns = None,
    joined: Joined = None,
    region: Region = None,
    project: Project = None,
    old: Old = None,
    rotate: Rotate = False,
    role: Role = None,
    folder: Folder = Path(),
    output: Format = "text",
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Replace identifiers by keyed pseudonyms, valid in format where wanted.

    Telecom identifiers keep country, network, type or issuer and get a valid check digit (FF1); everything else becomes
    a token (HMAC-SHA-256). Beside the copy lies a record that says which key and form each column has, and no value.
    Whoever holds the ring can map back: these are pseudonyms, not anonymous data.

    Args:
        path: the file.
        key: the ring of keys.
        target: the copy.
        columns: form by column.
        joined: field by column.
        region: country of national telephone numbers.
        project: makes a new ring.
        old: id of the key that made the file's pseudonyms.
        rotate: whether a new key is made.
        role: maps back for this role.
        folder: where the description is.
        output: `text` or `json`.
        seed: of the samples that are looked at.
        quiet: leave out what holds.

    Raises:
        InputError: the file cannot be read as a table.
        UsageError: an option contradicts the file or another option.
    """
    from redan.tables import open_table

    if sum((bool(old), rotate, role is not None)) > 1:
        raise UsageError("--from-key, --rotate and --back-for exclude each other")
    table = open_table(path)
    fields = _fields(table, columns or [], _pairs(joined or []), region, seed)
    hidden = _hidden(fields, role, folder) if role is not None else frozenset()
    shown = {name: one for name, one in fields.items() if name not in hidden}
    way, written = _done(path, target, shown, key, (project, old, rotate, role is not None))
    found = [*_told(written, fields, way, target.name), *_masked(hidden, role, target.name)]
    found += _left(table, fields, path.name, seed) if way.direction == "there" else []
    give("pseudonymise", (path,), found, output=output, quiet=quiet)


def _done(
    path: Path, target: Path, fields: "Mapping[str, Field]", key: Path, asked: tuple[str | None, str | None, bool, bool]
) -> "tuple[Way, Written]":
    """Writes the copy, then its record, then the new key: what fails leaves the older ring in use."""
    from redan.defences.pseudonymise import load_ring, new_ring, rewrite, rotated, save_ring
    from redan.files import write_atomic

    project, old, rotate, back = asked
    today = dt.datetime.now(dt.UTC).date()
    if project is not None:
        save_ring(new_ring(project, today), key)
    ring = load_ring(key)
    if rotate:
        old, ring = ring.active.id, rotated(ring, today)
    way = _way(ring, old, back=back)
    written = rewrite(path, target, fields, way)
    if rotate:
        save_ring(ring, key, replace=True)
    record = json.dumps(written.record(way, fields, today), indent=2) + "\n"
    write_atomic(target.with_name(f"{target.name}.pseudonyms.json"), record.encode())
    return way, written


def _way(ring: "Ring", old: str | None, *, back: bool) -> "Way":
    from redan.defences.pseudonymise import Way

    if back:
        return Way(ring=ring, direction="back")
    return Way(ring=ring, direction="on", key=old) if old is not None else Way(ring=ring)


def _pairs(options: list[str]) -> dict[str, str]:
    pairs = {}
    for option in options:
        name, equals, value = option.rpartition("=")
        if not (equals and name and value):
            raise UsageError(f"{option!r} is not NAME=VALUE", remedy="such as --column caller=msisdn")
        pairs[name] = value
    return pairs


def _fields(
    table: "Table", columns: list[str], joined: Mapping[str, str], region: str | None, seed: int
) -> "dict[str, Field]":
    from redan.defences.pseudonymise import Field
    from redan.defences.pseudonymise.shapes import Format

    known: dict[str, Format] = {form: form for form in get_args(Format)}
    forms = _pairs(columns) or _suggested(table, seed)
    if region is not None:
        _known_region(region)
    fields = {}
    for name, form in forms.items():
        if name not in table.columns:
            shown = ", ".join(table.columns[:20])
            raise UsageError(f"there is no column {name!r}", where=table.place, remedy=f"choose from {shown}")
        if form not in known:
            raise UsageError(f"there is no form {form!r}", remedy=f"use {', '.join(known)}")
        same = form if form in ("imsi", "imei", "iccid", "msisdn") else name
        fields[name] = Field(name=joined.get(name, same), form=known[form], region=region)
    unknown = [name for name in joined if name not in fields]
    if unknown or not fields:
        what = f"--field names {unknown[0]!r}, which is not pseudonymised" if unknown else "no column holds identifiers"
        raise UsageError(what, where=table.place, remedy="name columns with --column NAME=FORM")
    return fields


def _known_region(region: str) -> None:
    from phonenumbers import SUPPORTED_REGIONS

    if region not in SUPPORTED_REGIONS:
        raise UsageError(f"there is no country {region!r}", remedy="give two capital letters, such as DE")


def _suggested(table: "Table", seed: int) -> dict[str, str]:
    """Form by column, from what the content shows; dates and places are generalised, not replaced."""
    from redan.defences.pseudonymise.text import FORMS
    from redan.measures.personal.kinds import Kind
    from redan.measures.personal.scan import scan_table

    others = {Kind.BIRTH, Kind.LOCATION}
    return {
        scan.column: "text" if scan.found.in_text else FORMS.get(scan.found.kind, "token")
        for scan in scan_table(table, seed=seed)
        if scan.found is not None and scan.found.kind not in others
    }


def _hidden(fields: "Mapping[str, Field]", role: str, folder: Path) -> frozenset[str]:
    """Columns that a role does not see: masked for it, or decided for nobody."""
    from redan.system.read import read

    masked = {f.name: {r.strip().casefold() for r in f.masked_for} for f in read(folder).features}
    return frozenset(n for n in fields if not masked.get(n) or role.strip().casefold() in masked[n])


def _told(written: "Written", fields: "Mapping[str, Field]", way: "Way", name: str) -> "list[Finding]":
    from redan.findings import Measure, Remedy, broken, holds

    found = []
    for column, count in written.columns.items():
        done = {"there": "pseudonymised", "on": "translated", "back": "mapped back"}[way.direction]
        text = f"Column {column!r}: {count.values:,} values {done} as {fields[column].form}."
        if count.tokens:
            text += f" {count.tokens:,} did not have that form and became tokens."
        if count.same:
            text += f" {count.same:,} encrypt to themselves, as one value of a domain does on average."
        measure = Measure(name="values_left", value=float(count.left), n=count.values, threshold=0.0, unit="values")
        if count.left:
            text = f"Column {column!r}: {count.left:,} of {count.values:,} values stay as they are and are not {done}."
            remedy = Remedy(text="Tokens have no way back: make them again from the originals, or keep those.")
            found.append(broken(_KEYED, name, text, remedy, part=column, measure=measure))
        else:
            found.append(holds(_KEYED, name, text, part=column, measure=measure))
    return found


def _masked(hidden: frozenset[str], role: str | None, name: str) -> "list[Finding]":
    from redan.findings import holds

    return [
        holds(_KEYED, name, f"Column {column!r} stays pseudonymised: role {role!r} may not see it.", part=column)
        for column in sorted(hidden)
    ]


def _left(table: "Table", fields: "Mapping[str, Field]", name: str, seed: int) -> "list[Finding]":
    """Columns that hold personal data and were left as they are."""
    from redan.findings import Remedy, broken
    from redan.measures.personal.scan import scan_table

    remedy = Remedy(text="Name it with --column, generalise it with 'redan data anonymise', or leave it out.")
    return [
        broken(
            _KEYED,
            name,
            f"Column {scan.column!r} holds data of the kind '{scan.found.kind}' and was copied as it is.",
            remedy,
            part=scan.column,
        )
        for scan in scan_table(table, seed=seed)
        if scan.found is not None and scan.column not in fields
    ]
