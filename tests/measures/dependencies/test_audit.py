"""Results of searches: each tool's own form is read, and nothing that was not searched looks clean."""

import datetime as dt
import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.measures.dependencies.audit import Match, Searched, merged, read_audit
from redan.measures.dependencies.pins import Pin
from redan.measures.dependencies.statements import read_statements, why_open
from redan.measures.dependencies.vulnerabilities import coverage, open_vulnerabilities

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NUMPY = Searched("numpy", "2.1")
FUZZ = Path(__file__).resolve().parents[3] / "fuzz" / "fuzz_audit.py"
HOLE = {"id": "PYSEC-2099-1", "fix_versions": ["2.1.1", "2.0.9"], "aliases": ["GHSA-aaaa-bbbb-cccc", "CVE-2099-1"]}


def read(value):
    """An audit of a JSON value."""
    return read_audit(json.dumps(value).encode())


def test_what_pip_audit_writes_is_read():
    """Its own formatters, JSON and CycloneDX, over its own records."""
    json_format = pytest.importorskip("pip_audit._format.json")
    bom_format = pytest.importorskip("pip_audit._format.cyclonedx")
    service = pytest.importorskip("pip_audit._service.interface")
    version = pytest.importorskip("packaging.version")
    hole = service.VulnerabilityResult(
        id="PYSEC-2099-1", description="x", fix_versions=[version.Version("2.1.1")], aliases={"CVE-2099-1"}
    )
    result = {
        service.ResolvedDependency("NumPy", version.Version("2.1.0")): [hole],
        service.ResolvedDependency("scipy", version.Version("1.14")): [],
        service.SkippedDependency("own-tool", "not on the index"): [],
    }
    found = read_audit(json_format.JsonFormat(True, True).format(result, []).encode())
    assert found.searched == {NUMPY, Searched("scipy", "1.14")}
    assert found.skipped == {"own-tool"}
    assert found.matches == (Match(package=NUMPY, ids=("CVE-2099-1", "PYSEC-2099-1"), fixed=("2.1.1",)),)
    assert found.made is None
    bom = bom_format.CycloneDxFormat(bom_format.CycloneDxFormat.InnerFormat.Json)
    dated = read_audit(bom.format(result, []).encode())
    assert dated.searched == found.searched
    assert [m.ids for m in dated.matches] == [("PYSEC-2099-1",)]
    assert dated.made is not None
    clean = {key: [] for key in result}
    assert read_audit(bom.format(clean, []).encode()).matches == ()


def test_what_an_osv_scanner_writes_is_read():
    """Packages of this ecosystem, aliases, fixed versions, dates; withdrawn advisories do not count."""
    vuln = {
        "id": "GHSA-aaaa-bbbb-cccc",
        "aliases": ["CVE-2099-1"],
        "modified": "2026-05-01T00:00:00Z",
        "published": "2025-01-01T00:00:00Z",
        "affected": [{"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1.1"}]}]}],
    }
    gone = {"id": "PYSEC-2099-9", "withdrawn": "2026-01-01T00:00:00Z", "modified": "2026-05-30T00:00:00Z"}
    packages = [
        {"package": {"name": "numpy", "version": "2.1.0", "ecosystem": "PyPI"}, "vulnerabilities": [vuln, gone]},
        {"package": {"name": "left-pad", "version": "1.0.0", "ecosystem": "npm"}, "vulnerabilities": [vuln]},
        {"package": {"name": "scipy", "version": "1.14.0", "ecosystem": "PyPI"}},
    ]
    found = read({"results": [{"source": {"path": "x"}, "packages": packages}]})
    assert found.searched == {NUMPY, Searched("scipy", "1.14")}
    assert [m.ids for m in found.matches] == [("CVE-2099-1", "GHSA-aaaa-bbbb-cccc")]
    assert found.matches[0].fixed == ("2.1.1",)
    assert found.knows_until == dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        3,
        "text",
        {"dependencies": 1},
        {"dependencies": [1]},
        {"dependencies": [{"name": "numpy"}]},
        {"dependencies": [{"name": "not a name", "version": "1"}]},
        {"dependencies": [{"name": "numpy", "version": "one"}]},
        {"dependencies": [{"name": "numpy", "version": "1", "vulns": [{"id": "\n"}]}]},
        {"results": [{"packages": {}}]},
        {"bomFormat": "CycloneDX", "components": [], "metadata": {"timestamp": "x", "tools": []}},
        {"bomFormat": "CycloneDX", "vulnerabilities": [{"id": "CVE-1", "affects": [{"ref": "gone"}]}]},
    ],
)
def test_what_is_no_result_is_refused(value):
    """Refused with a clause, except the empty list of an old pip-audit, which searched nothing."""
    if value == []:
        assert read(value).searched == frozenset()
        return
    with pytest.raises(ValueError, match=r"^[a-z]"):
        read(value)


def test_one_vulnerability_under_two_names_counts_once():
    """Matches that share a name are merged, per distribution."""
    one = Match(package=NUMPY, ids=("CVE-1", "GHSA-1"), fixed=("2",))
    two = Match(package=NUMPY, ids=("GHSA-1", "PYSEC-1"), fixed=("3",))
    other = Match(package=Searched("scipy", "1"), ids=("CVE-1",))
    assert merged([one, two, other]) == (
        Match(package=NUMPY, ids=("CVE-1", "GHSA-1", "PYSEC-1"), fixed=("2", "3")),
        other,
    )


def pin(name, version, **more):
    """A pin."""
    return Pin(name=name, version=version, **more)


def test_coverage_tells_what_was_not_looked_at():
    """Another version, a missing package, one of another platform and one without a version are told apart."""
    audit = read({"dependencies": [{"name": "numpy", "version": "2.1.0", "vulns": []}]})
    found = coverage(
        [
            pin("numpy", "2.1"),
            pin("scipy", "1"),
            pin("pywin32", "308", conditional=True),
            pin("loose", None),
            pin("churn", "0.1", own=True),
        ],
        audit,
    )
    assert found.unsearched == (Searched("scipy", "1"),)
    assert found.elsewhere == (Searched("pywin32", "308"),)
    assert found.unpinned == ("loose",)
    assert found.pinned == 3
    split = coverage([pin("numpy", "2.1", conditional=True), pin("numpy", "1.26", conditional=True)], audit)
    assert not split.elsewhere
    assert coverage([pin("numpy", "2.2")], audit).unsearched == (Searched("numpy", "2.2"),)


def test_a_vulnerability_of_a_version_that_is_no_longer_locked_is_not_open():
    """It counts for the locked version, for a package no lock file names, and where no version is locked."""
    audit = read({"dependencies": [{"name": "numpy", "version": "2.1", "vulns": [HOLE]}]})

    def left(*pins):
        return len(open_vulnerabilities(audit, (), pins, product="churn", now=NOW))

    assert left(pin("numpy", "2.1")) == 1
    assert left(pin("numpy", "2.1.1")) == 0
    assert left(pin("scipy", "1")) == 1
    assert left(pin("numpy", None)) == 1


def vex(*statements, timestamp="2026-05-01T00:00:00Z"):
    """Statements of an OpenVEX document."""
    return read_statements(
        json.dumps(
            {"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": timestamp, "statements": list(statements)}
        ).encode()
    )


def says(status="not_affected", product="pkg:pypi/numpy@2.1.0", **more):
    """A statement on CVE-2099-1."""
    return {"vulnerability": {"name": "CVE-2099-1"}, "products": [{"@id": product}], "status": status, **more}


REASON = {"justification": "vulnerable_code_not_present"}
MATCH = Match(package=NUMPY, ids=("CVE-2099-1", "PYSEC-2099-1"))


@pytest.mark.parametrize(
    ("statements", "closed"),
    [
        ([], False),
        ([says(**REASON)], True),
        ([says()], False),
        ([says(justification="nobody cares")], False),
        ([says("affected", action_statement="update")], False),
        ([says("fixed", **REASON)], False),
        ([says("under_investigation", **REASON)], False),
        ([says(product="pkg:pypi/numpy", **REASON)], True),
        ([says(product="pkg:pypi/numpy@2.0", **REASON)], False),
        ([says(product="churn", **REASON)], True),
        ([says(product="pkg:generic/churn@3", **REASON)], True),
        ([says(product="another product", **REASON)], False),
        ([says(**REASON, timestamp="2025-01-01T00:00:00Z")], False),
        ([says(**REASON), says("affected", timestamp="2026-05-20T00:00:00Z")], False),
        ([says("affected", timestamp="2026-04-20T00:00:00Z"), says(**REASON)], True),
        ([says("affected"), says(**REASON)], False),
    ],
)
def test_only_a_justified_statement_that_still_counts_closes(statements, closed):
    """The newest statement on this package counts, and of two of one moment the worse."""
    assert (why_open(MATCH, vex(*statements), product="churn", now=NOW) is None) == closed


def test_statements_of_cyclonedx_follow_their_references():
    """A component, a BOM-Link to another document and a package URL all lead to the distribution."""
    for ref in ("numpy-ref", "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg:pypi/numpy@2.1.0", "pkg:pypi/numpy"):
        value = {
            "bomFormat": "CycloneDX",
            "components": [{"bom-ref": "numpy-ref", "type": "library", "name": "numpy", "version": "2.1.0"}],
            "metadata": {"timestamp": "2026-05-01T00:00:00Z"},
            "vulnerabilities": [
                {
                    "id": "CVE-2099-1",
                    "affects": [{"ref": ref}],
                    "analysis": {"state": "not_affected", "justification": "code_not_reachable"},
                }
            ],
        }
        found = read_statements(json.dumps(value).encode())
        assert why_open(MATCH, found, product="churn", now=NOW) is None, ref


@pytest.mark.parametrize("value", [{}, [], {"@context": "https://openvex.dev/ns", "statements": [{"status": "fine"}]}])
def test_what_is_no_statement_is_refused(value):
    """Refused with a clause."""
    with pytest.raises(ValueError, match=r"^(is|has) "):
        read_statements(json.dumps(value).encode())


SPEC = importlib.util.spec_from_file_location("fuzz_audit", FUZZ)
TARGET = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TARGET)
WORDS = st.sampled_from(
    [
        "dependencies",
        "vulns",
        "id",
        "CVE-1",
        "name",
        "numpy",
        "version",
        "1.0",
        "results",
        "packages",
        "package",
        "ecosystem",
        "PyPI",
        "bomFormat",
        "CycloneDX",
        "components",
        "statements",
        "@context",
        "https://openvex.dev/ns",
        "status",
        "fixed",
        "affects",
        "ref",
        "analysis",
        "state",
        "vulnerabilities",
        "metadata",
        "timestamp",
        "aliases",
    ]
)
VALUES = st.recursive(
    WORDS | st.none() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=400, deadline=None)
@given(VALUES.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=30))
def test_any_bytes_are_a_result_or_a_refusal(data):
    """The fuzz target holds on what hypothesis thinks of."""
    TARGET.TestOneInput(data)
