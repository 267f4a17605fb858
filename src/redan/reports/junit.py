"""JUnit XML: one suite per control, one case per finding, for the test tabs of CI systems.

Source: the schema of the Apache Ant JUnit task as CI systems read it; there is no official standard.
"""

import re
import xml.etree.ElementTree as ET

from redan.gating import JudgedFinding, Row
from redan.reports.material import Material
from redan.terms import Outcome

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(material: Material) -> bytes:
    """All findings as test cases: broken fails, required but unanswered errs, waived or not applicable skips."""
    suites = ET.Element("testsuites", name=_clean(material.system.about.name))
    seconds = {cost.check: cost.wall_s for cost in material.results.costs}
    for row in material.judgement.rows:
        suite = ET.SubElement(suites, "testsuite", name=f"{row.control_id} {row.title}")
        for judged in row.findings:
            _case(suite, row, judged, seconds.get(judged.finding.check, 0.0))
        _count(suite)
    _count(suites)
    ET.indent(suites)
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + ET.tostring(suites, encoding="unicode").encode() + b"\n"


def _case(suite: ET.Element, row: Row, judged: JudgedFinding, wall_s: float) -> None:
    finding = judged.finding
    name = finding.check.partition("/")[2] + f" [{finding.subject}{' ' + finding.part if finding.part else ''}]"
    case = ET.SubElement(suite, "testcase", classname=row.control_id, name=_clean(name), time=f"{wall_s:.3f}")
    if finding.location is not None:
        case.set("file", _clean(finding.location.file))
        case.set("line", str(finding.location.line))
    tag = _tag(judged)
    if tag is None:
        return
    state = "waived" if judged.waiver else "known" if judged.known else finding.outcome.value
    mark = ET.SubElement(case, tag, message=_clean(f"{state}: {finding.message}"))
    if finding.remedy is not None and tag != "skipped":
        mark.text = _clean("\n".join(filter(None, (finding.remedy.text, finding.remedy.command))))


def _tag(judged: JudgedFinding) -> str | None:
    match judged.finding.outcome:
        case Outcome.HOLDS:
            return None
        case Outcome.BROKEN:
            return "skipped" if judged.accepted else "failure"
        case Outcome.ERROR:
            return "error"
        case Outcome.NOT_RUN | Outcome.STALE:
            return "error" if judged.required else "skipped"
        case Outcome.NOT_APPLICABLE:
            return "skipped"


def _count(element: ET.Element) -> None:
    element.set("tests", str(len(element.findall(".//testcase"))))
    element.set("failures", str(len(element.findall(".//failure"))))
    element.set("errors", str(len(element.findall(".//error"))))
    element.set("skipped", str(len(element.findall(".//skipped"))))


def _clean(text: str) -> str:
    """Text without the characters that XML 1.0 (section 2.2) cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
