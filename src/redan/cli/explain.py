"""`redan explain`: what a control asks and why, or which controls answer to an id of a public taxonomy."""

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from redan.cli.page import page

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from redan.controls.catalogue import Control, Question
    from redan.controls.lookup import Meaning, Related
    from redan.threats.taxonomy import Entry

_MAPPED = {"official": "official mapping", "draft": "draft mapping", "ours": "our mapping"}


def explain(
    id: Annotated[  # noqa: A002 -- the user's word, printed in the help
        str, typer.Argument(metavar="ID", help="A control, CONTROL/check, a class of threats, or a taxonomy id.")
    ],
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")] = (
        "text"
    ),
) -> None:
    """Explain a control, a check or a taxonomy id.

    Upper or lower case, with or without the edition: A-MLSG-002-D002, a-mlsg-002-d002/rows-are-not-shared, AML.T0020,
    ML02:2023, poisoning.

    Args:
        id: what to explain.
        output: `text` or `json`.

    Raises:
        UsageError: nothing has that id; names the nearest one.
    """
    from redan.controls.catalogue import load
    from redan.controls.lookup import find
    from redan.threats.taxonomy import entries

    known = entries()
    meaning = find(id, load(), known)
    if output == "json":
        sys.stdout.write(json.dumps(as_json(meaning, known), indent=2) + "\n")
        return
    page(lambda console: show(console, meaning, known))


def as_json(meaning: "Meaning", known: "Mapping[str, Entry]") -> dict[str, Any]:
    """The answer as `redan/explain/v1`: `kind` is control, check, taxonomy or threat-class."""
    from redan.controls.catalogue import Control
    from redan.controls.lookup import Asked

    schema = {"schema": "redan/explain/v1"}
    if isinstance(meaning, Control):
        return {**schema, "kind": "control", "control": _control_json(meaning, known)}
    if isinstance(meaning, Asked):
        check = {**meaning.question.model_dump(mode="json"), "control": meaning.control.id}
        return {**schema, "kind": "check", "check": check, "control": _control_json(meaning.control, known)}
    rows = [{"id": c.id, "kind": str(c.kind), "title": c.title} for c in meaning.controls]
    kind = "taxonomy" if meaning.entry else "threat-class"
    return {
        **schema,
        "kind": kind,
        "id": meaning.id,
        "entry": meaning.entry._asdict() if meaning.entry else None,
        "controls": rows,
    }


def _control_json(control: "Control", known: "Mapping[str, Entry]") -> dict[str, Any]:
    data = control.model_dump(mode="json", exclude={"family", "folder"})
    for row in data["crosswalk"]:
        row["name"] = known[row["id"]].name if row["id"] in known else None
    return data


def show(console: "Console", meaning: "Meaning", known: "Mapping[str, Entry]") -> None:
    """Prints the answer for people."""
    from redan.controls.catalogue import Control
    from redan.controls.lookup import Asked, questions

    if isinstance(meaning, Control):
        _show_control(console, meaning, questions(meaning), known)
    elif isinstance(meaning, Asked):
        state = "no check yet: not-run everywhere" if meaning.question.planned else "live"
        _head(console, meaning.question.id, f"check · {meaning.question.tier} · {state}", meaning.question.question)
        _show_control(console, meaning.control, (), known)
    else:
        _show_related(console, meaning)


def _head(console: "Console", name: str, facts: str, title: str) -> None:
    from rich.text import Text

    console.print(Text.assemble((name, "bold cyan"), "  ", (facts, "dim")))
    console.print(Text(title, style="bold"))
    console.print()


def _grid(width: int | None = 10) -> "Table":
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _show_control(
    console: "Console", control: "Control", asked: "tuple[Question, ...]", known: "Mapping[str, Entry]"
) -> None:
    from rich.text import Text

    _head(console, control.id, f"{control.kind} · {', '.join(control.stages)}", control.title)
    grid = _grid()
    grid.add_row("Question", Text(control.question, style="bold"))
    grid.add_row("Asks", Text(control.asks))
    grid.add_row("Why", Text(control.motivation))
    grid.add_row("Threats", Text(f"{', '.join(control.threats)}; harms {', '.join(control.harms)}"))
    if control.tra:
        grid.add_row("PSS TRA", Text(", ".join(control.tra)))
    grid.add_row("If broken", Text(f"{control.remedy.text} (effort: {control.remedy.effort})"))
    if control.remedy.command:
        grid.add_row("Run", Text(control.remedy.command, style="green"))
    if asked:
        grid.add_row("Checks", _checks(asked))
    grid.add_row("See also", _crosswalk(control, known))
    console.print(grid)


def _checks(asked: "tuple[Question, ...]") -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for question in asked:
        mark = Text("planned", style="dim") if question.planned else Text("live", style="bold green")
        cost = "no check yet: not-run everywhere" if question.planned else str(question.tier)
        table.add_row(mark, Text.assemble(question.name, (f"  {cost}\n", "dim"), question.question))
    return table


def _crosswalk(control: "Control", known: "Mapping[str, Entry]") -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    for row in control.crosswalk:
        entry = known.get(row.id)
        later = f"later: {entry.later}" if entry and entry.later else ""
        # An AI Exchange id is its name; an id without a name says at least where it is from.
        named = entry is not None and entry.name is not None and not row.id.startswith("AIX.")
        name = (entry.name if named else entry.source) if entry else ""
        table.add_row(Text(row.id, style="cyan"), Text(name or ""), Text(later or _MAPPED[row.status], style="dim"))
    return table


def _show_related(console: "Console", related: "Related") -> None:
    from rich.text import Text

    entry = related.entry
    if entry is None:
        _head(console, related.id, "class of threats", f"{len(related.controls)} controls answer to it")
    else:
        _head(console, related.id, f"{entry.source} {entry.edition} · {entry.licence}", entry.name or "id only")
        if entry.maturity:
            console.print(Text(f"Maturity {entry.maturity}, {entry.case_studies} published cases.", style="dim"))
        if entry.later:
            console.print(Text(f"Later editions call it {entry.later}.", style="yellow"))
    grid = _grid(width=16)
    for control in related.controls:
        grid.add_row(Text(control.id, style="cyan"), Text(control.title))
    console.print(grid if related.controls else Text("No control of the catalogue refers to it."))
