"""SARIF 2.1.0 of a scan: every detection as a result at a byte of a file.

Source: OASIS SARIF 2.1.0, sections 3.30 (regions of binary files) and 3.27 (results).
"""

from collections.abc import Sequence
from urllib.parse import quote

import redan
from redan.canon import Json, digest_of
from redan.reports.sarif import MOST_RESULTS, SCHEMA
from redan.scan.records import Detection, Scanned, ScanVerdict

_LEVELS = {ScanVerdict.MALICIOUS: "error", ScanVerdict.NOT_UNDERSTOOD: "warning", ScanVerdict.CLEAN: "note"}
_SEVERITIES = {"error": "9.0", "warning": "5.0", "note": "1.0"}


def as_sarif(found: Sequence[Scanned], exit_code: int) -> Json:
    """The scan as a SARIF log.

    Args:
        found: what was scanned.
        exit_code: of the command.
    """
    told = [(scanned, detection) for scanned in found for detection in scanned.detections][:MOST_RESULTS]
    rules = {detection.rule: detection for _, detection in reversed(told)}
    order = {rule: place for place, rule in enumerate(sorted(rules))}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "redan",
                        "semanticVersion": redan.__version__,
                        "rules": [_rule(rules[rule]) for rule in sorted(rules)],
                    }
                },
                "automationDetails": {"id": "redan/scan/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True, "exitCode": exit_code}],
                "artifacts": [_artifact(scanned) for scanned in found],
                "results": [_result(scanned, detection, order[detection.rule]) for scanned, detection in told],
            }
        ],
    }


def _artifact(scanned: Scanned) -> Json:
    made: dict[str, Json] = {"location": _uri(scanned.name), "length": scanned.size}
    if scanned.sha256:
        made["hashes"] = {"sha-256": scanned.sha256}
    return made


def _rule(detection: Detection) -> Json:
    level = _LEVELS[detection.verdict]
    remedy = detection.remedy or "Do not load the file."
    return {
        "id": detection.rule,
        "name": "".join(word.capitalize() for word in detection.rule.split("-")),
        "shortDescription": {"text": detection.rule.replace("-", " ").capitalize()},
        "help": {"text": remedy},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["security", "supply-chain"], "security-severity": _SEVERITIES[level]},
    }


def _result(scanned: Scanned, detection: Detection, index: int) -> Json:
    reference = f" ({detection.reference})" if detection.reference else ""
    place: dict[str, Json] = {"artifactLocation": _uri(scanned.name)}
    # A byte offset counts in the file only for the file itself; inside archives it counts in the member.
    if detection.offset is not None and not detection.member:
        place["region"] = {"byteOffset": detection.offset, "byteLength": 1}
    location: dict[str, Json] = {"physicalLocation": place}
    if detection.member:
        location["logicalLocations"] = [{"fullyQualifiedName": detection.member, "kind": "member"}]
    mark = digest_of([scanned.name, detection.rule, detection.member, detection.what])[:32]
    return {
        "ruleId": detection.rule,
        "ruleIndex": index,
        "kind": "fail" if detection.verdict is ScanVerdict.MALICIOUS else "open",
        "level": _LEVELS[detection.verdict] if detection.verdict is ScanVerdict.MALICIOUS else "none",
        "message": {"text": f"{detection.what}{reference} {detection.remedy}".strip()},
        "locations": [location],
        "partialFingerprints": {"redan/v1": mark},
        "properties": {"verdict": detection.verdict.value, "memberOffset": detection.offset, "format": scanned.format},
    }


def _uri(name: str) -> dict[str, Json]:
    return {"uri": quote(name.encode("utf-8", "surrogateescape"))}
