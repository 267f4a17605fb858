"""What the versions of installed loaders mean for a file: a table of published faults, never an excuse for a file.

A file can be clean and its loader still be broken: CVE-2025-32434 ran code through `weights_only=True`.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from redan.scan.records import Detection, ScanVerdict

_PART = re.compile(r"\d+|[a-z]+")
_BEFORE_RELEASE = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "rc": -1, "c": -1, "pre": -1}
_AFTER_RELEASE = {"post", "rev", "r"}
_END = 1  # what stands for the parts that a version does not have: as good as 0, more than any word
_PARTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One published fault of a loader.

    Args:
        package: distribution name.
        fixed: first version without it; the empty string when no version has a fix.
        reference: CVE or GHSA.
        formats: names of the formats whose files reach it.
        what: one sentence.
    """

    package: str
    fixed: str
    reference: str
    formats: tuple[str, ...]
    what: str


@cache
def faults() -> tuple[Fault, ...]:
    """The table, in the order of the data file."""
    table = tomllib.loads(files("redan.scan").joinpath("advice.toml").read_text(encoding="utf-8"))
    return tuple(
        Fault(
            package=row["package"],
            fixed=row["fixed"],
            reference=row["reference"],
            formats=tuple(row["formats"]),
            what=row["what"],
        )
        for row in table["fault"]
    )


def packages() -> tuple[str, ...]:
    """Distribution names whose installed versions `advice` wants to know."""
    return tuple(sorted({f.package for f in faults()}))


def advice(format: str, installed: Mapping[str, str]) -> tuple[Detection, ...]:  # noqa: A002 -- the word of the records
    """What to update before a file of this format is loaded here.

    Args:
        format: name of the file's format, as the scan gives it.
        installed: version by distribution name, of the loaders that are installed.

    Returns:
        Detections of verdict clean, worst first as the table lists them; empty when no installed loader is affected.
    """
    return tuple(
        Detection(
            rule="loader-version",
            verdict=ScanVerdict.CLEAN,
            what=f"The installed {f.package} {installed[f.package][:40]} has a published fault: {f.what}",
            reference=f.reference,
            remedy=_remedy(f),
        )
        for f in faults()
        if format in f.formats and f.package in installed and (not f.fixed or older(installed[f.package], f.fixed))
    )


def _remedy(fault: Fault) -> str:
    if not fault.fixed:
        return f"No release of {fault.package} fixes it: do not load files of others with it."
    return f"Update {fault.package} to {fault.fixed} or later before loading the file."


def older(version: str, than: str) -> bool:
    """Whether a version comes before another, in the order of PEP 440 as far as loaders use it.

    Args:
        version: such as `2.5.1+cpu`; a local part after `+` does not count.
        than: such as `2.6.0`.

    Returns:
        True also for a pre-release of `than`; False when both are the same.
    """
    return _order(version) < _order(than)


def _order(version: str) -> tuple[int, ...]:
    """Numbers that compare as versions do: a word such as rc sorts before the end, the number of a `post` after it."""
    words = [w for w in _PART.findall(version.lower().partition("+")[0].removeprefix("v")) if w not in _AFTER_RELEASE]
    numbers = [int(w[:9]) + _END if w.isdigit() else _BEFORE_RELEASE.get(w, 0) for w in words[:_PARTS]]
    return tuple(numbers + [_END] * (_PARTS - len(numbers)))
