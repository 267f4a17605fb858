"""Answers of earlier runs, keyed by the digests of everything they rest on.

A cached answer is believed only when it carries a signature of the key that signs the evidence: a project folder
from somewhere else may hold a cache, and whoever wrote it must not be able to make a control hold.
"""

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redan.canon import Json, canonical, digest_of
from redan.errors import InputError, InvalidError, RedanError
from redan.files import read_bounded, write_atomic
from redan.findings import Finding, Interval, Location, Measure, Remedy
from redan.terms import Level, Outcome

_LIMIT_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of signed answers.

    Args:
        folder: where they lie, one file per key.
        sign: signature over bytes, by the evidence key.
        verify: raises InvalidError when a signature over bytes is not that key's.
        place: what tells this machine's key file from a copy of it; a folder that came with its key and with answers
            that fit it is not believed.
    """

    folder: Path
    sign: Callable[[bytes], bytes]
    verify: Callable[[bytes, bytes], None]
    place: str = ""

    def get(self, key: str) -> tuple[Finding, ...] | None:
        """The answer under a key; None when there is none or it is not ours."""
        try:
            stored = json.loads(read_bounded(self.folder / f"{key}.json", _LIMIT_BYTES))
            body = canonical({"key": key, "place": self.place, "findings": stored["findings"]})
            self.verify(bytes.fromhex(stored["signature"]), body)
            return tuple(_finding(item) for item in stored["findings"])
        except (InputError, InvalidError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def put(self, key: str, findings: Sequence[Finding]) -> None:
        """Keeps an answer; a cache that cannot be written only costs time."""
        answers: list[Json] = [finding.to_json() for finding in findings]
        signature = self.sign(canonical({"key": key, "place": self.place, "findings": answers}))
        data = canonical({"findings": answers, "signature": signature.hex()})
        with contextlib.suppress(RedanError, OSError):
            write_atomic(self.folder / f"{key}.json", data)


def normal(finding: Finding) -> Finding:
    """The finding as it comes back from the cache: a fresh answer and a kept one are the same bytes in every report."""
    return _finding(json.loads(canonical(finding.to_json())))


def job_key(parts: Json) -> str:
    """The cache key of a job: SHA-256 over everything its answer may depend on."""
    return digest_of(parts)


def _finding(item: dict[str, Any]) -> Finding:
    measure, remedy, place = item["measure"], item["remedy"], item["location"]
    return Finding(
        check=item["check"],
        subject=item["subject"],
        outcome=Outcome(item["outcome"]),
        message=item["message"],
        part=item["part"],
        measure=None if measure is None else _measure(measure),
        location=None if place is None else Location(file=place["file"], line=place["line"]),
        remedy=None
        if remedy is None
        else Remedy(text=remedy["text"], command=remedy["command"], effort=Level(remedy["effort"])),
        detail=item["detail"],
    )


def _measure(item: dict[str, Any]) -> Measure:
    interval = item["interval"]
    return Measure(**{**item, "interval": None if interval is None else Interval(*interval)})
