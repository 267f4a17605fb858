"""SARIF 2.1.0: what is broken as results on lines of `redan.toml`, what could not run as notifications.

Source: OASIS SARIF 2.1.0; code hosts refuse a whole file when one result has no location.
"""

import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import quote

from redan.canon import Json
from redan.findings import Finding
from redan.gating import JudgedFinding, Row
from redan.reports.material import UNANSWERED, Material
from redan.terms import Kind, Outcome, Verdict

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 5000  # more are accepted by code hosts and never shown


def render(material: Material) -> bytes:
    """The run as a SARIF log; fingerprints stay the same when a model is retrained."""
    rules = tuple(_rules(material))
    index = {str(rule["id"]): i for i, rule in enumerate(rules)}
    broken = [pair for pair in material.judged() if pair[1].finding.outcome is Outcome.BROKEN][:MOST_RESULTS]
    run: dict[str, Json] = {
        "tool": {"driver": {"name": "redan", "semanticVersion": material.results.tool, "rules": list(rules)}},
        "automationDetails": {"id": f"redan/{quote(material.system.about.name)}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(material)],
        "results": [_result(row, judged, index[judged.finding.check], material) for row, judged in broken],
    }
    log: Json = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False).encode() + b"\n"


def _rules(material: Material) -> Iterator[dict[str, Json]]:
    seen: set[str] = set()
    for row, judged in material.judged():
        check = judged.finding.check
        if check in seen:
            continue
        seen.add(check)
        control = material.controls[row.control_id]
        advice = control.remedy.text + (f"\n\n    {control.remedy.command}" if control.remedy.command else "")
        yield {
            "id": check,
            "name": _pascal(check.partition("/")[2]),
            "shortDescription": {"text": control.title},
            "fullDescription": {"text": control.asks},
            "help": {"text": advice, "markdown": f"{control.motivation}\n\n{advice}"},
            "defaultConfiguration": {"level": _level(row)},
            "properties": {
                "tags": list[Json](["security", *(threat.value for threat in control.threats)][:10]),
                "security-severity": f"{material.severity(row.control_id):.1f}",
            },
        }


def _result(row: Row, judged: JudgedFinding, index: int, material: Material) -> Json:
    finding = judged.finding
    result: dict[str, Json] = {
        "ruleId": finding.check,
        "ruleIndex": index,
        "kind": "fail",
        "level": _level(row),
        "message": {"text": _message(finding)},
        "locations": [_location(finding, material.folder)],
        "partialFingerprints": {"redan/v1": finding.fingerprint},
    }
    if judged.waiver is not None:
        result["suppressions"] = [{"kind": "external", "justification": judged.waiver.reason}]
    elif judged.known:
        result["baselineState"] = "unchanged"
    return result


def _invocation(material: Material) -> Json:
    notes: list[Json] = [
        {
            "level": "error" if judged.finding.outcome is Outcome.ERROR else "warning",
            "message": {"text": f"{judged.finding.outcome.value}: {judged.finding.message}"},
            "associatedRule": {"id": judged.finding.check},
            "locations": [_location(judged.finding, material.folder)],
        }
        for _, judged in material.judged()
        if judged.finding.outcome in UNANSWERED and judged.required
    ]
    return {
        "executionSuccessful": material.judgement.verdict is not Verdict.INCOMPLETE,
        "exitCode": int(material.judgement.exit),
        "toolExecutionNotifications": notes,
    }


def _level(row: Row) -> str:
    return "warning" if row.kind is Kind.CONSIDER else "error"


def _message(finding: Finding) -> str:
    fix = "" if finding.remedy is None else f" Fix: {finding.remedy.text}"
    return f"{finding.message}{fix}"


def _location(finding: Finding, folder: str) -> Json:
    file, line = ("redan.toml", 1) if finding.location is None else (finding.location.file, finding.location.line)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote((PurePosixPath(folder) / file).as_posix()), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": line},
        }
    }


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))
