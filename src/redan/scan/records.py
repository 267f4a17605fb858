"""What a scan says: a verdict per file, and detections that name the bytes behind it."""

from dataclasses import dataclass
from enum import StrEnum

from redan.canon import Json


class ScanVerdict(StrEnum):
    """Default-deny: only what was read whole and understood whole is clean."""

    CLEAN = "clean"
    NOT_UNDERSTOOD = "not-understood"
    MALICIOUS = "malicious"


_WORST_LAST = (ScanVerdict.CLEAN, ScanVerdict.NOT_UNDERSTOOD, ScanVerdict.MALICIOUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One place in a file that can run, reach out, mislead, or that nobody understood.

    Args:
        rule: kebab-case name of the rule, such as `pickle-global`.
        verdict: what it makes of the file; `clean` for advice that changes nothing.
        what: one plain sentence; names as the file gives them are shortened and escaped, never raw values.
        member: path inside nested archives joined by `!`; the empty string for the file itself.
        offset: of the byte, in that member as it is after decompression; None when the fault has no place.
        reference: CVE, GHSA, CWE or clause; the empty string when there is none.
        remedy: one sentence.
    """

    rule: str
    verdict: ScanVerdict
    what: str
    member: str = ""
    offset: int | None = None
    reference: str = ""
    remedy: str = ""

    def to_json(self) -> dict[str, Json]:
        """The detection as `redan scan --format json` writes it."""
        return {
            "rule": self.rule,
            "verdict": self.verdict.value,
            "what": self.what,
            "member": self.member,
            "offset": self.offset,
            "reference": self.reference,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What a scan says of one file.

    Args:
        name: as the caller gave it.
        format: name of the outermost format, such as `pytorch-zip`; `unknown` when no reader knows it.
        sha256: of exactly the bytes that were examined; empty when the file could not be read.
        size: bytes.
        detections: in the order of their places.
        unread: what was not examined, and why; not empty means not clean.
    """

    name: str
    format: str
    sha256: str
    size: int
    detections: tuple[Detection, ...]
    unread: tuple[str, ...] = ()

    @property
    def verdict(self) -> ScanVerdict:
        """The worst of all detections; what was not read is not understood."""
        found = [d.verdict for d in self.detections] + ([ScanVerdict.NOT_UNDERSTOOD] if self.unread else [])
        return max(found, key=_WORST_LAST.index, default=ScanVerdict.CLEAN)

    def to_json(self) -> dict[str, Json]:
        """The file's part of `redan scan --format json`."""
        return {
            "name": self.name,
            "format": self.format,
            "sha256": self.sha256,
            "size": self.size,
            "verdict": self.verdict.value,
            "detections": [d.to_json() for d in self.detections],
            "unread": list(self.unread),
        }
