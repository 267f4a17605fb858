"""`redan model card` and `redan report --format mlbom` from the outside."""

import json

import pytest

from redan.cli.app import main
from reports import mlbom_cases as cases


@pytest.fixture
def project(tmp_path):
    """The full project on disk."""
    return cases.make(tmp_path / "p")


def call(capsysbinary, *words):
    """Exit code, standard output and standard error."""
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


def test_card_without_evidence(project, capsysbinary):
    """Markdown on standard output; nothing was checked, and the card says so."""
    code, out, _ = call(capsysbinary, "model", "card", "churn", "--dir", project)
    assert code == 0
    assert out.startswith("# Model card: churn\n")
    assert "**When was it checked?** not stated" in out


def test_card_with_evidence_and_as_a_component(project, capsysbinary):
    """After a check the card names it; the JSON is the component of the bill."""
    call(capsysbinary, "check", project, "--quiet")
    code, out, _ = call(capsysbinary, "model", "card", "churn", "--dir", project)
    assert code == 0
    assert "UTC by redan" in out
    target = project / "card.json"
    code, out, _ = call(capsysbinary, "model", "card", "churn", "--dir", project, "--format", "json", "-o", target)
    assert (code, out) == (0, "")
    assert json.loads(target.read_text())["bom-ref"] == "model:churn"


def test_evidence_of_another_key_is_refused(project, capsysbinary):
    """A card is drawn from evidence that verifies, or not at all."""
    call(capsysbinary, "check", project, "--quiet")
    pack = project / ".redan" / "evidence.json"
    text = pack.read_text()
    at = text.index('"sig":') + 12
    pack.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])
    code, out, _ = call(capsysbinary, "model", "card", "churn", "--dir", project)
    assert code == 4
    assert out == ""


def test_an_unknown_model_is_one_line(project, capsysbinary):
    """The message names those that are known."""
    code, _, err = call(capsysbinary, "model", "card", "chrun", "--dir", project)
    assert code == 2
    assert "known: old, base, churn" in err


def test_report_writes_the_bill_alone_on_standard_output(project, capsysbinary):
    """JSON alone, valid, and the same in a file."""
    call(capsysbinary, "check", project, "--quiet")
    _, out, _ = call(capsysbinary, "report", project, "--format", "mlbom")
    bill = json.loads(out)
    assert bill["specVersion"] == "1.7"
    assert not list(cases.validator().iter_errors(bill))
    target = project / "bom.json"
    call(capsysbinary, "report", project, "--format", "mlbom", "--output", target)
    assert json.loads(target.read_text())["serialNumber"] == bill["serialNumber"]
