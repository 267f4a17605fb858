"""`redan doctor`: what is installed, and honestly which questions of the catalogue have a check."""

import json
import platform
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from redan.cli.page import page

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


class Coverage(NamedTuple):
    """How many questions of one control have a check now.

    Args:
        control: its id.
        kind: do, dont or consider.
        title: its sentence.
        live: ids of the questions that a check answers.
        planned: ids of the questions without a check.
    """

    control: str
    kind: str
    title: str
    live: tuple[str, ...]
    planned: tuple[str, ...]

    @property
    def state(self) -> str:
        """`full`, `part` or `none`."""
        if not self.planned:
            return "full"
        return "part" if self.live else "none"


class Extra(NamedTuple):
    """One optional dependency.

    Args:
        name: as in `pip install redan[name]`.
        missing: the first import of it that is not installed; None when all are.
        blocks: ids of the live checks that cannot run without it.
    """

    name: str
    missing: str | None
    blocks: tuple[str, ...]

    @property
    def install(self) -> str:
        """The line that installs it."""
        return f"pip install 'redan[{self.name}]'"


class Health(NamedTuple):
    """Everything that the doctor found."""

    version: str
    python: str
    system: str
    coverage: tuple[Coverage, ...]
    extras: tuple[Extra, ...]


def doctor(
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")] = (
        "text"
    ),
) -> None:
    """Say what is installed and which questions have a check.

    A question without a check is `not-run` everywhere and never counts as holding. Looking is not judging: the exit
    code is 0 whatever is missing.

    Args:
        output: `text` or `json`.
    """
    health = examine()
    if output == "json":
        sys.stdout.write(json.dumps(as_json(health), indent=2) + "\n")
        return
    page(lambda console: show(console, health))


def examine() -> Health:
    """Reads the catalogue, imports its checks and looks for the extras."""
    import redan
    from redan.controls.catalogue import checks, load
    from redan.extras import EXTRAS, missing_import

    coverage: list[Coverage] = []
    blocked: dict[str, list[str]] = {name: [] for name in EXTRAS}
    for control in load().values():
        found = {check.id: check for check in checks(control)}
        asked = [question.id for question in control.checks]
        # What counts is the check that is there, not the promise in control.toml.
        live = tuple(question for question in asked if question in found)
        planned = tuple(question for question in asked if question not in found)
        coverage.append(Coverage(control.id, str(control.kind), control.title, live, planned))
        for check in found.values():
            if check.extra is not None:
                blocked.setdefault(check.extra, []).append(check.id)
    extras = tuple(Extra(name, missing_import(name), tuple(ids)) for name, ids in blocked.items())
    system = f"{platform.system()} {platform.machine()}"
    return Health(redan.__version__, platform.python_version(), system, tuple(coverage), extras)


def totals(health: Health) -> dict[str, int]:
    """Counts of controls by state, and of questions."""
    states = [row.state for row in health.coverage]
    live = sum(len(row.live) for row in health.coverage)
    return {
        "controls": len(states),
        "controls_full": states.count("full"),
        "controls_part": states.count("part"),
        "controls_none": states.count("none"),
        "questions": live + sum(len(row.planned) for row in health.coverage),
        "questions_live": live,
    }


def as_json(health: Health) -> dict[str, Any]:
    """What was found, as `redan/doctor/v1`."""
    return {
        "schema": "redan/doctor/v1",
        "redan": health.version,
        "python": health.python,
        "platform": health.system,
        "totals": totals(health),
        "controls": [
            {"id": row.control, "kind": row.kind, "state": row.state, "live": row.live, "planned": row.planned}
            for row in health.coverage
        ],
        "extras": [
            {
                "name": e.name,
                "installed": e.missing is None,
                "missing": e.missing,
                "blocks": e.blocks,
                "install": e.install,
            }
            for e in health.extras
        ],
    }


def show(console: "Console", health: Health) -> None:
    """Prints what was found, for people."""
    from rich.text import Text

    console.print(Text.assemble(("redan ", "bold"), health.version, f" on Python {health.python}, {health.system}"))
    console.print()
    console.print(_coverage_table(health, ascii_only=not (sys.stdout.encoding or "").lower().startswith("utf")))
    console.print()
    n = totals(health)
    console.print(
        Text.assemble(
            (f"{n['questions_live']} of {n['questions']} questions have a check. ", "bold"),
            f"Of {n['controls']} controls {n['controls_full']} are checked in full, {n['controls_part']} in part and "
            f"{n['controls_none']} not yet; a control is shown as not-run until all of its questions are live. ",
            "Every consider control is also asked for its decision record.",
        )
    )
    console.print()
    console.print(_extras_table(health))


def _coverage_table(health: Health, *, ascii_only: bool) -> "Table":
    from rich.table import Table
    from rich.text import Text

    on, off = ("#", ".") if ascii_only else ("●", "○")
    styles = {"full": "green", "part": "yellow", "none": "dim"}
    table = Table.grid(padding=(0, 2))
    for _ in range(4):
        table.add_column(no_wrap=True)
    table.add_column()
    for row in health.coverage:
        style = styles[row.state]
        dots = on * len(row.live) + off * len(row.planned)
        count = f"{len(row.live)}/{len(row.live) + len(row.planned)}"
        table.add_row(row.control, Text(row.kind, style="dim"), Text(dots, style=style), count, Text(row.title))
    return table


def _extras_table(health: Health) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for extra in health.extras:
        if extra.missing is None:
            table.add_row(f"extra {extra.name}", Text("installed", style="green"), "")
            continue
        what = f"{extra.missing} is missing; {extra.install}"
        cost = f"\nblocks {', '.join(extra.blocks)}" if extra.blocks else "\nblocks no check"
        table.add_row(f"extra {extra.name}", Text("missing", style="yellow"), Text.assemble(what, (cost, "dim")))
    return table
