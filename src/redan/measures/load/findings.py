"""What the numbers about load come to; the control and `redan data load` say the same."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from redan.errors import IncompleteError, escaped
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Line, Picture, Series, Shares, pictured
from redan.measures.load.arrivals import Arrivals, Days, arrivals
from redan.measures.load.classes import ODDS, ClassLoad, against, class_floods
from redan.measures.load.overload import ALPHA, Overload
from redan.measures.load.silence import Silence, silence
from redan.measures.load.volume import FACTOR, Volume, volume
from redan.terms import Level

CONTROL = "AIPS-POI-02"
VOLUME, FLOODS, STALLED, SAMPLED = (
    f"{CONTROL}/{name}"
    for name in ("volume-is-within-range", "no-class-floods-the-data", "no-source-has-stalled", "overload-is-sampled")
)
_SHOWN = 200  # intervals of a picture
_LABEL = 40  # characters of a class
_PLANTS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class About(NamedTuple):
    """What a finding is about.

    Args:
        subject: its id.
        name: in a sentence, such as `source crowd`.
    """

    subject: str
    name: str


def volume_finding(
    about: About, days: Days, every: str | None, declared: tuple[float, float] | None, factor: float | None = None
) -> Finding:
    """Whether every interval's volume is within its range."""
    least = FACTOR if factor is None else factor
    try:
        arrived = arrivals(days, every)
        found = volume(arrived, declared, least)
    except IncompleteError as error:
        return not_run(
            VOLUME, about.subject, f"The volume of {about.name} cannot be judged: {error.what}.", remedy=_RANGE
        )
    measure = Measure(
        name="intervals_out_of_range", value=float(len(found.outside)), n=found.judged, threshold=0.0, unit="intervals"
    )
    rule = "what its other intervals show as usual" if found.learned else "the declared range"
    strays = f"; {days.stray:,} rows dated more than a year away from all others were left out" if days.stray else ""
    if found.outside:
        worst = max(found.outside, key=lambda i: abs(np.log((found.counts[i] + 1) / (found.expected[i] + 1))))
        low, high = _whole(found.low[worst]), _whole(found.high[worst])
        text = (
            f"{_count(len(found.outside), 'interval')} of {found.judged:,} of {about.name} brought a volume outside "
            f"{rule}; the one from {_day(arrived.starts[worst])} brought {found.counts[worst]:,} rows, "
            f"within range are {low} to {high}{strays}."
        )
        finding = broken(VOLUME, about.subject, text, _HOLD, measure=measure)
    else:
        text = f"All {found.judged:,} intervals of {about.name} brought a volume within {rule}{strays}."
        finding = holds(VOLUME, about.subject, text, measure=measure)
    drawn = _volumes(about, arrived, found)
    return replace(finding, detail={"misdated_rows": days.stray, "undated_rows": days.undated, **pictured([drawn])})


def flood_finding(about: About, days: Days, every: str | None, odds: float | None = None) -> Finding:
    """Whether a class floods some stretch of time."""
    least = ODDS if odds is None else odds
    try:
        arrived = arrivals(days, every)
        found = class_floods(arrived, least)
    except IncompleteError as error:
        return _no_flood_known(about, error)
    flooded = [c for c in found if c.flood]
    if not flooded:
        power = _detectable(arrived, least)
        could = f"; a plant of {power:.0%} more rows in one interval would have been noticed" if power else ""
        return _no_flood(about, found, f"over {len(arrived.starts):,} intervals{could}", power)
    worst = min(flooded, key=lambda c: (c.p_value, c.name))
    first, last = (_day(arrived.starts[min(i, len(arrived.starts) - 1)]) for i in worst.window)
    when = f"in the interval from {first}" if first == last else f"in the intervals from {first} to {last}"
    return _flood(about, found, worst, when)


def reference_finding(
    about: About, counts: Mapping[str, int], reference: Mapping[str, int], name: str, odds: float | None = None
) -> Finding:
    """Whether a class floods a table as a whole, against a reference."""
    least = ODDS if odds is None else odds
    try:
        found = against(dict(counts), dict(reference), least)
    except IncompleteError as error:
        return _no_flood_known(about, error)
    flooded = [c for c in found if c.flood]
    if flooded:
        return _flood(about, found, min(flooded, key=lambda c: (c.p_value, -c.odds, c.name)), f"against {name}")
    return _no_flood(about, found, f"against {name}", None)


def stall_finding(about: About, days: Days, every: str | None, today: dt.date | None = None) -> Finding:
    """Whether the source delivered when it should have."""
    try:
        found = silence(arrivals(days, every), today)
    except IncompleteError as error:
        return not_run(
            STALLED, about.subject, f"Whether {about.name} fell silent cannot be told: {error.what}.", remedy=_EVERY
        )
    measure = Measure(
        name="longest_silence",
        value=float(found.longest),
        n=found.deliveries,
        threshold=float(found.allowed),
        unit="days",
    )
    rule = "is usual for it" if found.learned else "was agreed"
    if found.gaps:
        text = _silent(about, found, rule)
        return broken(STALLED, about.subject, text, _WAKE, measure=measure)
    text = (
        f"{_start(about.name)} delivered on {found.deliveries:,} days, never later than {rule} ({found.allowed} days)."
    )
    return holds(STALLED, about.subject, text, measure=measure)


def overload_finding(about: About, found: Overload, why: str = "no contributions were kept to compare with") -> Finding:
    """Whether what is above the limit was sampled, and fairly; `why` says what the test lacked."""
    measure = Measure(name="intervals_over_limit", value=float(found.over), n=None, threshold=0.0, unit="intervals")
    if found.over:
        text = (
            f"{_count(found.over, 'interval')} of {about.name} hold more than the limit of {found.limit:,} rows, "
            f"{found.most:,} at most: data above the limit was used whole."
        )
        return broken(SAMPLED, about.subject, text, _SAMPLE, measure=measure)
    if not found.full:
        text = (
            f"No interval of {about.name} reached the limit of {found.limit:,} rows; the fullest holds {found.most:,}."
        )
        return holds(SAMPLED, about.subject, text, measure=measure)
    if found.p_value is None:
        full = _count(len(found.full), "full interval")
        text = f"Whether {full} of {about.name} was sampled fairly cannot be told: {why}."
        return not_run(SAMPLED, about.subject, text, remedy=_POOL)
    measure = Measure(
        name="chance_of_this_order", value=found.p_value, n=found.rows, threshold=ALPHA, comparator=">=", unit=""
    )
    full = _count(len(found.full), "full interval")
    if found.unfair:
        text = f"In {full} of {about.name}, which rows are used depends on when they arrived; a fair sample does not."
        return broken(SAMPLED, about.subject, text, _SAMPLE, measure=measure)
    text = f"In {full} of {about.name}, which rows are used does not depend on when they arrived."
    return holds(SAMPLED, about.subject, text, measure=measure)


def _flood(about: About, found: Sequence[ClassLoad], worst: ClassLoad, when: str) -> Finding:
    measure = Measure(
        name="largest_class_share",
        value=worst.share,
        interval=worst.interval,
        n=worst.n,
        unit="share",
    )
    more = sum(c.flood for c in found) - 1
    others = f", and {_count(more, 'more class', 'more classes')}" if more else ""
    text = (
        f"Class {_shown(worst.name)} floods {about.name} {when}: {worst.share:.1%} of {worst.n:,} rows, "
        f"where {worst.expected:.1%} is usual{others}."
    )
    finding = broken(FLOODS, about.subject, text, _BALANCE, measure=measure)
    return replace(finding, detail=pictured([_shares(found)]))


def _no_flood(about: About, found: Sequence[ClassLoad], how: str, power: float | None) -> Finding:
    text = f"No class of {about.name} has a share beyond what is usual, {how}."
    worst = max(found, key=lambda c: (min(c.odds, 1e9), c.name))
    measure = Measure(name="largest_class_share", value=worst.share, interval=worst.interval, n=worst.n, unit="share")
    detail = {**({"noticeable_plant": power} if power else {}), **pictured([_shares(found)])}
    return replace(holds(FLOODS, about.subject, text, measure=measure), detail=detail)


def _no_flood_known(about: About, error: IncompleteError) -> Finding:
    text = f"Whether a class floods {about.name} cannot be told: {error.what}."
    return not_run(FLOODS, about.subject, text, remedy=_REFERENCE)


def _detectable(found: Arrivals, odds: float) -> float | None:
    """The smallest plant in the middle interval that is found in a copy, as a part of that interval's rows."""
    middle = int(np.argsort(found.totals, kind="stable")[len(found.starts) // 2])
    rarest = int(np.argmin(found.counts.sum(axis=0)))
    for part in _PLANTS:
        counts = found.counts.copy()
        counts[middle, rarest] += int(np.ceil(part * found.totals[middle]))
        if class_floods(replace(found, counts=counts), odds)[rarest].flood:
            return part
    return None


def _shares(found: Sequence[ClassLoad]) -> Picture:
    return Shares(
        title="Share of each class where it is largest for what is usual",
        names=tuple(_shown(c.name) for c in found),
        values=tuple(c.share for c in found),
        intervals=tuple(c.interval for c in found),
        flagged=tuple(_shown(c.name) for c in found if c.flood),
    )


def _volumes(about: About, arrived: Arrivals, found: Volume) -> Picture:
    last = slice(max(0, len(arrived.starts) - _SHOWN), None)
    lines = (("rows", found.counts), ("most within range", found.high), ("fewest within range", found.low))
    return Series(
        title=f"Rows of {about.name} in each interval",
        x=tuple(_day(start) for start in arrived.starts[last]),
        lines=tuple(Line(name=name, values=tuple(round(float(v), 1) for v in values[last])) for name, values in lines),
        unit="rows",
    )


def _silent(about: About, found: Silence, rule: str) -> str:
    times = f"{_count(found.gaps, 'time')}: " if found.gaps > 1 else ""
    until = "and is silent still" if found.ongoing else "at the longest"
    return (
        f"{_start(about.name)} fell silent longer than {rule} ({found.allowed} days), {times}"
        f"{found.longest} days from {_day(found.since)} {until}."
    )


def _day(day: dt.date) -> str:
    return f"{day:%d %b %Y}"


def _start(name: str) -> str:
    return name[:1].upper() + name[1:]


def _shown(label: str) -> str:
    """A class as a line can hold it."""
    return escaped(label if len(label) <= _LABEL else f"{label[:_LABEL]}...")


def _count(number: int, word: str, words: str | None = None) -> str:
    return f"{number:,} {word if number == 1 else words or word + 's'}"


def _whole(number: float) -> str:
    return f"{number:,.0f}"


_RANGE = Remedy(
    text="Declare 'time' at the dataset, and 'every' and 'volume' = [fewest, most rows of one interval] at the source.",
    effort=Level.LOW,
)
_HOLD = Remedy(
    text="Hold these intervals back until a person knows why; declare 'volume' at the source if they are usual, and "
    "a 'limit' above which a fair sample is taken.",
    effort=Level.MEDIUM,
)
_EVERY = Remedy(text="Declare 'time' at the dataset and 'every' at the source, such as '1 days'.", effort=Level.LOW)
_WAKE = Remedy(
    text="Find out why nothing arrived, and do not train on what is left as if it were all of it; declare 'every' at "
    "the source if such gaps are agreed.",
    effort=Level.MEDIUM,
)
_BALANCE = Remedy(
    text="Look at who sent these rows before training; then take a fair sample of them, "
    "redan.defences.sampling.fair_sample, with a cap per contributor.",
    effort=Level.MEDIUM,
)
_REFERENCE = Remedy(
    text="Declare 'time' and 'label' at the dataset, or a 'reference' dataset whose class shares are known.",
    effort=Level.LOW,
)
_SAMPLE = Remedy(
    text="Take a random sample of every interval above the limit, such as redan.defences.sampling.fair_sample does, "
    "and record its seed.",
    effort=Level.LOW,
)
_POOL = Remedy(
    text="Keep all contributions as a dataset with the time of arrival, and name it under 'drawn_from'.",
    effort=Level.LOW,
)
