"""What membership attacks found, as a finding with pictures: an average over records, and the records most at risk."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.membership.campaign import Inferred
from redan.attacks.inference.membership.judging import RATES, Tested
from redan.attacks.inference.membership.verdict import MULTIPLE, Verdict, lowest, verdict
from redan.canon import Json
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.attack_pictures import Band
from redan.findings.pictures import Distributions, Picture, pictured
from redan.findings.roc_picture import LogRoc
from redan.stats.roc import Roc, roc
from redan.terms import Level, Outcome

CHECK = "AIPS-INF-01/membership-leak-is-bounded"
TOP = 20
_LINES = 3
_PER_DECADE = 8
_BINS = 12
_RISKS = (0.001, 0.01, 0.1, 0.5, 1.0)
_REMEDY = Remedy(
    text="Reduce overfitting, remove copied rows, withhold or round scores, and train with differential privacy where "
    "the risk demands it.",
    effort=Level.HIGH,
)
_WORDS = {"loss": "one threshold on the loss", "quantiles": "quantile regression"}


def tell(found: Inferred, subject: str, *, multiple: float = MULTIPLE, check: str = CHECK) -> Finding:
    """Whether members are recognised more often than is agreed.

    Args:
        found: by a campaign.
        subject: the model.
        multiple: of the false-positive rate that true-positive rates stay below.
        check: full id.
    """
    judged = verdict(found, multiple)
    measure = _measure(judged, multiple)
    text = _sentence(found, judged, multiple)
    if judged.outcome is Outcome.BROKEN:
        finding = broken(check, subject, text, _REMEDY, measure=measure)
    elif judged.outcome is Outcome.HOLDS:
        finding = holds(check, subject, text, measure=measure)
    else:
        finding = replace(not_run(check, subject, text, remedy=Remedy(text=judged.advice)), measure=measure)
    return replace(finding, detail=_detail(found, multiple))


def records_at_risk(found: Inferred, top: int = TOP) -> list[tuple[str, float]]:
    """The members that the first attack is surest of.

    Returns:
        The name of each, and the share of non-members that score as high, counted with the record itself, so that it
        is never nothing.
    """
    tested = found.tested[0]
    scores, truth = tested.scores[0], tested.members[0]
    share = _exceeded(scores, truth)
    places = np.flatnonzero(truth)
    order = places[np.argsort(-scores[places], kind="stable")][:top]
    return [(found.names[one] if found.names else f"sample {one}", float(share[one])) for one in order.tolist()]


def _exceeded(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    others = np.sort(scores[~truth])
    above = len(others) - np.searchsorted(others, scores, side="left")
    return np.asarray((above + 1) / (len(others) + 1))


def _measure(judged: Verdict, multiple: float) -> Measure:
    at = judged.at
    return Measure(
        name=f"true_positive_rate_at_{at.rate:g}",
        value=at.value,
        interval=at.bounds,
        n=at.positives,
        threshold=multiple * at.rate,
        unit="share",
    )


def _sentence(found: Inferred, judged: Verdict, multiple: float) -> str:
    at, tested = judged.at, judged.by
    area = tested.area
    parts = [
        f"At a false-positive rate of {at.rate:.1%}, {_name(tested)} recognises {at.value:.2%} of {at.positives:,} "
        f"members (95 % interval for all attacks together {at.bounds.low:.2%} to {at.bounds.high:.2%}), while "
        f"{at.alarms} of {at.negatives:,} non-members are taken for members; agreed: {multiple * at.rate:.1%} at most.",
        f"The area is {area.value:.3f} ({area.interval.low:.3f} to {area.interval.high:.3f}).",
        f"The lowest false-positive rate that so many non-members can show is {lowest(found):.2%}.",
    ]
    if judged.why:
        parts.insert(0, f"It cannot be told whether members are recognised more often than agreed: {judged.why}.")
    if found.recipe:
        count = len(found.matrix.shadows)
        parts.append(f"The attacker has records of both kinds and trained {count} shadows ({found.recipe}).")
    if found.accuracy is not None:
        parts.append(f"The model is right on {found.accuracy[0]:.1%} of members and {found.accuracy[1]:.1%} of others.")
    if found.others is not None:
        rates = sorted(one.at(at.rate).value for one in _curves(found.others))
        parts.append(
            f"On {len(rates)} models trained alike, {_name(found.others)} recognises {rates[0]:.2%} to {rates[-1]:.2%}."
        )
    if found.cost.queries:
        parts.append(f"The model answered {found.cost.queries:,} times.")
    parts.append("This is an average over records, and no bound on any of them.")
    text = " ".join([*parts, *found.notes])
    return text[:1].upper() + text[1:]


def _curves(tested: Tested) -> list[Roc]:
    return [roc(s[t], s[~t]) for s, t in zip(tested.scores, tested.members, strict=True)]


def _name(tested: Tested) -> str:
    known = _WORDS.get(tested.attack)
    if known:
        return known
    word = tested.attack.replace("lira", "LiRA").replace("rmia", "RMIA")
    return f"{word} with {tested.shadows} shadows"


def _detail(found: Inferred, multiple: float) -> dict[str, Json]:
    attacks: list[Json] = [_told(one) for one in found.tested]
    records: list[Json] = [{"record": name, "others_as_high": share} for name, share in records_at_risk(found)]
    blind: list[Json] = [
        {"by": one.by, "area": one.area.value, "interval": [*one.area.interval]} for one in found.blind
    ]
    likeness: Json = None if found.likeness is None else [*found.likeness.unlike]
    return {
        "attacks": attacks,
        "blind": blind,
        "shadows_unlike": likeness,
        "records_most_at_risk": records,
        "members": found.tested[0].curve.positives,
        "non_members": found.tested[0].curve.negatives,
        "cost": found.cost.to_json(seconds=False),
        **pictured(_pictures(found, multiple)),
    }


def _told(tested: Tested) -> dict[str, Json]:
    points: list[Json] = []
    for rate in RATES:
        at = tested.curve.at(rate)
        points.append(
            {
                "rate": rate,
                "true_positive_rate": at.value,
                "interval": [*at.tpr],
                "false_positive_interval": [*at.fpr],
                "bounds": [*at.bounds],
            }
        )
    return {
        "attack": tested.attack,
        "shadows": tested.shadows,
        "area": tested.area.value,
        "area_interval": [*tested.area.interval],
        "points": points,
    }


def _pictures(found: Inferred, multiple: float) -> Iterator[Picture]:
    first = found.tested[0]
    yield _curve(found, multiple)
    yield _histogram(first)
    yield _risks(first)


def _curve(found: Inferred, multiple: float) -> LogRoc:
    negatives = found.tested[0].curve.negatives
    shown = lowest(found)
    decades = max(1, min(6, int(np.ceil(np.log10(negatives)))))
    rates = tuple(float(rate) for rate in np.logspace(-decades, 0, decades * _PER_DECADE + 1))
    lines = [_line(_name(one), one.curve, rates, banded=place == 0) for place, one in enumerate(found.tested[:_LINES])]
    if found.blind:
        lines.append(_line("without the model", found.blind[0].curve, rates, banded=False))
    return LogRoc(
        title="Members found over non-members taken for members",
        rates=rates,
        lines=tuple(lines),
        lowest=shown,
        multiple=multiple,
    )


def _line(name: str, curve: Roc, rates: tuple[float, ...], *, banded: bool) -> Band:
    inner = [min(rate, 1 - 1e-12) for rate in rates]
    values = [curve.at(rate).value if rate < rates[-1] else 1.0 for rate in inner[:-1]] + [1.0]
    bounds = tuple(curve.bounds(rate) for rate in inner) if banded else ()
    return Band(name=name, values=tuple(values), intervals=bounds)


def _histogram(tested: Tested) -> Distributions:
    scores, truth = tested.scores[0], tested.members[0]
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, _BINS + 1)[1:-1]))
    names = [f"up to {edge:.3g}" for edge in edges] + ["above"]
    both = [
        np.bincount(np.searchsorted(edges, scores[side]), minlength=len(names)) / side.sum() for side in (~truth, truth)
    ]
    return Distributions(
        title=f"Scores of {_name(tested)}",
        names=("non-members", "members"),
        bins=tuple(names),
        reference=tuple(both[0].tolist()),
        current=tuple(both[1].tolist()),
    )


def _risks(tested: Tested) -> Distributions:
    """How members are spread over risks, beside what chance would make of them."""
    scores, truth = tested.scores[0], tested.members[0]
    share = _exceeded(scores, truth)[truth]
    edges = np.array(_RISKS)
    kept = edges[edges >= 1.0 / (int((~truth).sum()) + 1)]
    counts = np.bincount(np.searchsorted(kept, share), minlength=len(kept))[: len(kept)] / len(share)
    names = [f"as high: {one:.1%} of others or fewer" if one < 1 else "more" for one in kept.tolist()]
    return Distributions(
        title="Risk of each record, by the share of non-members that score as high",
        names=("chance", "members"),
        bins=tuple(names),
        reference=tuple(np.diff([0.0, *kept]).tolist()),
        current=tuple(counts.tolist()),
    )
