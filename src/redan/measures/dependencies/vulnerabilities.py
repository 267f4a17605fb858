"""What a search for known vulnerabilities leaves open, and what of the lock files it did not look at."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from redan.measures.dependencies.audit import Audit, Match, Searched
from redan.measures.dependencies.pins import Pin
from redan.measures.dependencies.statements import Statement, why_open


class Open(NamedTuple):
    """A vulnerability that is neither fixed nor justified, with the reason as a clause."""

    match: Match
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of the lock files a search looked at.

    Args:
        pinned: distributions with an exact version.
        unsearched: those that the search did not look up in that version.
        elsewhere: those that it did not look up, and that are installed on some platforms or Pythons only.
        unpinned: names without an exact version: nobody can say which one was looked up.
    """

    pinned: int
    unsearched: tuple[Searched, ...]
    elsewhere: tuple[Searched, ...]
    unpinned: tuple[str, ...]


def coverage(pins: Iterable[Pin], audit: Audit) -> Coverage:
    """How much of the lock files a search looked at.

    A distribution that a marker pins in several versions counts as looked up when one of them was: which one applies
    is known on the machine only.

    Args:
        pins: of all lock files.
        audit: the result of the search.
    """
    dependencies = [pin for pin in pins if not pin.own]
    exact = {(Searched(p.name, p.version), p.conditional) for p in dependencies if p.version is not None}
    missing = {entry for entry in exact if entry[0] not in audit.searched}
    firm = {package for package, conditional in missing if not conditional}
    seen = {package.name for package, conditional in exact if conditional and package in audit.searched}
    loose = {p for p, conditional in missing if conditional and p.name not in seen} - firm
    return Coverage(
        pinned=len({package for package, _ in exact}),
        unsearched=tuple(sorted(firm)),
        elsewhere=tuple(sorted(loose)),
        unpinned=tuple(sorted({p.name for p in dependencies if p.version is None})),
    )


def open_vulnerabilities(
    audit: Audit,
    statements: Iterable[Statement],
    pins: Iterable[Pin],
    *,
    product: str,
    now: dt.datetime,
) -> tuple[Open, ...]:
    """The vulnerabilities that are neither fixed nor justified.

    Matches of a version that no lock file pins any more are left out; those of distributions that no lock file names
    count, since the search found them installed.

    Args:
        audit: the result of the search.
        statements: on vulnerabilities that do not apply.
        pins: of all lock files.
        product: name of the product, for statements about it as a whole.
        now: UTC.
    """
    said = tuple(statements)
    versions: dict[str, set[str | None]] = {}
    for pin in pins:
        versions.setdefault(pin.name, set()).add(pin.version)
    return tuple(
        Open(match, why)
        for match in audit.matches
        if match.package.name not in versions
        or match.package.version in versions[match.package.name]
        or None in versions[match.package.name]
        if (why := why_open(match, said, product=product, now=now)) is not None
    )
