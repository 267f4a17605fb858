"""The bill is valid by the official schema and by the reference library, says what was stated, and nothing else."""

import copy
import datetime as dt
import json
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import redan
from redan.canon import canonical
from redan.errors import steering
from redan.reports import mlbom
from redan.reports.addresses import address
from redan.reports.mlbom.parts import licences
from reports import mlbom_cases as cases

NOW = dt.datetime(2026, 6, 1, 12, 0, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The material of the full project."""
    return cases.material(cases.make(tmp_path_factory.mktemp("full") / "p"), NOW)


@pytest.fixture(scope="module")
def bill(full):
    """Its bill."""
    return json.loads(mlbom.render(full))


def component(bill, ref):
    """A component by its reference."""
    return next(c for c in bill["components"] if c["bom-ref"] == ref)


def test_bill_is_valid_by_the_official_schema(bill):
    """No error of the schema of CycloneDX 1.7, with its parts and formats."""
    assert [e.message for e in cases.validator().iter_errors(bill)] == []


def test_the_schema_that_judges_is_awake(bill):
    """A wrong enum, an unknown key and a short digest are refused by the very validator."""
    for spoil in (
        lambda b: b["components"][0].update(type="model"),
        lambda b: b.update(extra=1),
        lambda b: b["components"][-1]["hashes"].append({"alg": "SHA-256", "content": "abc"}),
        lambda b: b["components"][0].update(licenses=[{"license": {"id": "No-Such-1.0"}}]),
    ):
        spoiled = copy.deepcopy(bill)
        spoiled["components"][-1].setdefault("hashes", [])
        spoil(spoiled)
        assert list(cases.validator().iter_errors(spoiled))


def test_bill_is_valid_by_the_reference_library(bill):
    """The strict validator of cyclonedx-python-lib for 1.7 accepts it too."""
    library = pytest.importorskip("cyclonedx.validation.json")
    from cyclonedx.schema import SchemaVersion

    assert library.JsonStrictValidator(SchemaVersion.V1_7).validate_str(json.dumps(bill)) is None


def test_every_reference_leads_somewhere(bill):
    """References are unique, and dependencies, datasets, claims and evidence name existing ones."""
    refs = re.findall(r'"bom-ref": "([^"]+)"', json.dumps(bill))
    assert len(refs) == len(set(refs))
    known = set(refs)
    named = {d for row in bill["dependencies"] for d in (row["ref"], *row.get("dependsOn", []))}
    named |= {ref["ref"] for c in bill["components"] for ref in _datasets(c)}
    for claim in bill["declarations"]["claims"]:
        named |= {claim["target"], *claim.get("evidence", [])}
    for row in bill["declarations"]["attestations"][0]["map"]:
        named |= {row["requirement"], *row.get("claims", []), *row.get("counterClaims", [])}
    assert named <= known


def _datasets(found):
    return found.get("modelCard", {}).get("modelParameters", {}).get("datasets", [])


def test_model_component_says_what_was_stated(bill):
    """Task, approach, inputs, data, users, pedigree, digest and seal of the model."""
    model = component(bill, "model:churn")
    card = model["modelCard"]
    assert card["modelParameters"]["approach"] == {"type": "supervised"}
    assert card["modelParameters"]["datasets"] == [{"ref": "dataset:train"}]
    assert card["modelParameters"]["inputs"] == [{"format": "tenure: float32"}]
    assert card["considerations"]["users"] == ["the call centre"]
    assert card["considerations"]["fairnessAssessments"] == [{"groupAtRisk": "groups of column gender"}]
    assert [a["name"] for a in model["pedigree"]["ancestors"]] == ["base", "old"]
    assert model["hashes"][0]["alg"] == "SHA-256"
    assert "digital-signature" in {r["type"] for r in model["externalReferences"]}
    assert model["licenses"] == [{"license": {"name": "Our own terms"}}]
    assert component(bill, "model:old")["licenses"] == [{"expression": "Apache-2.0 OR MIT"}]


def test_dataset_component_names_columns_and_no_rows(bill, full):
    """Sensitive columns by name, governance and SPDX id; no cell of the data, no password, no signed query."""
    data = component(bill, "dataset:train")
    assert data["data"][0]["sensitiveData"] == ["customer", "gender"]
    assert data["data"][0]["classification"] == "confidential"
    assert data["data"][0]["governance"]["owners"] == [{"organization": {"name": "customer analytics"}}]
    assert {"license": {"id": "CC-BY-4.0"}} in data["licenses"]
    text = mlbom.render(full).decode()
    assert not [word for word in ("ZQ77", "YX66", "hunter22", "abc123") if word in text]


def test_locked_packages_are_libraries_with_digests(bill):
    """Package URL, version and every digest of the lock file; the preprocessor depends on its package."""
    library = component(bill, "pkg:pypi/scikit-learn@1.7")
    assert {h["alg"] for h in library["hashes"]} == {"SHA-256", "SHA-512"}
    rows = {row["ref"]: row.get("dependsOn", []) for row in bill["dependencies"]}
    assert rows["preprocessor:scale"] == ["pkg:pypi/scikit-learn@1.7"]
    assert set(rows["model:churn"]) >= {"dataset:train", "dataset:test", "model:base", "preprocessor:clean"}


def test_claims_follow_the_evidence(bill, full):
    """A control that holds is a claim, a broken one a counter-claim, and one without an answer neither."""
    outcomes = {row.control_id: row.outcome.value for row in full.judgement.rows}
    mapped = {
        row["requirement"].removeprefix("control:"): row for row in bill["declarations"]["attestations"][0]["map"]
    }
    assert set(mapped) == {id_ for id_, outcome in outcomes.items() if outcome in {"holds", "broken"}}
    for id_, row in mapped.items():
        assert ("claims" in row) == (outcomes[id_] == "holds")
        assert row["conformance"]["score"] == (1 if outcomes[id_] == "holds" else 0)
    evidence = {e["propertyName"]: e["data"][0]["name"] for e in bill["declarations"]["evidence"]}
    assert all(full.evidence[id_] in text for id_, text in evidence.items())


def test_performance_comes_from_findings_with_an_interval(full):
    """A measure with an interval about the model becomes a metric; one without does not."""
    from dataclasses import replace

    from redan.findings import Interval, Measure, holds
    from redan.gating import JudgedFinding
    from redan.terms import Outcome

    measure = Measure(name="recall", value=0.75, interval=Interval(0.7, 0.8), n=100)
    count = Measure(name="files", value=3.0, n=3)
    row = replace(
        full.judgement.rows[0],
        outcome=Outcome.HOLDS,
        findings=tuple(
            JudgedFinding(finding=holds("A/x", "model:churn+dataset:test", "fine", measure=m), required=False)
            for m in (measure, count)
        ),
    )
    changed = replace(full, judgement=replace(full.judgement, rows=(row,)))
    metrics = component(mlbom.document(changed), "model:churn")["modelCard"]["quantitativeAnalysis"][
        "performanceMetrics"
    ]
    assert [m["type"] for m in metrics] == ["recall"]
    assert metrics[0]["confidenceInterval"] == {"lowerBound": "0.7", "upperBound": "0.8"}


def test_nothing_is_invented(tmp_path):
    """A description that says nothing gives a valid bill without card entries, licences, digests or datasets."""
    (tmp_path / "redan.toml").write_text(cases.BARE)
    bill = mlbom.document(cases.material(tmp_path, NOW))
    assert not list(cases.validator().iter_errors(json.loads(json.dumps(bill))))
    model = bill["components"][0]
    assert set(model) == {"type", "bom-ref", "name", "modelCard"} | (model.keys() & {"properties"})
    assert set(model["modelCard"]["modelParameters"]) == {"task"}


def test_equal_evidence_gives_equal_bytes_and_another_serial_otherwise(full):
    """The serial number follows from the content alone."""
    from dataclasses import replace

    assert mlbom.render(full) == mlbom.render(full)
    later = replace(full, results=replace(full.results, at=NOW + dt.timedelta(days=1)))
    assert mlbom.document(later)["serialNumber"] != mlbom.document(full)["serialNumber"]
    assert mlbom.document(full)["metadata"]["tools"]["components"][0]["version"] == redan.__version__


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", {"license": {"id": "MIT"}}),
        ("apache-2.0", {"license": {"id": "Apache-2.0"}}),
        ("https://spdx.org/licenses/CC-BY-4.0", {"license": {"id": "CC-BY-4.0"}}),
        ("https://spdx.org/licenses/MIT.html", {"license": {"id": "MIT"}}),
        ("(MIT OR Apache-2.0) AND BSD-3-Clause", {"expression": "(MIT OR Apache-2.0) AND BSD-3-Clause"}),
        ("MIT OR", {"license": {"name": "MIT OR"}}),
        ("MIT Apache-2.0", {"license": {"name": "MIT Apache-2.0"}}),
        ("free for research", {"license": {"name": "free for research"}}),
        ("MIT) OR (MIT", {"license": {"name": "MIT) OR (MIT"}}),
    ],
)
def test_licences_have_their_spdx_id_or_their_own_name(text, expected):
    """Only what is on the SPDX list gets an id or an expression."""
    assert licences([text]) == [expected]


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=40, alphabet=st.characters(exclude_characters="/?#@[]\\:", exclude_categories=("Cs", "Cc", "Z")))
)
def test_no_address_carries_a_password_or_breaks_the_schema(text):
    """Whatever stands before the host goes, a query that may be a secret too; the rest is a plain ASCII reference."""
    found = address(f"https://{text}:secretword@example.org/{text}?token={text}secretword")
    if found is not None:
        assert "secretword" not in found
        assert found.isascii()
        assert " " not in found


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["purpose", "owner"]),
        st.text(min_size=1, max_size=50, alphabet=st.characters(exclude_categories=("Cs", "Cc"))),
    )
)
def test_hostile_texts_of_a_description_stay_valid(about):
    """Quotes, markup and every script in names and purposes keep the bill valid and canonical."""
    from pathlib import Path

    from redan.gating import Judgement
    from redan.reports.material import Material
    from redan.runner.records import Results
    from redan.system.read import parse
    from redan.terms import Stage, Verdict

    assume(all(steering(value) is None for value in about.values()))
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in about.items() if value.strip()]
    system = parse("\n".join(['[system]\nname = "x"', *lines, ""]).encode(), file="redan.toml", root=Path())
    results = Results(
        system_name="x",
        stage=Stage.DESIGN,
        controls=(),
        seed=0,
        at=NOW,
        policy={},
        tool="0",
        description_sha256="0" * 64,
    )
    judgement = Judgement(system_name="x", verdict=Verdict.MET, rows=(), reasons=())
    bill = mlbom.document(Material(system=system, results=results, judgement=judgement, controls={}))
    assert not list(cases.validator().iter_errors(json.loads(canonical(bill))))
