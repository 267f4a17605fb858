"""The risk register: one row per threat, as CSV or as a spreadsheet, with the TRA references of its controls."""

import csv
import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from redan.errors import MissingExtraError
from redan.system.system import System
from redan.terms import Outcome
from redan.threats.derive import Analysis
from redan.threats.records import Threat
from redan.threats.risk import residual

# Spreadsheets run a cell that starts so as a formula, also after white space or in full-width form.
_FORMULA = tuple("=+-@\t\r\n|%＝＋－＠")
_CELL_LIMIT = 32_000  # characters; a spreadsheet refuses more than 32,767
_WIDTHS = (14, 30, 26, 36, 44, 26, 16, 18, 10, 9, 10, 34, 10, 34, 10, 22, 18, 8, 40)
_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)  # a fixed date keeps the bytes the same
_COLOURS = {"low": "#D7E3D8", "medium": "#FFE08A", "high": "#F2A37E", "critical": "#E58A97"}


class Row(NamedTuple):
    """One row of the register; the field names are the column headings, with blanks."""

    TRA: str
    threat: str
    element: str
    title: str
    reason: str
    attacker: str
    harms: str
    stages: str
    likelihood: int
    impact: int
    risk: str
    mitigations: str
    residual_likelihood: int
    holding: str
    residual_risk: str
    status: str
    owner: str
    line: int
    references: str


def rows(
    system: System, analysis: Analysis, tra: Mapping[str, Sequence[str]], held: Mapping[str, Outcome]
) -> tuple[Row, ...]:
    """The register, worst first and excluded threats last.

    Args:
        system: the description.
        analysis: its threats.
        tra: TRA references by control id.
        held: outcome by control id, as `in_force` leaves them.
    """
    return tuple(_row(system, threat, tra, held) for threat in (*analysis.threats, *analysis.excluded))


def _row(system: System, threat: Threat, tra: Mapping[str, Sequence[str]], held: Mapping[str, Outcome]) -> Row:
    left = residual(threat, held)
    controls = [m.control for m in threat.mitigations]
    holding = [control for control in controls if held.get(control) is Outcome.HOLDS]
    return Row(
        TRA=", ".join(sorted({reference for control in controls for reference in tra.get(control, ())})),
        threat=threat.id,
        element=threat.element,
        title=threat.title,
        reason=threat.reason,
        attacker=str(threat.attacker),
        harms=", ".join(threat.properties),
        stages=", ".join(threat.stages),
        likelihood=threat.risk.likelihood,
        impact=threat.risk.impact,
        risk=threat.risk.level.value,
        mitigations=", ".join(controls),
        residual_likelihood=left.likelihood,
        holding=", ".join(holding),
        residual_risk=left.level.value,
        status=_status(threat, lowered=left.level.rank < threat.risk.level.rank),
        owner=_owner(system, threat),
        line=threat.exclusion.line if threat.exclusion else system.line(threat.element),
        references=", ".join(threat.references),
    )


def _status(threat: Threat, *, lowered: bool) -> str:
    if threat.exclusion:
        return f"excluded ({threat.exclusion.justification}): {threat.exclusion.reason}"
    return "reduced by evidence" if lowered else "open"


def _owner(system: System, threat: Threat) -> str:
    if threat.exclusion:
        return threat.exclusion.owner
    stances = (system.stance(mitigation.control) for mitigation in threat.mitigations)
    named = (stance.owner for stance in stances if stance and stance.owner)
    return next(named, system.about.owner or "")


def to_csv(register: Sequence[Row]) -> bytes:
    """The register as CSV (RFC 4180), UTF-8 with a byte-order mark, safe to open in a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_headings())
    writer.writerows([_harmless(cell) for cell in row] for row in register)
    return ("\ufeff" + text.getvalue()).encode()


def to_xlsx(register: Sequence[Row], title: str) -> bytes:
    """The register as a spreadsheet; the same bytes for the same rows.

    Args:
        register: the rows.
        title: name of the system, kept in the document's properties.

    Raises:
        MissingExtraError: the extra `xlsx` is not installed.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise MissingExtraError("xlsx", "xlsxwriter") from error
    buffer = io.BytesIO()
    # Text stays text: neither formulas nor links are made of what a description says.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"title": title[:255], "created": _EPOCH})
        sheet = book.add_worksheet("Risk register")
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        plain = book.add_format({"text_wrap": True, "valign": "top"})
        levels = {level: book.add_format({"bg_color": colour, "valign": "top"}) for level, colour in _COLOURS.items()}
        for column, (heading, width) in enumerate(zip(_headings(), _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, heading, head)
        for line, row in enumerate(register, start=1):
            for column, cell in enumerate(_cells(row)):
                if isinstance(cell, int):
                    sheet.write_number(line, column, cell, plain)
                else:
                    sheet.write_string(line, column, cell, levels.get(cell, plain))
        sheet.freeze_panes(1, 3)
        sheet.autofilter(0, 0, len(register), len(_WIDTHS) - 1)
    return buffer.getvalue()


def _headings() -> list[str]:
    return [name.replace("_", " ") for name in Row._fields]


def _cells(row: Row) -> Iterator[str | int]:
    for cell in row:
        yield cell if isinstance(cell, int) else cell[:_CELL_LIMIT]


def _harmless(cell: str | int) -> str | int:
    if isinstance(cell, str) and cell.lstrip(" \u00a0").startswith(_FORMULA):
        return f"'{cell}"
    return cell
