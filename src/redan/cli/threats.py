"""`redan threats`: what can be done to the described system, why, how bad it is, and a picture of it."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from redan.cli.page import page, plain
from redan.errors import UsageError, escaped
from redan.files import write_atomic
from redan.terms import Outcome

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from redan.system.system import System
    from redan.threats.derive import Analysis
    from redan.threats.records import Threat

Format = Literal["text", "json", "csv", "xlsx", "svg"]
_STYLES = {"low": "green", "medium": "yellow", "high": "red", "critical": "bold white on red"}
_LETTERS = {"confidentiality": "C", "integrity": "I", "availability": "A"}


def threats(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder of redan.toml, or the file itself.")] = Path(),
    format_: Annotated[Format, typer.Option("--format", help="A text, JSON, a risk register, or a diagram.")] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it here; standard output if left out.")
    ] = None,
) -> None:
    """Derive the threats, their risk, and a data-flow diagram.

    Threats that do not apply are not listed; those that the description excludes are, with the reason given there.

    Args:
        path: a description.
        format_: `xlsx` needs --output when standard output is a terminal.
        output: a file; standard output when left out.

    Raises:
        ConfigError: the description is wrong, or excludes a threat that does not apply.
        MissingExtraError: `xlsx` without the extra.
        UsageError: the file cannot be written.
    """
    from redan.cli.held import held as proven
    from redan.system.read import read
    from redan.threats.derive import derive

    if format_ == "xlsx" and output is None and sys.stdout.isatty():
        raise UsageError("a spreadsheet is not for the terminal", remedy="add --output register.xlsx")
    system = read(path)
    analysis = derive(system)
    held = proven(system)
    if format_ == "text" and output is None:
        page(lambda console: show(console, system, analysis, held))
        return
    data = render(format_, system, analysis, held)
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        write_atomic(output, data)


def render(format_: Format, system: "System", analysis: "Analysis", held: Mapping[str, Outcome]) -> bytes:
    """The threats in one format.

    Args:
        format_: which.
        system: the description.
        analysis: its threats.
        held: outcome by control id, as `in_force` leaves them; empty when nothing is proven.
    """
    if format_ == "json":
        from redan.threats.listing import as_json

        return (json.dumps(as_json(system, analysis, held), indent=2, ensure_ascii=False) + "\n").encode()
    if format_ == "svg":
        from redan.threats.diagram import diagram

        return diagram(system, analysis.threats).encode()
    if format_ == "text":
        return plain(lambda console: show(console, system, analysis, held)).encode()
    from redan.controls.catalogue import load
    from redan.reports.register import rows, to_csv, to_xlsx

    register = rows(system, analysis, {control.id: control.tra for control in load().values()}, held)
    return to_csv(register) if format_ == "csv" else to_xlsx(register, system.about.name)


def show(console: "Console", system: "System", analysis: "Analysis", held: Mapping[str, Outcome]) -> None:
    """Prints the threats for people: element by element, the one with the worst threat first.

    Args:
        console: where to.
        system: the description.
        analysis: its threats.
        held: outcome by control id, as `in_force` leaves them.
    """
    from rich.text import Text

    console.print(Text.assemble((escaped(system.about.name), "bold"), "  ", (f"stage {system.about.stage}", "dim")))
    console.print(_totals(analysis))
    groups: dict[str, list[Threat]] = {}
    for threat in analysis.threats:
        groups.setdefault(threat.element, []).append(threat)
    for element, found in groups.items():
        where = f"{escaped(system.origin.file)}:{system.line(element)}"
        console.print()
        console.print(Text.assemble((element, "bold cyan"), "  ", (where, "dim")))
        for threat in found:
            _show_threat(console, threat, held)
    if analysis.excluded:
        _show_excluded(console, system, analysis)
    if analysis.threats and not held:
        note = "No evidence counts yet, so the risk left is the whole risk; redan check makes evidence."
        console.print()
        console.print(Text(note, style="dim"))


def _totals(analysis: "Analysis") -> "Text":
    from rich.text import Text

    if not analysis.threats:
        return Text("No threat applies to what is described.")
    line = Text(f"{len(analysis.threats)} threats apply:")
    for level in ("critical", "high", "medium", "low"):
        count = sum(threat.risk.level == level for threat in analysis.threats)
        if count:
            line.append(f" {count} ").append(level, style=_STYLES[level])
    return line.append(f"; {len(analysis.excluded)} excluded" if analysis.excluded else "")


def _show_threat(console: "Console", threat: "Threat", held: Mapping[str, Outcome]) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from redan.threats.risk import residual

    left = residual(threat, held)
    harms = "".join(_LETTERS[harm] if harm in threat.properties else "-" for harm in _LETTERS)
    body = Text.assemble((threat.title, "bold"), "  ", (threat.id, "dim"), "\n", threat.reason, "\n")
    body.append(f"Attacker: {threat.attacker}. Harms {harms}; enters in {', '.join(threat.stages)}.\n", style="dim")
    body.append(f"{_why('likelihood', threat)} {_why('impact', threat)}\n", style="dim")
    body.append(f"Controls: {', '.join(_mitigation(m.control, held) for m in threat.mitigations)}.")
    if held:
        body.append(" Risk left: ").append(left.level.value, style=_STYLES[left.level])
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=8, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(threat.risk.level.value, style=_STYLES[threat.risk.level]), body)
    console.print(Padding(grid, (0, 0, 0, 2)))


def _why(of: str, threat: "Threat") -> str:
    step = threat.risk.likelihood if of == "likelihood" else threat.risk.impact
    return f"{of.capitalize()} {step} of 5: {'; '.join(f.why for f in threat.risk.factors if f.of == of)}."


def _mitigation(control: str, held: Mapping[str, Outcome]) -> str:
    return f"{control} (holds)" if held.get(control) is Outcome.HOLDS else control


def _show_excluded(console: "Console", system: "System", analysis: "Analysis") -> None:
    from rich.text import Text

    console.print()
    console.print(Text("Excluded by the description", style="bold"))
    for threat in analysis.excluded:
        if threat.exclusion:
            why = threat.exclusion
            line = Text(f"  {threat.id} at {threat.element}: {escaped(why.reason)} ")
            line.append(f"[{why.justification}, {escaped(why.owner)}, ", style="dim")
            line.append(f"{escaped(system.origin.file)}:{why.line}]", style="dim")
            console.print(line)
