"""What a forecast that others see gives away, and how far one of those who supply its inputs can move it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.canon import digest
from redan.controls.aips_poi.poi_05_forecaster_does_not_reveal_its_input.published import (
    Matrix,
    Published,
    forecasters,
    told_why,
)
from redan.controls.contract import Check, Have
from redan.errors import InputError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Shares, pictured
from redan.measures.forecasts import Pull, by_columns, by_rows, told_by_forecasts
from redan.system.system import System
from redan.terms import Level, Tier

if TYPE_CHECKING:
    from redan.measures.forecasts import Told

CONTROL = "AIPS-POI-05"
INFERABLE = f"{CONTROL}/input-distribution-is-not-inferable"
REWARDED = f"{CONTROL}/moving-the-input-is-not-rewarded"
AGREED = 0.5  # more than all else together
_SHOWN = 12
_TRIED = 200
_COARSER = Remedy(
    text="Publish forecasts no finer and no more often than needed ('decimals' of the endpoint), or add noise where "
    "the use allows it.",
    effort=Level.MEDIUM,
)
_CAP = Remedy(
    text="Cap what each participant supplies before it enters the forecast: clip inputs to narrower ranges, weigh rows "
    "by participant, or take a median in place of a mean.",
    effort=Level.MEDIUM,
)
_DECLARE_OWNERS = (
    "Name the column of contributors of the dataset in its key 'contributor', or the source of each input in the key "
    "'from' of its [[feature]]."
)


def _inferable(have: Have) -> Finding:
    seen, agreed = Published(have), _agreed(have)
    found = told_by_forecasts(seen.x, seen.ask, seen.names, bound=agreed, rng=have.rng, ordered=seen.ordered)
    low, high = found.interval
    measure = Measure(
        name="told_by_forecasts", value=found.share, interval=found.interval, n=found.n, threshold=agreed,
        comparator="<=", unit="share",
    )  # fmt: skip
    text, subject = _leak_text(found, seen.rounded), have.subject.id
    if low > agreed:
        made = broken(INFERABLE, subject, f"{text} More than the agreed {agreed:.0%}.", _COARSER)
    elif high > agreed:
        text += f" Whether that is more than the agreed {agreed:.0%} cannot be told with {found.n:,} rows."
        made = not_run(INFERABLE, subject, text, remedy=Remedy(text="Give more rows."))
    elif found.planted <= agreed:
        text += " A planted hint that tells more than is agreed was not found either, so that this says nothing."
        made = not_run(INFERABLE, subject, text, remedy=Remedy(text="Give more rows."))
    else:
        made = holds(INFERABLE, subject, f"{text} No more than the agreed {agreed:.0%}.")
    return replace(made, measure=measure)


def _leak_text(found: "Told", rounded: str) -> str:
    who = (
        f"who supplies input {found.owner} and sees the forecast with it moved" if found.owner else "who sees them only"
    )
    low, high = found.interval
    return (
        f"Forecasts, published {rounded}, tell somebody {who} about the {_named(found.statistic)}: of the variance "
        f"that they could not explain before, {found.share:.1%} (interval {low:.1%} to {high:.1%}, n {found.n:,}; "
        f"the worst of {found.compared} statistics and attackers). Out of sample they explain {found.before:.1%} "
        f"without forecasts, {found.after:.1%} with them."
    )


def _named(statistic: str) -> str:
    return statistic if " of the " in statistic else f"value of input {statistic}"


def _rewarded(have: Have) -> Finding:
    seen, agreed = Published(have), _agreed(have)
    low, high = _ranges(have.system, seen.names)
    if seen.who is not None:
        pulls = by_rows(seen.x, seen.ask, seen.who, low, high)
        what = f"the mean forecast of {len(seen.x):,} rows"
        pulls = tuple(replace(one, who=f"contributor {digest(one.who.encode())[:6]}…") for one in pulls)
    else:
        x = seen.x[np.sort(have.rng.permutation(len(seen.x))[:_TRIED])]
        pulls = by_columns(x, seen.ask, _owners(have.system, seen.names), low, high)
        what = f"a forecast, of {len(x):,} that were tried,"
    if len(pulls) == 1:
        text = "All inputs are one participant's, who may move them as they like; nobody else can be outvoted."
        return not_run(REWARDED, have.subject.id, text, remedy=Remedy(text=_DECLARE_OWNERS))
    return _pulled(have, pulls, what, agreed)


def _pulled(have: Have, pulls: Sequence[Pull], what: str, agreed: float) -> Finding:
    worst, n = pulls[0], len(pulls)
    measure = Measure(
        name="pull_of_one_participant", value=worst.share, n=n, threshold=agreed, comparator="<=", unit="share"
    )
    text = (
        f"Within the declared ranges {worst.who} moves {what} by {worst.effect:.4g}: {worst.share:.1%} of what all "
        f"{n:,} participants together can do (an even share is {1 / n:.1%}); at most {agreed:.0%} are agreed."
    )
    if worst.share > agreed:
        found = broken(REWARDED, have.subject.id, text, _CAP, measure=measure)
    else:
        found = holds(REWARDED, have.subject.id, f"{text} Found by a search; more may be possible.", measure=measure)
    picture = Shares(
        title="What each participant can do, of what all can",
        names=tuple(one.who for one in pulls[:_SHOWN]),
        values=tuple(one.share for one in pulls[:_SHOWN]),
        expected=1 / n,
        flagged=tuple(one.who for one in pulls[:_SHOWN] if one.share > agreed),
    )
    return replace(found, detail=pictured([picture]))


def _ranges(system: System, names: Sequence[str]) -> tuple[Matrix, Matrix]:
    declared = {one.name: one.range for one in system.features}
    lacking = [name for name in names if declared.get(name) is None]
    if lacking:
        raise InputError(
            f"the range of input {lacking[0]} is not declared", remedy="Give its [[feature]] the key 'range'."
        )
    found = np.array([declared[name] for name in names], dtype=np.float64)
    return found[:, 0], found[:, 1]


def _owners(system: System, names: Sequence[str]) -> Mapping[str, list[int]]:
    origin = {one.name: one.from_ for one in system.features}
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        if origin.get(name) is None:
            raise InputError(f"nobody says who supplies input {name}", remedy=_DECLARE_OWNERS)
        found.setdefault(str(origin[name]), []).append(place)
    return found


def _agreed(have: Have) -> float:
    stance = have.system.stance(CONTROL)
    return AGREED if stance is None or stance.threshold is None else min(max(stance.threshold, 0.0), 1.0)


CHECKS = (
    Check(
        id=INFERABLE,
        subjects=forecasters,
        run=partial(told_why, INFERABLE, "task", _inferable),
        needs=(DatasetFile, ModelFile),
        tier=Tier.MINUTES,
        extra="sklearn",
        adjustable=True,
    ),
    Check(
        id=REWARDED,
        subjects=forecasters,
        run=partial(told_why, REWARDED, "task", _rewarded),
        needs=(DatasetFile, ModelFile),
        tier=Tier.MINUTES,
        adjustable=True,
    ),
)
