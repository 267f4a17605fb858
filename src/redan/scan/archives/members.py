"""Names of archive members: those that leave the folder, mislead a reader or a person, or stand twice."""

import re
from collections.abc import Iterator

from redan.scan.records import Detection, ScanVerdict
from redan.scan.router import shortened

_DRIVE = re.compile(r"[A-Za-z]:")
_LONGEST = 4096
_REMEDY = "Do not unpack it; ask its maker for an archive with plain relative names."


def judged_name(name: str, place: str, offset: int) -> Iterator[Detection]:
    """Detections about one name.

    Args:
        name: as the archive gives it.
        place: of the archive.
        offset: of the header that gives it.
    """
    parts = re.split(r"[/\\]", name)
    if ".." in parts:
        yield _named(name, "climbs out of the folder it is unpacked into", place, offset, "CWE-22", malicious=True)
    elif name.startswith(("/", "\\")) or _DRIVE.match(name):
        yield _named(name, "is absolute", place, offset, "CWE-36")
    if any(not c.isprintable() for c in name):
        yield _named(
            name, "holds characters that cannot be seen; readers cut or show it differently", place, offset, "CWE-158"
        )
    elif "\\" in name:
        yield _named(name, "holds backslashes, which some systems read as folders", place, offset, "CWE-41")
    if len(name) > _LONGEST:
        yield _named(name, "is longer than any system allows", place, offset, "CWE-20")


def judged_link(name: str, target: str, place: str, offset: int) -> Detection:
    """A detection about a link: one that leaves the archive's folder is an attack, any other is not followed."""
    parts = re.split(r"[/\\]", target)
    depth, lowest = len([p for p in re.split(r"[/\\]", name)[:-1] if p not in {"", "."}]), 0
    for part in parts:
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        lowest = min(lowest, depth)
    leaves = lowest < 0 or target.startswith(("/", "\\")) or _DRIVE.match(target) is not None
    what = f"is a link to {shortened(target)!r}" + (", outside the archive" if leaves else "")
    return _named(name, what, place, offset, "CWE-59", malicious=leaves)


def _named(name: str, what: str, place: str, offset: int, reference: str, *, malicious: bool = False) -> Detection:
    return Detection(
        rule="archive-link" if "link to" in what else "archive-name",
        verdict=ScanVerdict.MALICIOUS if malicious else ScanVerdict.NOT_UNDERSTOOD,
        what=f"The member {shortened(name)!r} {what}.",
        member=place,
        offset=offset,
        reference=reference,
        remedy=_REMEDY,
    )
