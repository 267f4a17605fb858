"""Open vulnerabilities, searches with gaps, statements that say nothing and searches too long ago, with their twins."""

import datetime as dt
import hashlib
import json

from redan.artifacts.history import Event, History
from redan.controls.contract import Vector
from redan.terms import Outcome

_OPEN = "AIPS-TRA-04/no-open-vulnerability-without-statement"
_RECENT = "AIPS-TRA-04/analysis-is-recent"
_CVE = "CVE-2099-20002"
_DIGEST = hashlib.sha256(b"wheel").hexdigest()
_LOCK = f"numpy==2.1.0 --hash=sha256:{_DIGEST}\npillow==11.0.0 --hash=sha256:{_DIGEST}\n"
_NOTE = "A dependency with a published hole is an open door with a map to it."
_GAP = "A search that passed over a package says nothing of it, and looks clean."
_DATE = "A search of last year does not know the holes of this year."
_HOLE = {"id": "PYSEC-2099-2", "fix_versions": ["2.1.1"], "aliases": [_CVE], "description": "overflow"}


def vectors() -> tuple[Vector, ...]:
    """Bad systems, their repaired twins, and hostile files."""
    return (*_searches(), *_stated(), *_hostile(), *_dates())


def _toml(*, statements: bool = False, every: str = "") -> bytes:
    lines = [
        f"# {_CVE} PYSEC-2099-2",
        '[system]\nname = "churn"\nstage = "training"',
        '[[model]]\nname = "m"',
        '[pipeline]\nrequirements = ["requirements.txt"]\naudit = "audit.json"',
        'statements = "vex.json"' if statements else "",
        f'audited_every = "{every}"' if every else "",
    ]
    return "\n".join([*lines, ""]).encode()


def _pip_audit(numpy: str = "2.1.0", *, pillow: bool = True, hole: bool = False) -> dict[str, object]:
    found: list[object] = [{"name": "numpy", "version": numpy, "vulns": [_HOLE] if hole else []}]
    other = {"name": "pillow", "version": "11.0.0", "vulns": []}
    found.append(other if pillow else {"name": "pillow", "skip_reason": "not found on the index"})
    return {"dependencies": found, "fixes": []}


def _case(
    name: str, outcome: Outcome, audit: object, *, note: str = _NOTE, vex: object = None, lock: str = _LOCK
) -> Vector:
    files = {
        "redan.toml": _toml(statements=vex is not None),
        "requirements.txt": lock.encode(),
        "audit.json": audit if isinstance(audit, bytes) else json.dumps(audit).encode(),
    }
    if vex is not None:
        files["vex.json"] = vex if isinstance(vex, bytes) else json.dumps(vex).encode()
    return Vector(name=name, files=files, check=_OPEN, expect=outcome, note=note, subject="pipeline")


def _osv(*, hole: bool, withdrawn: bool = False) -> dict[str, object]:
    vuln: dict[str, object] = {"id": "GHSA-aaaa-bbbb-cccc", "aliases": [_CVE], "modified": "2026-05-25T00:00:00Z"}
    if withdrawn:
        vuln["withdrawn"] = "2026-05-26T00:00:00Z"
    packages = [
        {
            "package": {"name": n, "version": v, "ecosystem": "PyPI"},
            "vulnerabilities": [vuln] if hole and n == "numpy" else [],
        }
        for n, v in (("numpy", "2.1.0"), ("pillow", "11.0.0"))
    ]
    return {"results": [{"source": {"path": "requirements.txt", "type": "lockfile"}, "packages": packages}]}


def _bom(made: str | None = "2026-05-20T10:00:00+00:00", *, hole: bool = False) -> dict[str, object]:
    components = [
        {"bom-ref": f"BomRef.{n}", "name": n, "type": "library", "version": v}
        for n, v in (("numpy", "2.1.0"), ("pillow", "11.0.0"))
    ]
    found: dict[str, object] = {"bomFormat": "CycloneDX", "specVersion": "1.4", "components": components}
    if made is not None:
        found["metadata"] = {"timestamp": made}
    if hole:
        found["vulnerabilities"] = [{"id": _CVE, "affects": [{"ref": "BomRef.numpy"}]}]
    return found


def _searches() -> tuple[Vector, ...]:
    loose, marked = "numpy>=2\n", f'{_LOCK}pywin32==308 ; sys_platform == "win32" --hash=sha256:{_DIGEST}\n'
    return (
        _case("an open vulnerability", Outcome.BROKEN, _pip_audit(hole=True)),
        _case("an open vulnerability, by an OSV scanner", Outcome.BROKEN, _osv(hole=True)),
        _case("an open vulnerability, in a CycloneDX document", Outcome.BROKEN, _bom(hole=True)),
        _case("a package was passed over", Outcome.BROKEN, _pip_audit(pillow=False), note=_GAP),
        _case("another version was searched", Outcome.BROKEN, _pip_audit("2.0.0"), note=_GAP),
        _case("nothing was searched", Outcome.BROKEN, {"dependencies": [], "fixes": []}, note=_GAP),
        _case("the lock file names no version", Outcome.BROKEN, _pip_audit(), lock=loose, note=_GAP),
        _case("an editable requirement", Outcome.BROKEN, _pip_audit(), lock=_LOCK + "-e .\n", note=_GAP),
        _case("a package of another platform", Outcome.NOT_RUN, _pip_audit(), lock=marked, note=_GAP),
        _case("everything searched, nothing found", Outcome.HOLDS, _pip_audit("2.1")),
        _case("everything searched by an OSV scanner", Outcome.HOLDS, _osv(hole=False)),
        _case("the advisory was withdrawn", Outcome.HOLDS, _osv(hole=True, withdrawn=True)),
        _case("a clean CycloneDX document of pip-audit", Outcome.HOLDS, _bom()),
    )


def _vex(status: str = "not_affected", reason: str | None = "vulnerable_code_not_present", **more: object) -> object:
    statement = {
        "vulnerability": {"name": more.get("about", _CVE)},
        "products": [{"@id": "pkg:generic/churn@1", "subcomponents": [{"@id": more.get("product", "pkg:pypi/numpy")}]}],
        "status": status,
        **({"justification": reason} if reason else {}),
    }
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.org/vex-2",
        "author": "security team",
        "timestamp": more.get("made", "2026-05-20T12:00:00Z"),
        "version": 1,
        "statements": [statement],
    }


def _cyclonedx_vex(state: str) -> object:
    analysis = {"state": state, "justification": "code_not_reachable", "lastUpdated": "2026-05-20T12:00:00Z"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "vulnerabilities": [{"id": _CVE, "analysis": analysis, "affects": [{"ref": "pkg:pypi/numpy@2.1.0"}]}],
    }


def _stated() -> tuple[Vector, ...]:
    audit = _pip_audit(hole=True)
    note = "A statement without a reason is a wish; the hole stays open."
    broken, holds = Outcome.BROKEN, Outcome.HOLDS
    return (
        _case("a statement without a justification", broken, audit, vex=_vex(reason=None), note=note),
        _case("a justification that is none", broken, audit, vex=_vex(reason="trust_me"), note=note),
        _case("a statement that it applies", broken, audit, vex=_vex("affected"), note=note),
        _case("a statement that it is looked into", broken, audit, vex=_vex("under_investigation"), note=note),
        _case("a statement that it is fixed", broken, audit, vex=_vex("fixed"), note=note),
        _case("a statement on another vulnerability", broken, audit, vex=_vex(about="CVE-2099-3"), note=note),
        _case("a statement on another package", broken, audit, vex=_vex(product="pkg:pypi/scipy"), note=note),
        _case("a statement on another version", broken, audit, vex=_vex(product="pkg:pypi/numpy@2.0"), note=note),
        _case("a statement of last year", broken, audit, vex=_vex(made="2025-05-20T12:00:00Z"), note=note),
        _case("a statement of next year", broken, audit, vex=_vex(made="2027-05-20T12:00:00Z"), note=note),
        _case("a CycloneDX statement in triage", broken, audit, vex=_cyclonedx_vex("in_triage"), note=note),
        _case("a justified statement", holds, audit, vex=_vex(), note=note),
        _case("a justified CycloneDX statement", holds, audit, vex=_cyclonedx_vex("not_affected"), note=note),
    )


def _hostile() -> tuple[Vector, ...]:
    note = "What cannot be read was not searched."
    twice = b'{"dependencies": [], "dependencies": [{"name": "numpy", "version": "2.1.0", "vulns": []}]}'
    sbom = {**_bom(), "metadata": {"timestamp": "2026-05-20T10:00:00Z", "tools": []}}
    return (
        _case("a result that is no JSON", Outcome.NOT_RUN, b"Found 0 vulnerabilities", note=note),
        _case("a key that stands twice", Outcome.NOT_RUN, twice, note=note),
        _case("a result nested too deeply", Outcome.NOT_RUN, b"[" * 9000 + b"]" * 9000, note=note),
        _case("a bill of materials that was never searched", Outcome.NOT_RUN, sbom, note=note),
        _case("statements that are no JSON", Outcome.BROKEN, _pip_audit(hole=True), vex=b"all fine", note=note),
    )


def _dates() -> tuple[Vector, ...]:
    def case(name: str, outcome: Outcome, audit: object, every: str = "", seen: dt.date | None = None) -> Vector:
        data = json.dumps(audit).encode()
        files = {"redan.toml": _toml(every=every), "requirements.txt": _LOCK.encode(), "audit.json": data}
        events = () if seen is None else (_seen(seen, data),)
        return Vector(
            name=name,
            files=files,
            check=_RECENT,
            expect=outcome,
            note=_DATE,
            subject="pipeline",
            history=History(events),
        )

    return (
        case("a search of two months ago", Outcome.BROKEN, _bom("2026-04-01T00:00:00Z")),
        case("an agreed interval that has passed", Outcome.BROKEN, _bom(), every="7 days"),
        case("a search dated in the future", Outcome.BROKEN, _bom("2026-08-01T00:00:00Z")),
        case("dated after the ledger knew it", Outcome.BROKEN, _bom("2026-05-30T00:00:00Z"), seen=dt.date(2026, 5, 2)),
        case("no date, known for two months", Outcome.BROKEN, _pip_audit(), seen=dt.date(2026, 4, 1)),
        case("no date, seen for the first time", Outcome.NOT_RUN, _pip_audit(), seen=dt.date(2026, 6, 1)),
        case("a search of twelve days ago", Outcome.HOLDS, _bom()),
        case("a longer interval was agreed", Outcome.HOLDS, _bom("2026-04-01T00:00:00Z"), every="3 months"),
        case("no date, but a recent advisory", Outcome.HOLDS, _osv(hole=True), seen=dt.date(2026, 5, 30)),
    )


def _seen(day: dt.date, data: bytes) -> Event:
    at = dt.datetime.combine(day, dt.time(9), tzinfo=dt.UTC)
    return Event(kind="described", at=at, key="pipeline.audit", digest=hashlib.sha256(data).hexdigest())
