"""`redan explain`: every id of the catalogue and the taxonomies, on a terminal, in a pipe and as JSON."""

import io
import json

import pytest

from redan.cli.app import main
from redan.cli.explain import show
from redan.controls.catalogue import load
from redan.controls.lookup import Asked, Related, find, nearest, questions
from redan.errors import UsageError
from redan.terms import Kind
from redan.threats.taxonomy import entries

CATALOGUE, KNOWN = load(), entries()


def _run(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(["explain", *arguments])
    said = capsys.readouterr()
    return left.value.code, said.out, said.err


@pytest.mark.parametrize("control", CATALOGUE.values(), ids=lambda control: control.id)
def test_every_control_is_explained(control, capsys):
    """The text names everything that a control says, with each of its questions and mappings."""
    code, out, err = _run(capsys, control.id.lower())
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    for said in (control.id, control.title, control.question, control.asks, control.motivation, control.remedy.text):
        assert said in flat
    for question in questions(control):
        assert question.name in flat
        assert " ".join(question.question.split()) in flat
    assert all(row.id in flat for row in control.crosswalk)
    assert all(reference in flat for reference in control.tra)


def test_piped_text_is_plain(capsys, monkeypatch):
    """Without a terminal there is no escape code, no padding and no line over 100 columns, even if colour is forced."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    _, out, _ = _run(capsys, "A-MLSG-002-D002")
    assert "\x1b" not in out
    assert [line for line in out.split("\n") if line != line.rstrip() or len(line) > 100] == []


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colour_unless_no_color_is_set(no_color, coloured):
    """On a terminal the id is coloured; NO_COLOR takes the colour away."""
    from rich.console import Console

    text = io.StringIO()
    console = Console(
        file=text, force_terminal=True, width=80, _environ={"NO_COLOR": no_color, "TERM": "xterm-256color"}
    )
    show(console, CATALOGUE["AIPS-REP-01"], KNOWN)
    assert ("\x1b[1;36m" in text.getvalue()) is coloured


def test_planned_questions_say_that_they_are_not_run(capsys):
    """A question without a check is never shown as live."""
    _, out, _ = _run(capsys, "A-MLSG-004-D008")
    assert out.count("planned  ") == len(CATALOGUE["A-MLSG-004-D008"].planned)
    assert "not-run" in out


def test_a_check_is_explained_with_its_control(capsys):
    """A check's id finds its question and the control that asks it, whatever the case."""
    code, out, _ = _run(capsys, "a-mlsg-002-D002/ROWS-are-not-shared")
    assert code == 0
    assert out.startswith("A-MLSG-002-D002/rows-are-not-shared")
    assert "Validation data comes from other sources" in out


def test_the_decision_record_is_a_question_of_every_consider_and_of_nothing_else():
    """CONTROL/decision-is-recorded exists for each consider control only."""
    for control in CATALOGUE.values():
        id_ = f"{control.id}/decision-is-recorded"
        if control.kind is Kind.CONSIDER:
            assert isinstance(find(id_, CATALOGUE, KNOWN), Asked)
        else:
            with pytest.raises(UsageError):
                find(id_, CATALOGUE, KNOWN)


def test_a_taxonomy_id_lists_its_controls(capsys):
    """AML.T0020 names its source and every control that maps to it, in catalogue order."""
    code, out, _ = _run(capsys, "aml.t0020")
    wanted = [c.id for c in CATALOGUE.values() if "AML.T0020@5.6.0" in {row.id for row in c.crosswalk}]
    assert code == 0
    assert "Poison Training Data" in out
    assert "MITRE ATLAS 5.6.0" in out
    assert [line.split()[0] for line in out.splitlines() if line.startswith(("A-MLSG", "AIPS"))] == wanted


def test_an_id_of_a_later_edition_is_found(capsys):
    """The id that replaced a retired one finds it and says so."""
    code, out, _ = _run(capsys, "AML.T0115.000")
    assert code == 0
    assert "AML.T0019@5.6.0" in out
    assert "Later editions call it AML.T0115.000" in out


def test_a_class_of_threats_lists_its_controls():
    """A threat class finds exactly the controls that name it."""
    found = find("Denial-of-Service", CATALOGUE, KNOWN)
    assert isinstance(found, Related)
    assert [c.id for c in found.controls] == [c.id for c in CATALOGUE.values() if "denial-of-service" in c.threats]


def test_an_id_that_no_control_names_says_so(capsys, monkeypatch):
    """A pinned id that only threats refer to is explained, with no control claimed."""
    lonely = next((id_ for id_ in KNOWN if not find(id_, CATALOGUE, KNOWN).controls), None)
    if lonely is None:
        pytest.skip("every pinned id is mapped by a control")
    code, out, _ = _run(capsys, lonely)
    assert code == 0
    assert "No control of the catalogue refers to it." in out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("A-MLSG-002-D02", "A-MLSG-002-D002"),
        ("amlsg-002-d002", "A-MLSG-002-D002"),
        ("A-MLSG-002-D002/rows-are-shared", "A-MLSG-002-D002/rows-are-not-shared"),
        ("AML.T00020", "AML.T0020"),
        ("AISP-REP-01", "AIPS-REP-01"),
        ("poisonning", "poisoning"),
    ],
)
def test_a_typo_is_answered_by_the_nearest_id(typed, meant, capsys):
    """A wrong letter ends with exit 2, nothing on standard output, and one line with the id that was meant."""
    code, out, err = _run(capsys, typed)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert f"did you mean {meant}" in err


@pytest.mark.parametrize("typed", ["", "?", "\x1b[31m", "x" * 100_000, "zzzzzzzz"])
def test_nonsense_is_one_clear_line(typed, capsys):
    """What is like no id gets exit 2 and one printable line without a guess."""
    code, out, err = _run(capsys, typed)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "\x1b" not in err
    assert len(err) < 1000
    assert nearest(typed, CATALOGUE, KNOWN) is None


@pytest.mark.parametrize("format_", ["xml", ""])
def test_an_unknown_format_is_a_usage_error(format_, capsys):
    """Only text and json are formats."""
    code, out, _ = _run(capsys, "AIPS-REP-01", "--format", format_)
    assert (code, out) == (2, "")


@pytest.mark.parametrize(
    ("id_", "kind"),
    [
        ("A-MLSG-002-D002", "control"),
        ("A-MLSG-002-D002/rows-are-not-shared", "check"),
        ("AML.T0020", "taxonomy"),
        ("poisoning", "threat-class"),
    ],
)
def test_json_says_what_kind_of_answer_it_is(id_, kind, capsys):
    """Each kind of answer is one JSON value with its schema and kind."""
    code, out, err = _run(capsys, id_, "--format", "json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert (answer["schema"], answer["kind"]) == ("redan/explain/v1", kind)


def test_json_of_a_control_is_the_whole_control(capsys):
    """The JSON of a control carries every field of control.toml and the names of the mapped ids."""
    _, out, _ = _run(capsys, "A-MLSG-002-N001", "--format", "json")
    said, control = json.loads(out)["control"], CATALOGUE["A-MLSG-002-N001"]
    assert set(said) == set(type(control).model_fields) - {"family", "folder"}
    assert {row["id"]: row["name"] for row in said["crosswalk"]}["AML.T0019@5.6.0"] == "Publish Poisoned Datasets"
    assert [check["id"] for check in said["checks"]] == [question.id for question in control.checks]
