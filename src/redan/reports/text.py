"""The terminal: a table of controls, then the five worst with their fix, then one line to reproduce."""

import io
from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from redan.gating import JudgedFinding, Row
from redan.reports.material import Material, is_silent
from redan.reports.words import MARKS, about, headline, measured, plain_count, unanswered
from redan.terms import Outcome, Verdict

WORST = 5
_NARROW = 90
_STYLES = {
    Outcome.HOLDS: "green",
    Outcome.BROKEN: "bold red",
    Outcome.ERROR: "bold magenta",
    Outcome.STALE: "yellow",
    Outcome.NOT_RUN: "yellow",
    Outcome.NOT_APPLICABLE: "dim",
}
_VERDICT_STYLES = {Verdict.MET: "bold green", Verdict.NOT_MET: "bold red", Verdict.INCOMPLETE: "bold yellow"}


def render(material: Material) -> bytes:
    """The report as plain text, 100 columns wide."""
    sink = io.StringIO()
    draw(material, Console(file=sink, width=100, color_system=None, force_terminal=False))
    return "".join(line.rstrip() + "\n" for line in sink.getvalue().splitlines()).encode()


def draw(material: Material, console: Console) -> None:
    """The report on a console; colours as the console has them.

    Args:
        material: what to draw.
        console: where; its width decides how text is folded.
    """
    console.print(_table(material, narrow=console.width < _NARROW))
    silent = sum(is_silent(row) for row in material.judgement.rows)
    if silent:
        text = f"{plain_count(silent, 'more control')} without a check yet; none counts as holding (redan doctor)."
        console.print(Text(text, style="dim"))
    for part in (_unanswered, _worst):
        for line in part(material):
            console.print(line)
    console.print()
    title = headline(material)
    console.print(Text(f"{title[:1].upper()}{title[1:]}.", style=_VERDICT_STYLES[material.judgement.verdict]))
    console.print(Text(f"To reproduce: {material.reproduce}", style="dim"))


def _table(material: Material, *, narrow: bool) -> Table:
    """One row per control; on a narrow terminal the title stands below the id, so that it is not cut into words."""
    table = Table(box=None, pad_edge=False, title=None, show_edge=False, header_style="dim")
    for head in ("outcome", "control", *(() if narrow else ("",))):
        table.add_column(head, no_wrap=bool(head) and not narrow)
    table.add_column("required", no_wrap=True)
    for row in material.judgement.rows:
        if not is_silent(row):
            outcome = f"{MARKS[row.outcome]} {row.outcome.value}{' waived' if row.waived else ''}"
            name = (row.control_id, row.title)
            said = [Text.assemble(name[0], "\n", (name[1], "dim"))] if narrow else [Text(part) for part in name]
            table.add_row(Text(outcome, style=_STYLES[row.outcome]), *said, Text(_required(row), style="dim"))
    return table


def _required(row: Row) -> str:
    """`yes`, or how many of the asked questions are required when the control is not required whole."""
    asked = {judged.finding.check for judged in row.findings}
    wanted = {judged.finding.check for judged in row.findings if judged.required}
    if not wanted:
        return ""
    return "yes" if wanted == asked else f"{len(wanted)} of {len(asked)}"


def _unanswered(material: Material) -> Iterator[RenderableType]:
    missing = unanswered(material)
    if not missing:
        return
    yield Text()
    yield Text("What keeps the gate from judging or passing", style="bold")
    for control, what, where in missing[: 2 * WORST]:
        place = f" ({where})" if where else ""
        yield _indented(Text(f"{control}: {what}{place}"), 2)
    if len(missing) > 2 * WORST:
        yield Text(f"  and {len(missing) - 2 * WORST} more", style="dim")


def _worst(material: Material) -> Iterator[RenderableType]:
    worst = material.worst(WORST)
    if not worst:
        return
    yield Text()
    pressing = worst[0][1].required
    yield Text("Mend these first" if pressing else "Not required, and worth doing next", style="bold")
    for number, (row, judged) in enumerate(worst, 1):
        yield from _entry(number, row, judged)


def _entry(number: int, row: Row, judged: JudgedFinding) -> Iterator[RenderableType]:
    finding = judged.finding
    same = [j for j in row.findings if j.finding.check == finding.check and j.finding.outcome is Outcome.BROKEN]
    more = f" (and {len(same) - 1} more like it)" if len(same) > 1 else ""
    yield Text()
    yield Text.assemble((f"{number}. ", "bold"), (finding.check, "bold red"), f"  {about(finding)}{more}")
    yield _indented(Text(finding.message))
    if finding.measure is not None:
        yield _indented(Text(measured(finding.measure), style="dim"))
    if finding.remedy is not None:
        yield _indented(Text.assemble(("fix: ", "green"), finding.remedy.text))
        if finding.remedy.command:
            yield _indented(Text(finding.remedy.command, style="cyan"), 8)
    if finding.location is not None:
        yield _indented(Text(f"at {finding.location.file}:{finding.location.line}", style="dim"))


def _indented(text: Text, left: int = 3) -> Padding:
    return Padding(text, (0, 0, 0, left), expand=False)
