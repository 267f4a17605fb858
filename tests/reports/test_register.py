"""The risk register: complete rows, cells that no spreadsheet runs, a workbook that another program reads."""

import csv
import io
import sys

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.controls.catalogue import load
from redan.errors import MissingExtraError
from redan.reports.register import Row, rows, to_csv, to_xlsx
from redan.terms import Outcome
from redan.threats import derive
from threat_systems import EXPECTED, PHOTOS, system_of

TRA = {control.id: control.tra for control in load().values()}
EXCLUSION = """
[[exclusion]]
threat = "oracle.extraction"
justification = "inline_mitigations_already_exist"
reason = "=HYPERLINK(0)"
owner = "ann"
[controls."A-MLSG-002-D004"]
owner = "data team"
"""


def _register(text, held=None):
    system = system_of(text)
    return rows(system, derive(system), TRA, held or {})


def _read(data):
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("name", EXPECTED)
def test_each_threat_is_one_row_with_its_references(name):
    """Every threat is a row; its TRA references are those of its controls."""
    register = _register(EXPECTED[name][0])
    assert {f"{row.threat}@{row.element}" for row in register} == EXPECTED[name][1]
    for row in register:
        assert set(row.TRA.split(", ")) - {""} == {t for c in row.mitigations.split(", ") for t in TRA[c]}
        assert (row.status, row.holding, row.residual_risk) == ("open", "", row.risk)


def test_evidence_exclusion_and_owner_show():
    """A held control lowers the row, an exclusion ends it with its reason, and a stance names the owner."""
    register = _register(PHOTOS + EXCLUSION, {"A-MLSG-004-D007": Outcome.HOLDS})
    by_id = {row.threat: row for row in register}
    assert by_id["evasion.score"].holding == "A-MLSG-004-D007"
    assert by_id["evasion.score"].residual_likelihood < by_id["evasion.score"].likelihood
    assert by_id["poisoning.injection"].owner == "data team"
    assert register[-1].threat == "oracle.extraction"
    assert register[-1].status == "excluded (inline_mitigations_already_exist): =HYPERLINK(0)"
    assert register[-1].owner == "ann"


def test_csv_round_trip():
    """What is written as CSV is read back by the standard reader, row for row."""
    register = _register(PHOTOS)
    back = _read(to_csv(register))
    assert [row["threat"] for row in back] == [row.threat for row in register]
    assert [int(row["likelihood"]) for row in back] == [row.likelihood for row in register]


def _row(text):
    return Row(*(1 if kind is int else text for kind in Row.__annotations__.values()))


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0=", "|", "%", "＝", "＋", "－", "＠"]
)
def test_no_cell_starts_a_formula(start):
    """A cell that a spreadsheet would run is kept as text."""
    (row,) = _read(to_csv([_row(f"{start}cmd|'/c calc'!A1")]))
    assert {row[name] for name in ("element", "reason", "owner")} == {f"'{start}cmd|'/c calc'!A1"}


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
def test_any_text_survives_and_stays_text(text):
    """Whatever a description says comes back whole, and its first visible character is harmless."""
    (row,) = _read(to_csv([_row(text)]))
    cell = row["reason"]
    assert cell in {text, f"'{text}"}
    assert not cell.lstrip(" \u00a0").startswith(("=", "+", "-", "@", "\t", "\r"))


def test_the_workbook_is_read_by_another_program_and_holds_no_formula():
    """Openpyxl reads the cells that were written, as text and numbers only."""
    register = (*_register(PHOTOS + EXCLUSION), _row("=1+1"), _row("http://x.example"), _row("a\x07b"))
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(register, "Photo tagger"))).active
    read = list(sheet.iter_rows(min_row=2))
    assert [row[1].value for row in read][:3] == [row.threat for row in register][:3]
    assert len(read) == len(register)
    assert {cell.data_type for row in read for cell in row} <= {"s", "n", "inlineStr"}
    assert read[-3][1].value == "=1+1"
    assert [c.hyperlink for row in read for c in row if c.hyperlink] == []
    assert sheet.freeze_panes == "D2"


def test_the_workbook_is_the_same_for_the_same_rows():
    """No clock and no chance get into the file."""
    register = _register(PHOTOS)
    assert to_xlsx(register, "x") == to_xlsx(register, "x")


def test_a_missing_writer_is_said_with_its_install_line(monkeypatch):
    """Without the extra the register asks for it and writes nothing."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingExtraError, match=r"redan\[xlsx\]"):
        to_xlsx(_register(PHOTOS), "x")
