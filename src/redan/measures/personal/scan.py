"""Decides for whole columns which hold personal data: counts and exact intervals, and nothing of the values."""

import datetime as dt
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from redan.measures.personal import email, national, network, payment, people, phone, places, spans, telecom
from redan.measures.personal.headers import hinted
from redan.measures.personal.kinds import Kind, Recogniser, Span, Verification
from redan.measures.personal.runs import STRONG
from redan.stats.binomial import chance_of_at_least, clopper_pearson
from redan.stats.interval import Interval
from redan.tables import Table

SAMPLE = 2000  # distinct values of a column that are looked at
SURPRISE = 1e-5  # hits of a weak check must be less likely than this by chance, over all columns and recognisers
DOUBT = 0.05  # the same where the header speaks for the kind
FEW_LOOKS = 64  # after so many candidates a hopeless recogniser stops
LONGEST = 200  # a longer value is text
HINTED_SHARE = 0.5
HINTED_OF_ALL = 0.1
FEWEST_WEAK, WEAK_SHARE = 3, 0.8  # what hits of a weak check inside text must come to
_COMPUTED = (1990, 2049)  # years that a record made by a computer has
_DATED = 0.9  # share of order numbers that begin with their day
DENSE = 0.02  # bare numbers that fill more of their range than this are a counter

RECOGNISERS: tuple[Recogniser, ...] = (
    *email.RECOGNISERS,
    *telecom.RECOGNISERS,
    *payment.RECOGNISERS,
    *national.RECOGNISERS,
    *network.RECOGNISERS,
    *phone.RECOGNISERS,
    *people.RECOGNISERS,
    *places.RECOGNISERS,
)
_RANK = {v: i for i, v in enumerate(Verification)}
_LETTER = re.compile(r"[^\W\d_]")  # without one, a value is a number and no text
_FLOAT_INTEGER = re.compile(r"([0-9]{1,20})\.0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a column holds.

    Args:
        kind: the kind of personal data.
        scheme: which variety.
        verification: how the values were verified.
        in_text: whether it stands inside longer text.
        hinted: whether the header speaks for it.
        matches: distinct values that hold it, of those looked at; rows, when only a search over all rows found it.
        n: distinct values looked at; rows, likewise.
        interval: exact 95 % interval of the share of distinct values.
    """

    kind: Kind
    scheme: str
    verification: Verification
    in_text: bool
    hinted: bool
    matches: int
    n: int
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnScan:
    """The answer about one column.

    Args:
        column: its name.
        n: distinct values looked at.
        found: what it holds; None when nothing was found.
    """

    column: str
    n: int
    found: Found | None


def scan_table(table: Table, *, seed: int = 0, limit: int = SAMPLE) -> tuple[ColumnScan, ...]:
    """What each column of a table holds.

    Args:
        table: any table.
        seed: chooses the sample of distinct values.
        limit: distinct values of a column that are looked at.

    Returns:
        One answer for each column, in order; e-mail addresses are searched in every row, not only in the sample.
    """
    return tuple(_column(table, column, seed, limit) for column in table.columns)


def scan_values(header: str, values: Sequence[str], *, seed: int = 0) -> Found | None:
    """What distinct values under a header hold; None when nothing was found."""
    mixed = [_plain(v) for v in values if v and not v.isspace()]
    random.Random(seed).shuffle(mixed)  # noqa: S311  # a sample order, not a secret
    whole = [f for f in (_judged(r, header, mixed) for r in RECOGNISERS) if f]
    if whole:
        return min(whole, key=lambda f: (_RANK[f.verification], not f.hinted, -f.matches))
    return _in_text(mixed)


def _column(table: Table, column: str, seed: int, limit: int) -> ColumnScan:
    kind = table.dtype(column)
    if kind in {"bool", "other"}:
        return ColumnScan(column=column, n=0, found=None)
    values = table.distinct_sample(column, limit, seed)
    found = scan_values(column, values, seed=seed)
    if found is None and kind == "string" and len(values) >= limit:
        found = _rare_mail(table, column, values)
    return ColumnScan(column=column, n=len(values), found=found)


def _rare_mail(table: Table, column: str, values: Sequence[str]) -> Found | None:
    shaped = re.compile(email.ADDRESS)
    if any(shaped.search(v[: spans.TEXT_LIMIT]) for v in values):
        return None  # the sample holds the shape and every one was refused
    rows = table.matching(column, email.ADDRESS)
    if not rows:
        return None
    return _found(email.RECOGNISERS[0], rows, table.rows, in_text=True)


def _plain(value: str) -> str:
    whole = _FLOAT_INTEGER.fullmatch(value)  # a column of integers with gaps is often stored as floats
    return whole.group(1) if whole else value


def _judged(recogniser: Recogniser, header: str, values: Sequence[str]) -> Found | None:
    if hinted(header, recogniser.barred):
        return None
    speaks = hinted(header, recogniser.hints, recogniser.denied)
    if not speaks and recogniser.alone is None:
        return None
    shaped = [v for v in values if len(v) <= LONGEST and recogniser.shape.fullmatch(v)]
    asked = HINTED_SHARE if speaks else (recogniser.alone or 0.0)
    valid = _count_valid(recogniser, shaped, asked)
    if not _enough(recogniser, speaks, valid, len(shaped), len(values)):
        return None
    if recogniser.plain and not speaks and _imitated(shaped, counters=recogniser.sparse):
        return None
    return _found(recogniser, valid, len(values), speaks=speaks)


def _count_valid(recogniser: Recogniser, shaped: Sequence[str], asked: float) -> int:
    first = sum(map(recogniser.valid, shaped[:FEW_LOOKS]))
    if first < len(shaped[:FEW_LOOKS]) * asked / 2:
        return first
    return first + sum(map(recogniser.valid, shaped[FEW_LOOKS:]))


def _enough(recogniser: Recogniser, speaks: bool, valid: int, shaped: int, n: int) -> bool:
    if not valid:
        return False
    surprise = chance_of_at_least(valid, shaped, recogniser.chance)
    if speaks:
        asked = max(recogniser.of_all, HINTED_OF_ALL) * n
        share = min(HINTED_SHARE, recogniser.alone or 1.0)
        likely = recogniser.chance < 1.0 and surprise > DOUBT and shaped > 1
        return valid >= share * shaped and valid >= asked and not likely
    return (
        valid >= recogniser.fewest
        and valid >= (recogniser.alone or 0.0) * shaped
        and valid >= recogniser.of_all * n
        and surprise <= SURPRISE
    )


def _imitated(shaped: Sequence[str], *, counters: bool) -> bool:
    digits = [re.sub(r"[^0-9]", "", v) for v in shaped]
    dated = sum(_is_day(d[:8]) for d in digits)
    if dated >= _DATED * len(digits):
        return True
    numbers = sorted({int(d) for d in digits})
    return counters and len(numbers) > DENSE * (numbers[-1] - numbers[0] + 1)


def _is_day(text: str) -> bool:
    try:
        day = dt.date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return _COMPUTED[0] <= day.year <= _COMPUTED[1]


def _in_text(values: Sequence[str]) -> Found | None:
    announced: dict[Kind, list[Span]] = defaultdict(list)
    tried: dict[tuple[Kind, str], int] = defaultdict(int)
    passed: dict[tuple[Kind, str], list[Span]] = defaultdict(list)
    for value in filter(_LETTER.search, values):
        for span in _one_of_each(value):
            tried[span.kind, span.scheme] += 1
            if span.verified:
                passed[span.kind, span.scheme].append(span)
            if span.verified and span.spoken:
                announced[span.kind].append(span)
    likely = [(found[0], len(found)) for found in announced.values()]
    likely += [(found[0], len(found)) for k, found in passed.items() if _surprising(found, tried[k])]
    if not likely:
        return None
    span, hits = max(likely, key=lambda item: item[1])
    rule = next(r for r in RECOGNISERS if r.scheme == span.scheme)
    return _found(rule, hits, len(values), in_text=True)


def _one_of_each(value: str) -> Iterator[Span]:
    seen: set[tuple[Kind, str]] = set()
    for span in sorted(spans.candidates(value), key=lambda s: not s.verified):
        if (span.kind, span.scheme) not in seen:
            seen.add((span.kind, span.scheme))
            yield span


def _surprising(passed: Sequence[Span], tried: int) -> bool:
    k, chance = len(passed), passed[0].chance
    surprise = chance_of_at_least(k, tried, chance)
    if chance <= STRONG:
        return surprise <= 2 * STRONG
    return k >= FEWEST_WEAK and k >= WEAK_SHARE * tried and surprise <= SURPRISE


def _found(rule: Recogniser, matches: int, n: int, *, in_text: bool = False, speaks: bool = False) -> Found:
    return Found(
        kind=rule.kind,
        scheme=rule.scheme,
        verification=rule.verification,
        in_text=in_text,
        hinted=speaks,
        matches=matches,
        n=n,
        interval=clopper_pearson(matches, n),
    )
