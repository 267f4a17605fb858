"""Every report against the schema or the tool that defines its format."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

import small_project
from redan.errors import UsageError
from redan.reports.shelf import FORMATS, render
from redan.terms import Outcome

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"


def schema(path: Path) -> dict:
    if not path.exists():
        pytest.skip(f"{path.name} lies in the shared folder, which is not here")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_renders_and_hides_rows(name, small_material):
    """Each format renders, and none holds a value of a data row."""
    data = render(name, small_material).decode()
    assert data.strip()
    assert not re.search(r"\bi1-\d+\b", data)


@pytest.mark.parametrize("name", FORMATS)
def test_same_material_same_bytes(name, small_material):
    """Equal material gives equal bytes."""
    assert render(name, small_material) == render(name, small_material)


def test_unknown_format_is_refused(small_material):
    """A format that is not on the shelf is a usage error naming those that are."""
    with pytest.raises(UsageError, match="html"):
        render("pdf", small_material)


def test_json_is_of_the_published_schema(small_material):
    """check --format json validates against the published schema."""
    document = json.loads(render("json", small_material))
    published = json.loads((ROOT / "schemas" / "check.v1.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.validate(document, published)
    assert document["verdict"] == "not-met"


def test_sarif_is_of_the_official_schema(small_material):
    """SARIF validates, every result has a line of redan.toml, and only broken findings are results."""
    document = json.loads(render("sarif", small_material))
    jsonschema.Draft7Validator(schema(SHARED / "schemas" / "sarif-2.1.0.json")).validate(document)
    run = document["runs"][0]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    lines = (small_project.DESCRIPTION).count("\n")
    broken = [judged for _, judged in small_material.judged() if judged.finding.outcome is Outcome.BROKEN]
    assert len(run["results"]) == len(broken) > 0
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "redan.toml"
        assert 1 <= place["region"]["startLine"] <= lines
        assert result["ruleId"] in rules
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert re.fullmatch(r"[0-9a-f]{32}", result["partialFingerprints"]["redan/v1"])


def test_sarif_fingerprints_survive_retraining(tmp_path, small_material):
    """New data behind the same names changes measures, and no fingerprint."""
    folder = small_project.make(tmp_path)
    (folder / "train.csv").write_text(small_project.rows(9, 400), encoding="utf-8")
    head, *body = small_project.rows(9, 400).splitlines()
    (folder / "test.csv").write_text("\n".join([head, *body[:90]]), encoding="utf-8")
    other = small_project.material(small_project.checked(folder))

    def prints(material):
        run = json.loads(render("sarif", material))["runs"][0]
        return {(r["ruleId"], r["partialFingerprints"]["redan/v1"]) for r in run["results"]}

    shared = {pair for pair in prints(small_material) if pair[0].startswith("A-MLSG-002-D002/rows")}
    assert shared
    assert shared <= prints(other)


def test_junit_counts_agree(small_material):
    """The counts of each suite are those of its cases, and an outside reader agrees."""
    root = ET.fromstring(render("junit", small_material))
    assert int(root.get("tests")) == len(root.findall(".//testcase")) == sum(1 for _ in small_material.judged())
    for suite in root.findall("testsuite"):
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases)
        assert int(suite.get("failures")) == sum(case.find("failure") is not None for case in cases)
        assert int(suite.get("errors")) == sum(case.find("error") is not None for case in cases)
        assert int(suite.get("skipped")) == sum(case.find("skipped") is not None for case in cases)
    broken = sum(judged.finding.outcome is Outcome.BROKEN for _, judged in small_material.judged())
    assert int(root.get("failures")) == broken


def test_oscal_is_read_by_trestle(tmp_path, small_material):
    """compliance-trestle, which carries NIST's models, reads the assessment results."""
    results = pytest.importorskip("trestle.oscal.assessment_results", reason="compliance-trestle is not installed")
    path = tmp_path / "results.json"
    path.write_bytes(render("oscal", small_material))
    document = results.AssessmentResults.oscal_read(path)
    assert document is not None
    result = document.results[0]
    assert len(result.findings) == len(small_material.judgement.rows)
    states = {finding.title.split()[0]: finding.target.status.state for finding in result.findings}
    broken = {row.control_id for row in small_material.judgement.rows if row.outcome is Outcome.BROKEN}
    assert all(states[control].value == "not-satisfied" for control in broken)
    not_run = {row.control_id for row in small_material.judgement.rows if row.outcome is Outcome.NOT_RUN}
    assert all(states[control].value == "not-satisfied" for control in not_run)


def test_markdown_escapes_the_description(small_material):
    """A hostile name stays text in Markdown."""
    text = render("md", small_material).decode()
    assert small_project.HOSTILE not in text


def test_text_says_what_to_mend(small_material):
    """The terminal shows verdict, the worst findings with their fix, and the line to reproduce."""
    text = render("text", small_material).decode()
    assert "The gate is not met:" in text
    assert "A-MLSG-002-D002/rows-are-not-shared" in text
    assert "fix:" in text
    assert "To reproduce: redan check" in text
