"""A static security analyser over pipeline code: Bandit's rules, on exactly the bytes that were read.

Bandit runs in this process, without configuration, profile or baseline, and without honouring `nosec`: a file must not
be able to declare itself clean. It parses; it imports nothing of what it reads. Why it: docs/adr/0025-pipeline-code.md.
"""

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

from redan.errors import MissingExtraError
from redan.measures.code.source import Source

Rank = Literal["LOW", "MEDIUM", "HIGH"]
_RANKS: tuple[Rank, ...] = ("LOW", "MEDIUM", "HIGH")
_NOSEC = re.compile(r"#\s*nosec\b", re.IGNORECASE)
_COOKIE = re.compile(r"\A((?:[^\n]*\n)?[ \t\f]*#[^\n]*?)coding([:=])")  # PEP 263
_TEXT_LIMIT = 200


class Issue(NamedTuple):
    """One thing that the analyser says.

    Args:
        rule: its id, such as `B602`.
        name: its short name, such as `subprocess_popen_with_shell_equals_true`.
        text: what the rule is about; quotes nothing of the code.
        severity: how bad it is, by the analyser's word.
        confidence: how sure it is.
        cwe: number of the weakness; 0 when it names none.
        line: in the file, from 1.
        mark: of the line's text, see `Source.mark`.
    """

    rule: str
    name: str
    text: str
    severity: str
    confidence: str
    cwe: int
    line: int
    mark: str


class Analysed(NamedTuple):
    """What the analyser made of one file.

    Args:
        issues: at or above the thresholds, by line.
        below: how many it says below them.
        suppressions: comments that ask it to look away; they were not honoured.
    """

    issues: tuple[Issue, ...]
    below: int
    suppressions: int


def analyse(source: Source, *, severity: Rank = "MEDIUM", confidence: Rank = "MEDIUM") -> Analysed:
    """Bandit's findings in one file.

    Args:
        source: parsed.
        severity: the least that counts.
        confidence: the least that counts.

    Raises:
        MissingExtraError: Bandit is not installed.
        ValueError: it could not finish with the file, so nothing it says of it counts.
    """
    found = [_issue(source, raw) for raw in _raw(source)]
    kept = [i for i in found if _reaches(i.severity, severity) and _reaches(i.confidence, confidence)]
    unique = {(i.line, i.rule): i for i in kept}
    return Analysed(
        issues=tuple(unique[key] for key in sorted(unique)),
        below=len(found) - len(kept),
        suppressions=len(_NOSEC.findall(source.text)),
    )


def _reaches(found: str, least: Rank) -> bool:
    return found not in _RANKS or _RANKS.index(found) >= _RANKS.index(least)


def _raw(source: Source) -> list[object]:
    head = _COOKIE.sub(r"\1coded\2", source.text, count=1)  # the text is decoded already
    data = head.encode("utf-8", "surrogatepass")
    with _quiet():
        try:
            from bandit.core.config import BanditConfig
            from bandit.core.manager import BanditManager
        except ImportError as error:
            raise MissingExtraError("code", "bandit") from error
        # debug: a rule that raises is passed over silently without it, and a file could make one raise
        manager = BanditManager(BanditConfig(), "file", debug=True, ignore_nosec=True)
        manager._parse_file(source.name, io.BytesIO(data), [source.name])  # noqa: SLF001 -- its only door for bytes
    if manager.skipped:
        raise ValueError("could not be analysed to its end")
    return list(manager.results)


def _issue(source: Source, raw: object) -> Issue:
    about = vars(raw)
    number = about["lineno"] if isinstance(about["lineno"], int) else 1
    rule = str(about["test_id"])
    return Issue(
        rule=rule,
        name=str(about["test"]),
        text=_said(rule, str(about["text"])),
        severity=str(about["severity"]),
        confidence=str(about["confidence"]),
        cwe=int(about["cwe"].id),
        line=source.line(number),
        mark=source.mark(number),
    )


def _said(rule: str, text: str) -> str:
    """The rule's own words; those that quote the code, such as a password, are left out."""
    if rule in {"B105", "B106", "B107"}:
        return "a password stands in the code"
    return " ".join(text.split())[:_TEXT_LIMIT].rstrip(".")


@contextmanager
def _quiet() -> Iterator[None]:
    # the analyser logs places and pieces of what it reads, and parsing warns of the code's own escapes
    loggers = [logging.getLogger(name) for name in ("bandit", "stevedore")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
