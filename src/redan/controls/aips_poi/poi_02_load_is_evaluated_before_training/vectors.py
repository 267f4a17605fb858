"""Planted floods, standstills and cuts in the order of arrival, each with a twin that is merely busy."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from redan.controls.contract import Vector
from redan.terms import Outcome

_VOLUME, _FLOODS, _STALLED, _SAMPLED = (
    f"AIPS-POI-02/{name}"
    for name in ("volume-is-within-range", "no-class-floods-the-data", "no-source-has-stalled", "overload-is-sampled")
)
_DAYS = 5
_START = dt.date(2026, 3, 2)
_FLOOD = "A flood of one class bends a model without a single false label."
_HALT = "A source that fell silent leaves the model to whoever still sends."
_FIRST = "Whoever sends first fills the set, if what is above the limit is dropped in the order of arrival."
_NONE: Mapping[str, bytes] = MappingProxyType({})
Rows = Sequence[tuple[dt.datetime, str]]


def vectors() -> tuple[Vector, ...]:
    """Each question broken and repaired, with and without declared ranges."""
    return (*_volumes(), *_classes(), *_silences(), *_samples())


def _volumes() -> tuple[Vector, ...]:
    def case(name: str, outcome: Outcome, counts: Sequence[int], stated: str = 'every = "1 days"\n') -> Vector:
        return _case(name, _VOLUME, outcome, _daily(counts), stated=stated, note=_FLOOD)

    calm = [40, 44, 38, 41, 36, 45, 39] * 4
    weekends = [40, 44, 38, 41, 36, 9, 6] * 4
    ranged = 'every = "1 days"\nvolume = [20.0, 60.0]\n'
    return (
        case("five times the usual on one day", Outcome.BROKEN, [*calm[:17], 200, *calm[18:]]),
        case("two days with hardly a row", Outcome.BROKEN, [*calm[:12], 2, 1, *calm[14:]]),
        case("above the declared range", Outcome.BROKEN, [*calm[:5], 75, *calm[6:9]], ranged),
        case("below the declared range", Outcome.BROKEN, [*calm[:5], 12, *calm[6:9]], ranged),
        case("every day is an ordinary day", Outcome.HOLDS, calm),
        case("weekends are quiet", Outcome.HOLDS, weekends),
        case("within the declared range", Outcome.HOLDS, calm[:9], ranged),
        case("three days teach nothing", Outcome.NOT_RUN, calm[:3]),
    )


def _classes() -> tuple[Vector, ...]:
    def case(name: str, outcome: Outcome, rows: Rows, more: str = "", files: Mapping[str, bytes] = _NONE) -> Vector:
        return _case(name, _FLOODS, outcome, rows, more=more, files=files, stated='every = "1 days"\n', note=_FLOOD)

    rng = np.random.default_rng(7)
    calm = _daily([60] * 20, lambda: str(rng.choice(["spam", "ham"], p=[0.2, 0.8])))
    day = _START + dt.timedelta(days=11)
    flood = [(dt.datetime.combine(day, dt.time(9, i % 60, i % 7)), "spam") for i in range(70)]
    slow = [(t, "spam" if 0 <= (t.date() - day).days < _DAYS and i % 3 == 0 else c) for i, (t, c) in enumerate(calm)]
    named = 'reference = "known"\n'
    known = {"known.csv": _csv(calm)}
    shifted = [(t, "spam" if i % 2 else "ham") for i, (t, _) in enumerate(calm)]
    return (
        case("one day full of one class", Outcome.BROKEN, sorted([*calm, *flood])),
        case("a third more of one class for five days", Outcome.BROKEN, slow),
        case("half of all rows against a fifth in the reference", Outcome.BROKEN, shifted, named, known),
        case("the same shares day by day", Outcome.HOLDS, calm),
        case("the same shares as the reference", Outcome.HOLDS, calm, named, known),
        case("too few rows for shares", Outcome.NOT_RUN, calm[:90]),
    )


def _silences() -> tuple[Vector, ...]:
    def case(
        name: str, outcome: Outcome, gone: range, stated: str = 'every = "1 days"\n', role: str = "train"
    ) -> Vector:
        rows = [(t, c) for t, c in _daily([12] * 40) if (t.date() - _START).days not in gone]
        now = _START + dt.timedelta(days=42)
        stage = "operation" if role == "current" else "training"
        return _case(name, _STALLED, outcome, rows, stated=stated, note=_HALT, role=role, now=now, stage=stage)

    planted = _daily([12] * 20 + [0, 0, 1, 0, 0, 0] + [12] * 14)
    return (
        case("six days without a row", Outcome.BROKEN, range(20, 26)),
        _case(
            "one planted row in a standstill",
            _STALLED,
            Outcome.BROKEN,
            planted,
            stated='every = "1 days"\n',
            note=_HALT,
        ),
        case("silent until today", Outcome.BROKEN, range(34, 40), role="current"),
        case("a standstill nobody declared the rhythm of", Outcome.BROKEN, range(15, 30), stated="limit = 500\n"),
        case("a row every day", Outcome.HOLDS, range(0)),
        case("a weekly source with daily rows", Outcome.HOLDS, range(20, 26), stated='every = "1 weeks"\n'),
    )


def _samples() -> tuple[Vector, ...]:
    rng = np.random.default_rng(11)
    sent = _daily([90, 30, 95, 28, 33, 90] * 2)
    by_day: dict[dt.date, list[tuple[dt.datetime, str]]] = {}
    for row in sent:
        by_day.setdefault(row[0].date(), []).append(row)
    first = [row for rows in by_day.values() for row in rows[:40]]
    fair = [row for rows in by_day.values() for row in [rows[i] for i in sorted(rng.permutation(len(rows))[:40])]]
    pooled = 'drawn_from = "sent"\n'
    pool = {"sent.csv": _csv(sent)}
    limit = 'every = "1 days"\nlimit = 40\n'

    def case(name: str, outcome: Outcome, rows: Rows, more: str, stated: str = limit) -> Vector:
        files = pool if more else {}
        return _case(name, _SAMPLED, outcome, rows, stated=stated, more=more, files=files, note=_FIRST)

    return (
        case("everything is used", Outcome.BROKEN, sent, ""),
        case("the first forty of each day", Outcome.BROKEN, first, pooled),
        case("the first forty of each day, and nothing kept to compare with", Outcome.BROKEN, first, ""),
        case("a crowd without a limit", Outcome.BROKEN, sent, "", 'every = "1 days"\n'),
        case("forty of each day by chance", Outcome.HOLDS, fair, pooled),
        case("never above the limit", Outcome.HOLDS, sent, "", 'every = "1 days"\nlimit = 400\n'),
    )


def _daily(counts: Sequence[int], label: Callable[[], str] = lambda: "ham") -> list[tuple[dt.datetime, str]]:
    """Rows spread over each day."""
    rows = []
    for day, count in enumerate(counts):
        begin = dt.datetime.combine(_START + dt.timedelta(days=day), dt.time())
        rows += [(begin + dt.timedelta(seconds=86_000 * (i + 0.5) // count), label()) for i in range(count)]
    return rows


def _csv(rows: Rows) -> bytes:
    lines = [f"{time:%Y-%m-%dT%H:%M:%S},{i % 17},{label}" for i, (time, label) in enumerate(rows)]
    return "\n".join(["at,size,kind", *lines, ""]).encode()


def _case(
    name: str,
    check: str,
    expect: Outcome,
    rows: Rows,
    *,
    note: str,
    stated: str,
    more: str = "",
    files: Mapping[str, bytes] = _NONE,
    role: str = "train",
    stage: str = "training",
    now: dt.date = dt.date(2026, 6, 1),
) -> Vector:
    dataset = f'[[dataset]]\nname = "mail"\nrole = "{role}"\npath = "mail.csv"\nlabel = "kind"\ntime = "at"\nsources = ["crowd"]\n{more}'
    others = "".join(
        f'[[dataset]]\nname = "{file[:-4]}"\nrole = "reference"\npath = "{file}"\nlabel = "kind"\ntime = "at"\n'
        + ('sources = ["crowd"]\n' if file == "sent.csv" else "")
        for file in files
    )
    toml = f'[system]\nname = "mail"\nstage = "{stage}"\n[[source]]\nname = "crowd"\nkind = "crowd"\n{stated}{dataset}{others}'
    everything = {"redan.toml": toml.encode(), "mail.csv": _csv(rows), **files}
    return Vector(name=name, files=everything, check=check, expect=expect, subject="source:crowd", note=note, now=now)
