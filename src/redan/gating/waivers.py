"""Waivers: a finding that somebody answers for until a day, and never for longer than half a year."""

import datetime as dt
import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from redan.canon import digest
from redan.errors import ConfigError, InputError, steering
from redan.files import TEXT_LIMIT_BYTES, read_bounded
from redan.system.lines import KeyPath, NotTomlError, locate

LONGEST_DAYS = 180
_TEXT_LIMIT_CHARS = 4000
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")
_CONTROL = re.compile(r"[A-Za-z0-9-]{1,80}")
_TEXTS = ("fingerprint", "reason", "owner", "control")
_DAYS = ("expires", "granted")
_MANDATORY = ("fingerprint", "reason", "owner", "expires")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One accepted finding.

    Args:
        fingerprint: of the finding, 32 hex digits.
        reason: why it is accepted.
        owner: who answers for it.
        expires: the last day on which it counts.
        control: the finding's control, for the reader; it must agree when given.
        granted: the day from which the 180 days count; today when None.
        where: `file:line` of the entry.
    """

    fingerprint: str
    reason: str
    owner: str
    expires: dt.date
    where: str
    control: str | None = None
    granted: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Waivers:
    """All entries of a waiver file, and the digest of its bytes for the policy document."""

    entries: tuple[Waiver, ...] = ()
    sha256: str | None = None


def read_waivers(path: Path, now: dt.date, *, name: str | None = None) -> Waivers:
    """The waivers in a file, all of it checked before the first check starts.

    Args:
        path: the file.
        now: today, in UTC.
        name: what messages call the file; its path when None.

    Returns:
        The entries in the order of the file; expired ones are kept, the gate says what they mean.

    Raises:
        ConfigError: the file is absent, is not TOML, or an entry is wrong; names file and line.
    """
    called = name or str(path)
    try:
        data = read_bounded(path, TEXT_LIMIT_BYTES)
        text = data.decode()
    except InputError as error:
        raise ConfigError(error.what, where=called, remedy=error.remedy) from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError("is not UTF-8", where=f"{called}:{line}", remedy="save it as UTF-8") from error
    return Waivers(_parse(text, now, called), digest(data))


def _parse(text: str, now: dt.date, called: str) -> tuple[Waiver, ...]:
    try:
        lines = locate(text)
        document = tomllib.loads(text)
    except NotTomlError as error:
        raise ConfigError(
            error.what or _grammar_fault(text), where=f"{called}:{error.line}", remedy="correct that line"
        ) from error
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        raise ConfigError(f"is not TOML: {error}", where=called, remedy="correct it") from error
    for key in document:
        if key != "waiver":
            _wrong(f"unknown key {key!r}", called, lines, (key,), "the file holds [[waiver]] tables only")
    entries = document.get("waiver", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        _wrong("'waiver' is not an array of tables", called, lines, ("waiver",), "write [[waiver]]")
    waivers = tuple(_Reader(called, lines, index, entry).read(now) for index, entry in enumerate(entries))
    seen: set[str] = set()
    for waiver in waivers:
        if waiver.fingerprint in seen:
            raise ConfigError("the fingerprint is waived twice", where=waiver.where, remedy="remove one entry")
        seen.add(waiver.fingerprint)
    return waivers


def _grammar_fault(text: str) -> str:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        return f"is not TOML: {str(error).partition(' (at ')[0]}"
    return "is not TOML"


def _wrong(what: str, called: str, lines: Mapping[KeyPath, int], path: KeyPath, remedy: str) -> NoReturn:
    line = next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), 1)
    raise ConfigError(what, where=f"{called}:{line}", remedy=remedy)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one `[[waiver]]` table."""

    called: str
    lines: Mapping[KeyPath, int]
    index: int
    entry: Mapping[str, object]

    def read(self, now: dt.date) -> Waiver:
        for key in self.entry:
            if key not in (*_TEXTS, *_DAYS):
                close = difflib.get_close_matches(key[:100], (*_TEXTS, *_DAYS), n=1)
                advice = f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join((*_TEXTS, *_DAYS))}"
                self._wrong(f"unknown key {key!r}", key, advice)
        for key in _MANDATORY:
            if key not in self.entry:
                self._wrong(f"the waiver has no {key!r}", key, "a waiver needs fingerprint, reason, owner and expires")
        waiver = Waiver(
            fingerprint=self._matching("fingerprint", _FINGERPRINT, "a fingerprint is 32 lower-case hex digits"),
            reason=self._text("reason"),
            owner=self._text("owner"),
            expires=self._day("expires"),
            control=self._matching("control", _CONTROL, "a control id is letters, digits and '-'")
            if "control" in self.entry
            else None,
            granted=self._day("granted") if "granted" in self.entry else None,
            where=f"{self.called}:{self.lines.get(('waiver', self.index), 1)}",
        )
        self._check_span(waiver, now)
        return waiver

    def _check_span(self, waiver: Waiver, now: dt.date) -> None:
        start = waiver.granted or now
        if start > now:
            self._wrong(f"granted on {start}, which is not yet", "granted", "give the day of the decision")
        if waiver.granted is not None and waiver.expires < waiver.granted:
            self._wrong("expires before it is granted", "expires", "exchange the two days")
        if (waiver.expires - start).days > LONGEST_DAYS:
            latest = start + dt.timedelta(days=LONGEST_DAYS)
            self._wrong(f"lasts longer than {LONGEST_DAYS} days", "expires", f"{latest} is the latest day")

    def _text(self, key: str) -> str:
        value = self.entry[key]
        if not isinstance(value, str) or not value.strip() or len(value) > _TEXT_LIMIT_CHARS:
            self._wrong(f"{key!r} is not a text of 1 to {_TEXT_LIMIT_CHARS:,} characters", key, "write it as a string")
        if (mark := steering(value)) is not None:
            self._wrong(f"{key!r} holds the control character {mark}, which no report could show", key, "remove it")
        return value

    def _matching(self, key: str, pattern: re.Pattern[str], rule: str) -> str:
        value = self._text(key)
        if not pattern.fullmatch(value):
            self._wrong(f"{key!r} is malformed", key, rule)
        return value

    def _day(self, key: str) -> dt.date:
        value = self.entry[key]
        if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
            self._wrong(f"{key!r} is not a date", key, "write it as 2026-12-31, without quotes")
        return value

    def _wrong(self, what: str, key: str, remedy: str) -> NoReturn:
        _wrong(what, self.called, self.lines, ("waiver", self.index, key), remedy)
