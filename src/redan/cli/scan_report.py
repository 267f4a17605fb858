"""What `redan scan` prints: the worst files first for people, everything for programs."""

from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import TYPE_CHECKING

from redan.canon import Json, digest_of
from redan.cli.page import bytes_in_words
from redan.errors import escaped
from redan.findings import Finding, Remedy
from redan.scan import Detection, Scanned, ScanVerdict
from redan.scan.advice import advice, packages
from redan.terms import Level, Outcome

if TYPE_CHECKING:
    from rich.console import Console

CHECK = "A-MLSG-001-N002/loading-runs-no-code"
_WORST_FIRST = (ScanVerdict.MALICIOUS, ScanVerdict.NOT_UNDERSTOOD, ScanVerdict.CLEAN)
_OUTCOMES: Mapping[ScanVerdict, Outcome] = MappingProxyType(
    {
        ScanVerdict.MALICIOUS: Outcome.BROKEN,
        ScanVerdict.NOT_UNDERSTOOD: Outcome.NOT_RUN,
        ScanVerdict.CLEAN: Outcome.HOLDS,
    }
)
_STYLES: Mapping[ScanVerdict, str] = MappingProxyType(
    {
        ScanVerdict.MALICIOUS: "bold red",
        ScanVerdict.NOT_UNDERSTOOD: "yellow",
        ScanVerdict.CLEAN: "green",
    }
)
_SHOWN = 8  # detections of one file in the text; programs get all


def verdict_of(found: list[Scanned]) -> ScanVerdict:
    """The worst verdict of all files; nothing scanned is not understood."""
    verdicts = {scanned.verdict for scanned in found}
    return next((verdict for verdict in _WORST_FIRST if verdict in verdicts), ScanVerdict.NOT_UNDERSTOOD)


def as_json(found: list[Scanned]) -> dict[str, Json]:
    """Everything, schema `redan/scan/v1`."""
    return {
        "schema": "redan/scan/v1",
        "verdict": verdict_of(found).value,
        "counts": {verdict.value: count for verdict, count in _counts(found).items()},
        "files": [scanned.to_json() for scanned in found],
        "findings": [finding.to_json() for scanned in found for finding in findings_of(scanned)],
        "advice": [detection.to_json() for detection in advised(found)],
    }


def findings_of(scanned: Scanned) -> Iterator[Finding]:
    """A file's detections in the schema of `redan check`; one that holds when there is none.

    Args:
        scanned: one file.
    """
    subject = f"file:{scanned.name}"
    told = [d for d in scanned.detections if d.verdict is not ScanVerdict.CLEAN]
    if not told and scanned.verdict is ScanVerdict.CLEAN:
        message = f"The file ({scanned.format}) holds nothing that runs when it is loaded."
        yield Finding(check=CHECK, subject=subject, outcome=Outcome.HOLDS, message=message, detail=_detail(scanned))
    for detection in told:
        yield Finding(
            check=CHECK,
            subject=subject,
            outcome=_OUTCOMES[detection.verdict],
            message=detection.what,
            part=_part(detection),
            remedy=Remedy(text=detection.remedy or "Do not load the file.", effort=Level.MEDIUM),
            detail={**_detail(scanned), **detection.to_json()},
        )


def _part(detection: Detection) -> str:
    """Tells apart the detections of one file: rule, member, and a few digits of what they say and where."""
    mark = digest_of([detection.member, detection.what, detection.offset or 0])[:8]
    return ":".join(part for part in (detection.rule, detection.member, mark) if part)


def _detail(scanned: Scanned) -> dict[str, Json]:
    return {"format": scanned.format, "sha256": scanned.sha256, "size": scanned.size}


def advised(found: list[Scanned]) -> list[Detection]:
    """What to update here before one of the files is loaded."""
    installed: dict[str, str] = {}
    for package in packages():
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    formats = sorted({scanned.format for scanned in found})
    return list(dict.fromkeys(told for name in formats for told in advice(name, installed)))


def _counts(found: list[Scanned]) -> dict[ScanVerdict, int]:
    counts = Counter(scanned.verdict for scanned in found)
    return {verdict: counts[verdict] for verdict in _WORST_FIRST}


def draw(found: list[Scanned], console: "Console", *, quiet: bool = False) -> None:
    """The report for people: files with something to say, worst first, then one line that counts.

    Args:
        found: what was scanned.
        console: where.
        quiet: leave out files that are clean.
    """
    from rich.padding import Padding
    from rich.text import Text

    for scanned in sorted(found, key=lambda s: _WORST_FIRST.index(s.verdict)):
        if quiet and scanned.verdict is ScanVerdict.CLEAN:
            continue
        head = Text(f"{_word(scanned.verdict):<15}", style=_STYLES[scanned.verdict])
        head.append(escaped(scanned.name), style="bold" if scanned.detections else "")
        head.append(f"  {scanned.format}, {bytes_in_words(scanned.size)}", style="dim")
        console.print(head, soft_wrap=True)
        for line, style in _told(scanned):
            console.print(Padding(Text(line, style=style), (0, 0, 0, 15)))
    for detection in advised(found):
        console.print(Text(f"{'advice':<15}{detection.what} ({detection.reference})", style="dim"), soft_wrap=True)
    if not quiet or verdict_of(found) is not ScanVerdict.CLEAN:
        console.print(Text(_summary(found), style=_STYLES[verdict_of(found)]))


def _told(scanned: Scanned) -> Iterator[tuple[str, str]]:
    """Lines about one file: each detection with its place, each remedy once."""
    worst = sorted(scanned.detections, key=lambda d: _WORST_FIRST.index(d.verdict))
    for detection in worst[:_SHOWN]:
        place = ", ".join(part for part in (detection.member, _at(detection)) if part)
        reference = f" ({detection.reference})" if detection.reference else ""
        yield (
            f"{escaped(place)}: {escaped(detection.what)}{reference}"
            if place
            else f"{escaped(detection.what)}{reference}",
            "",
        )
    if len(worst) > _SHOWN:
        yield f"and {len(worst) - _SHOWN:,} more, which --format json lists", "dim"
    if worst and worst[0].remedy:
        yield f"Fix: {escaped(worst[0].remedy)}", "dim"


def _at(detection: Detection) -> str:
    return "" if detection.offset is None else f"byte {detection.offset:,}"


def _summary(found: list[Scanned]) -> str:
    if not found:
        return "No file was scanned."
    counts = ", ".join(f"{count:,} {_word(verdict)}" for verdict, count in _counts(found).items() if count)
    size = bytes_in_words(sum(scanned.size for scanned in found))
    return f"{len(found):,} {'file' if len(found) == 1 else 'files'}, {size}: {counts}."


def _word(verdict: ScanVerdict) -> str:
    return verdict.value.replace("-", " ")
