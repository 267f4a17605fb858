"""Numbers of a comparison as findings: what moved, by how much at least, and what could not be told."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from redan.canon import Json
from redan.findings import Finding, Interval, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Distributions, Line, Picture, Series, pictured
from redan.measures.drift.bins import coarser, joined
from redan.measures.drift.features import Feature
from redan.measures.drift.joint import Joint
from redan.measures.drift.settings import ONE_SD, Settings
from redan.measures.drift.shift import Shift
from redan.terms import Level

TOLD = 30  # findings of single columns; the rest is counted
DRAWN = 6
LISTED = 200  # columns in the detail
_BARS = 1.0 / 12  # of the reference in each bar of a picture
_PLACES = 6

_LOOK = Remedy(
    text="Find out what changed at the source (sensor, light, customers, an upstream release); retrain or fall back "
    "until it is explained, and seal a new reference only when the change is wanted.",
    effort=Level.MEDIUM,
)
_MORE = Remedy(text="Compare more rows: gather current data for longer, and seal a larger reference.", effort=Level.LOW)
_COLUMNS = Remedy(text="Give reference and current data the same columns.", effort=Level.LOW)


def tell_features(shift: Shift, check: str, subject: str) -> Iterator[Finding]:
    """Findings about single features, the mix of classes, classes and windows; one of them at least.

    Args:
        shift: the comparison.
        check: full id of the check, or of the verb that stands for it.
        subject: what was compared with the reference.
    """
    shifted = _by_column(shift.shifted)
    for name, found in list(shifted.items())[:TOLD]:
        yield _shifted(shift, found, check, subject, name)
    if len(shifted) > TOLD:
        text = f"{len(shifted) - TOLD} further features moved more than is tolerated."
        yield broken(check, subject, text, _LOOK, part="further features")
    if shift.gone:
        text = f"No column of the current data has the name of {_listed(shift.gone)}, so nothing is known of it."
        yield not_run(check, subject, text, remedy=_COLUMNS, part="gone")
    every = (*shift.features, *((shift.classes,) if shift.classes else ()))
    blind = [f for f in every if f.powerless]
    if blind:
        yield not_run(check, subject, _too_few(shift, blind), remedy=_MORE, part="power")
    sighted = [f for f in every if not f.powerless]
    if not shifted and sighted:
        yield _kept(shift, sighted, check, subject)
    elif not shifted and not blind and not shift.gone:
        yield not_run(check, subject, "No column can be compared.", remedy=_COLUMNS)


def tell_joint(shift: Shift, check: str, subject: str) -> Iterator[Finding]:
    """One finding about all features together.

    Args:
        shift: the comparison, made jointly.
        check: full id of the check, or of the verb that stands for it.
        subject: what was compared with the reference.
    """
    joint = shift.joint
    if joint is None:
        yield not_run(check, subject, "No rows of the reference, or no shared columns, to compare jointly.")
        return
    measure = _joint_measure(joint)
    rows = f"{joint.best.n:,} rows that did not choose the region"
    if joint.shifted:
        text = (
            f"All features together: there is a region that gained {joint.best.value:.0%} of the rows, "
            f"{joint.best.low:.0%} at least, on {rows}; {shift.settings.tolerated:.0%} may move.{_carried(joint)}"
        )
        yield replace(
            broken(check, subject, text, _LOOK, measure=measure, part="joint"), detail=_joint_detail(shift, joint)
        )
    elif joint.powerless:
        text = f"{rows} would show only a shift of {joint.noticeable:.0%} of the rows or more."
        yield not_run(check, subject, text, remedy=_MORE, part="joint")
    else:
        text = (
            f"All features together: neither trees nor a kernel find a region that gained more than "
            f"{shift.settings.tolerated:.0%} of the rows, on {rows}; a shift of {joint.noticeable:.0%} would show."
        )
        yield replace(holds(check, subject, text, measure=measure, part="joint"), detail=_joint_detail(shift, joint))


def _by_column(found: Iterable[Feature]) -> dict[str, list[Feature]]:
    columns: dict[str, list[Feature]] = {}
    for one in found:
        columns.setdefault(one.name, []).append(one)
    return columns


def _shifted(shift: Shift, found: list[Feature], check: str, subject: str, name: str) -> Finding:
    first = found[0]
    whole = not first.within
    what = f"The mix of classes in {name}" if name == shift.frozen.label else f"Feature {name}"
    where = "" if whole else f" within {_place(shift, first)}"
    text = (
        f"{what}{where}: at least {first.moved.low:.0%} of the rows moved, {shift.settings.tolerated:.0%} may; "
        f"{_test(first)}; {first.moved.n_reference:,} rows of the reference, {first.moved.n:,} now."
    )
    if first.unseen:
        text += f" {first.unseen:.0%} of the rows hold levels that the reference does not have."
    text += _also(shift, found[1:])
    picture: tuple[Picture, ...] = (_picture(first), *_timed(shift, name))
    finding = broken(check, subject, text, _LOOK, part=name, measure=_measure(first))
    return replace(finding, detail={**_detail(shift, found), **pictured(picture)})


def _place(shift: Shift, one: Feature) -> str:
    if _in_window(shift, one):
        return f"the window that begins {one.within}"
    return "one class" if _hides_classes(shift) else f"class {one.within}"


def _also(shift: Shift, others: list[Feature]) -> str:
    classes = [f.within for f in others if not _in_window(shift, f)]
    windows = len(others) - len(classes)
    told = []
    if classes:
        told.append(f"{len(classes)} classes" if _hides_classes(shift) else f"class {_listed(classes)}")
    if windows and shift.windows is not None:
        told.append(f"{windows} of {len(shift.windows.starts)} windows of time")
    return f" It moved within {' and '.join(told)}, too." if told else ""


def _in_window(shift: Shift, one: Feature) -> bool:
    return shift.windows is not None and any(one is f for f in shift.windows.features)


def _hides_classes(shift: Shift) -> bool:
    return any(b.private for b in shift.frozen.bins if b.name == shift.frozen.label)


def _kept(shift: Shift, found: list[Feature], check: str, subject: str) -> Finding:
    largest = max(found, key=lambda f: (f.moved.low, f.moved.value))
    weakest = max(f.moved.noticeable for f in found)
    s = shift.settings
    count = (
        "The only feature has not" if len(found) == 1 else f"None of the {len(found)} features that can be judged has"
    )
    text = (
        f"{count} moved by more than {s.tolerated:.0%} of the rows; a shift of {weakest:.0%} would show in any of "
        f"them, and {s.looks} looks raise a false alarm with a chance of {s.alarms:.0%} at most."
    )
    drawn = sorted(found, key=lambda f: -f.moved.value)[:DRAWN]
    finding = holds(check, subject, text, measure=_measure(largest))
    return replace(finding, detail={**_detail(shift, found), **pictured(_picture(f) for f in drawn)})


def _too_few(shift: Shift, blind: list[Feature]) -> str:
    rows = f"{shift.frozen.rows:,} rows of the reference and {shift.rows:,} now"
    least = min(f.moved.noticeable for f in blind)
    seen = f"only a shift of {least:.0%} of the rows or more would show" if least < 1 else "no shift would show"
    names = _listed([f.name for f in blind])
    return f"{rows} are not enough data about {names}: {seen}; one standard deviation moves {ONE_SD:.0%}."


def _measure(one: Feature) -> Measure:
    return Measure(
        name="moved_share_at_least",
        value=_round(one.moved.low),
        interval=_rounded(one.moved.interval),
        n=one.moved.n_reference + one.moved.n,
        threshold=one.tolerated,
        unit="share",
        confidence=1 - 2 * one.level,
    )


def _joint_measure(joint: Joint) -> Measure:
    best = joint.best
    return Measure(
        name="moved_share_at_least",
        value=_round(max(best.low, 0.0)),
        interval=_rounded(best.interval),
        n=best.n,
        threshold=joint.tolerated,
        unit="share",
        confidence=1 - 2 * best.level,
    )


def _test(one: Feature) -> str:
    name = "Kolmogorov-Smirnov" if one.bins.ordered else "chi-square"
    p = "below 1e-300" if one.change.p < 1e-300 else f"{one.change.p:.2g}"  # noqa: PLR2004 - doubles end there
    return f"PSI {one.psi:.2f}, {name} p {p}"


def _carried(joint: Joint) -> str:
    parts = [name for name, part in joint.parts if part >= joint.trees.value / 10]
    return f" It rests on {_listed(parts)}." if parts else ""


def _detail(shift: Shift, found: Iterable[Feature]) -> dict[str, Json]:
    rows: list[Json] = [
        {
            "column": f.name,
            "within": f.within,
            "moved_at_least": _round(f.moved.low),
            "moved_as_counted": _round(f.moved.value),
            "noticeable": _round(f.moved.noticeable),
            "psi": _round(f.psi),
            "test": "kolmogorov-smirnov" if f.bins.ordered else "chi-square",
            "p": float(f"{f.change.p:.6g}"),
            "edges": [] if f.bins.private else [*f.bins.edges],
        }
        for f in list(found)[:LISTED]
    ]
    return {**_frame(shift), "columns": rows}


def _joint_detail(shift: Shift, joint: Joint) -> dict[str, Json]:
    parts: dict[str, Json] = {name: _round(part) for name, part in joint.parts}
    trees, kernel = _round(joint.trees.value), _round(joint.kernel.value)
    return {**_frame(shift), "trees": trees, "kernel": kernel, "noticeable": _round(joint.noticeable), "parts": parts}


def _frame(shift: Shift) -> dict[str, Json]:
    s: Settings = shift.settings
    return {
        "reference": shift.frozen.digest,
        "rows_reference": shift.frozen.rows,
        "rows": shift.rows,
        "tolerated": s.tolerated,
        "alarms": s.alarms,
        "looks": s.looks,
        "not_compared": dict(shift.untold),
    }


def _picture(one: Feature) -> Distributions:
    words, a, b = one.bins.words(), np.array(one.reference), np.array(one.current)
    if one.bins.ordered:
        to = coarser((a * 1e6).astype(np.int64), _BARS)
        words = tuple(_span([words[i] for i in np.flatnonzero(to == bar)]) for bar in range(int(to.max()) + 1))
        a, b = (joined((side * 1e6).astype(np.int64), to) / 1e6 for side in (a, b))
    shown = [i for i in range(len(words)) if a[i] or b[i]]
    return Distributions(
        title=f"{one.name} within {one.within}" if one.within else one.name,
        bins=tuple(words[i] for i in shown),
        reference=tuple(_round(a[i]) for i in shown),
        current=tuple(_round(b[i]) for i in shown),
    )


def _span(words: list[str]) -> str:
    """One word for neighbouring bins: from where the first begins to where the last ends."""
    if len(words) == 1:
        return words[0]
    if words[0].startswith("below "):
        last = words[-1]
        return f"below {last.rpartition(' to ')[2]}" if not last.startswith("from ") else "any value"
    begin = words[0].partition(" to ")[0]
    return f"from {begin}" if words[-1].startswith("from ") else f"{begin} to {words[-1].rpartition(' to ')[2]}"


def _timed(shift: Shift, name: str) -> tuple[Series, ...]:
    windows = shift.windows
    if windows is None:
        return ()
    found = {f.within: f.moved for f in windows.features if f.name == name}
    lines = (
        Line(name="at least", values=tuple(_round(found[s].low) if s in found else None for s in windows.starts)),
        Line(name="as counted", values=tuple(_round(found[s].value) if s in found else None for s in windows.starts)),
    )
    title = f"{name}: share of rows that moved"
    return (Series(title=title, x=windows.starts, lines=lines, threshold=shift.settings.tolerated, unit="share"),)


def _rounded(interval: Interval) -> Interval:
    return Interval(_round(interval.low), _round(interval.high))


def _round(value: float) -> float:
    return round(float(value), _PLACES)


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - 10} more" if len(every) > 10 else ""  # noqa: PLR2004 -- a line stays readable
    return ", ".join(every[:10]) + more
