"""Whether loading a model's files would run code, said without loading them."""

from collections.abc import Iterable, Iterator

from redan.artifacts.model_scan import ModelScan
from redan.controls.a_mlsg_001.n002_no_pretrained_model_of_unknown_provenance.pretrained import model_of
from redan.controls.contract import Have, Subject
from redan.findings import Finding, Remedy, broken, holds
from redan.scan.records import Detection, Scanned, ScanVerdict
from redan.system.system import System
from redan.terms import Level

NO_CODE = "A-MLSG-001-N002/loading-runs-no-code"
_TEXT = frozenset({"text", "empty"})  # no loader of models reads these: source code, notes


def each_model_file(system: System) -> Iterable[Subject]:
    """Every model that has a file, whoever made it."""
    return tuple(Subject(f"model:{m.name}", (f"model:{m.name}",)) for m in system.models if m.path)


def no_code(have: Have) -> Iterator[Finding]:
    """One answer per file: clean, or the rule that it breaks with member and byte."""
    found = have.get(ModelScan, have.subject.id)
    yield _answer(have, found.model)
    for scanned in found.config:
        if scanned.format not in _TEXT or scanned.verdict is ScanVerdict.MALICIOUS:
            yield _answer(have, scanned)
    for scanned in found.beside:  # pictures and tables lie in bundles too; only what a loader of models reads counts
        known = scanned.format not in {*_TEXT, "unknown"} and scanned.verdict is not ScanVerdict.CLEAN
        if known or scanned.verdict is ScanVerdict.MALICIOUS:
            yield _answer(have, scanned)


def _answer(have: Have, scanned: Scanned) -> Finding:
    model = model_of(have)
    part = "" if scanned.name == model.path else scanned.name
    if scanned.verdict is ScanVerdict.CLEAN:
        text = (
            f"File {scanned.name} of model {model.name} ({scanned.format}) holds nothing that runs when it is loaded."
        )
        return holds(NO_CODE, have.subject.id, text, part=part)
    worst = [d for d in scanned.detections if d.verdict is scanned.verdict]
    first = _said(worst[0]) if worst else next(iter(scanned.unread), "it was not read whole")
    others = f", and {len(worst) - 1} further places" if len(worst) > 1 else ""
    what = "can run code when it is loaded" if scanned.verdict is ScanVerdict.MALICIOUS else "was not understood whole"
    text = f"File {scanned.name} of model {model.name} ({scanned.format}) {what}: {first}{others}."
    return broken(NO_CODE, have.subject.id, text, _remedy(worst, scanned), part=part)


def _said(detection: Detection) -> str:
    member = f" of member {detection.member}" if detection.member else ""
    at = "" if detection.offset is None else f" at byte {detection.offset:,}{member}"
    reference = f" ({detection.reference})" if detection.reference else ""
    return f"rule {detection.rule}{at or member}, {detection.what.rstrip('.')}{reference}"


def _remedy(worst: list[Detection], scanned: Scanned) -> Remedy:
    own = next((d.remedy for d in worst if d.remedy), "")
    text = own or "Do not load the file; ask its maker for ONNX, safetensors or skops."
    return Remedy(text=text, command=f"redan scan {scanned.name}", effort=Level.MEDIUM)
