"""`redan init`: inspects a folder and writes a commented redan.toml."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from redan.canon import Json
from redan.errors import UsageError, escaped
from redan.files import write_atomic
from redan.system.discover.draft import draft
from redan.system.discover.found import Found
from redan.system.discover.look import look
from redan.system.read import FILE_NAME, parse

Format = Literal["text", "json"]
_SHOWN = 8
_NEXT = (
    ("redan threats", "the threats that the description implies"),
    ("redan check", "every check that applies, on the real files"),
    ("redan report", "the result as a page"),
)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the product.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace a redan.toml that is there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="Text for people, JSON for programs.")] = "text",
    quiet: Annotated[bool, typer.Option("--quiet", help="Write the file and print nothing.")] = False,
) -> None:
    """Inspect a folder and write a commented redan.toml.

    Looks at data, models, scripts and configuration by their content; imports and loads none of them. Every guess is
    marked as one, and every question that only a person can answer stands as a commented line.

    Args:
        folder: the product's folder.
        force: replace a redan.toml that is there.
        yes: do not ask before replacing one.
        format_: text for people, json for programs.
        quiet: print nothing.

    Raises:
        UsageError: the folder is no folder or cannot be written, or it has a redan.toml and `--force` is not given.
    """
    target = folder / FILE_NAME
    _refuse(folder, target, force=force)
    if force and target.exists() and not yes and sys.stdin.isatty():
        typer.confirm(f"Replace {target}?", abort=True, err=True)
    found = look(folder)
    data = draft(found).encode()
    parse(data, file=str(target), root=folder.resolve())
    write_atomic(target, data)
    if quiet:
        return
    typer.echo(
        json.dumps(_as_json(found, target), indent=2) if format_ == "json" else "\n".join(_as_text(found, target))
    )


def _refuse(folder: Path, target: Path, *, force: bool) -> None:
    if not folder.is_dir():
        raise UsageError("is no folder", where=str(folder), remedy="give the product's folder")
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise UsageError("is not a regular file", where=str(target), remedy="remove it")
    if target.exists() and not force:
        raise UsageError("is there already", where=str(target), remedy="edit it, or replace it with --force")


def _as_text(found: Found, target: Path) -> list[str]:
    lines = [f"Looked at {found.looked_at:,} {'file' if found.looked_at == 1 else 'files'}.", ""]
    for title, rows in _groups(found).items():
        lines.append(f"{title}: {len(rows):,}")
        lines += [f"  {escaped(path)}  ({escaped(what)})" for path, what in rows[:_SHOWN]]
        if len(rows) > _SHOWN:
            lines.append(f"  and {len(rows) - _SHOWN:,} more")
    lines += [f"Left out: {note}." for note in found.notes]
    lines += ["", f"Wrote {escaped(str(target))}. Guesses and open questions are marked in it.", "", "Next:"]
    return lines + [f"  {command:<16}{what}" for command, what in _NEXT]


def _as_json(found: Found, target: Path) -> dict[str, Json]:
    groups: dict[str, Json] = {
        title.lower().replace(" ", "_"): [{"path": path, "what": what} for path, what in rows]
        for title, rows in _groups(found).items()
    }
    head: dict[str, Json] = {"schema": "redan/init/v1", "written": str(target), "files": found.looked_at}
    return {**head, **groups, "left_out": list(found.notes), "next": [command for command, _ in _NEXT]}


def _groups(found: Found) -> dict[str, list[tuple[str, str]]]:
    pinned = sorted({pin.path for pin in found.pins.values()})
    return {
        "Tables": [(t.path, f"{t.format}, {len(t.columns)} columns") for t in found.tables],
        "Models": [(m.path, m.format) for m in found.models],
        "Training scripts": [(s.path, s.trains) for s in found.scripts if s.trains],
        "Serving": [(s.path, s.kind) for s in found.serving] + [(s.path, s.serves) for s in found.scripts if s.serves],
        "Package lists": [(path, "packages") for path in pinned],
        "MLflow runs": [(r.path, r.source or "unknown script") for r in found.runs],
    }
