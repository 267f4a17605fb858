"""What copies reached, as findings with pictures; the figure is of the attacks that were tried, no bound on others."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from redan.attacks.extraction.campaign import Copied
from redan.attacks.extraction.form import Shown
from redan.attacks.extraction.portrayal import drawn_portraits, portraits_json, told_portraits
from redan.attacks.extraction.reach import Extraction, Point
from redan.canon import Json
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.attack_pictures import Band
from redan.findings.extraction_picture import FidelityCurve
from redan.findings.pictures import Picture, pictured
from redan.measures.robustness import Rate, bars
from redan.measures.robustness.accuracy import counted
from redan.terms import Level

MEASURED = "AIPS-ORA-01/bare-model-extraction-is-measured"
BOUNDED = "AIPS-ORA-01/budget-keeps-copies-poor"
ROTATED = "AIPS-ORA-02/rotation-outpaces-extraction"
THRESHOLD = 0.9
_LEVEL = 0.05
_LINES = 4
_BRAKE = Remedy(
    text="Lower the budget of questions, or give labels or rounded scores; the curve shows where it brakes.",
    effort=Level.MEDIUM,
)
_STEADY = Remedy(text="Attack the model itself, before its answers are changed.")
_SAMPLES = Remedy(text="Give samples of all classes.")
_RETRAIN = Remedy(
    text="Retrain with fresh data and another seed, at an interval shorter than extraction takes.", effort=Level.MEDIUM
)


def tell(copied: Copied, subject: str, *, budget: int, threshold: float = THRESHOLD) -> Iterator[Finding]:
    """How good copies are, whether the budget keeps them below the agreed bound, and what rotation leaves of them.

    Broken when the best copy is above the bound for sure, with the interval widened for the number of copies that were
    compared; holds only when it is below for sure.

    Args:
        copied: what a campaign found.
        subject: the model.
        budget: questions of each attack.
        threshold: fidelity that is agreed on; nine answers in ten by default, which serves in the model's place.
    """
    shown, made = copied.forms[0]
    bare = next((pair for pair in copied.forms if pair[0].exact), copied.forms[0])
    yield _measured(copied, subject, bare, threshold)
    yield _bounded(copied, subject, (shown, made), (budget, threshold))
    if copied.rotation is not None:
        yield _rotated(copied, subject, threshold)


def reached(made: Sequence[Extraction]) -> tuple[Extraction, Point, Rate] | None:
    """The best copy of several attacks, with an interval that holds for all copies that were compared.

    Returns:
        None when nothing was answered.
    """
    points = [(one, point) for one in made for point in one.points]
    if not points:
        return None
    attack, point = max(points, key=lambda pair: pair[1].fidelity.hits)
    fidelity = point.fidelity
    return attack, point, counted(fidelity.hits, fidelity.n, 1 - _LEVEL / len(points))


def _measured(copied: Copied, subject: str, bare: tuple[Shown, tuple[Extraction, ...]], threshold: float) -> Finding:
    shown, made = bare
    best, part = reached(made), str(shown)
    detail = _detail(copied, threshold)
    if copied.by.constant:
        text = "The model gives one answer to every sample, so that a copy tells nothing."
        return replace(not_run(MEASURED, subject, text, remedy=_SAMPLES, part=part), detail=detail)
    if best is None:
        refused = next((one.refused for one in made if one.refused), "nothing was asked")
        text = f"Nothing was answered: {refused}."
        return replace(not_run(MEASURED, subject, text, part=part), detail=detail)
    measure = _fidelity(best[2], None)
    return replace(holds(MEASURED, subject, _sentence(copied, shown, best), part=part, measure=measure), detail=detail)


def _bounded(
    copied: Copied,
    subject: str,
    served: tuple[Shown, tuple[Extraction, ...]],
    agreed: tuple[int, float],
) -> Finding:
    (shown, made), (budget, threshold) = served, agreed
    best, part = reached(made), f"{shown}, {budget:,} questions"
    if copied.by.constant or best is None:
        return not_run(BOUNDED, subject, "No copy was made that could be compared.", part=part)
    attack, point, fidelity = best
    refused = sorted({one.refused for one in made if one.refused})
    text = f"Answering {shown}, up to {budget:,} questions: {_reached(attack, point, fidelity)}"
    text += f" The service ended attacks: {refused[0]}." if refused else ""
    measure = _fidelity(fidelity, threshold)
    low, high = fidelity.interval
    unsteady = _unsteady(copied)
    text += unsteady
    if low >= threshold:
        why = _prior(copied, threshold)
        text += f" That is not below the agreed {threshold:.0%}.{why}"
        return broken(BOUNDED, subject, text, _BRAKE, part=part, measure=measure)
    if high < threshold and unsteady:
        text += " A copy cannot agree with it more often than it does itself, so that a low figure says little."
        return replace(not_run(BOUNDED, subject, text, remedy=_STEADY, part=part), measure=measure)
    if high < threshold:
        text += f" That is below the agreed {threshold:.0%}; other attacks may reach more."
        return holds(BOUNDED, subject, text, part=part, measure=measure)
    text += f" Whether that is below the agreed {threshold:.0%} cannot be told with {fidelity.n:,} samples."
    more = Remedy(text="Give more samples.")
    return replace(not_run(BOUNDED, subject, text, remedy=more, part=part), measure=measure)


def _unsteady(copied: Copied) -> str:
    """How a service answers samples that it was asked before; empty where it answers as it did."""
    again = copied.again
    if again is None or again.hits == again.n:
        return ""
    low, high = again.interval
    return (
        f" Asked again afterwards, the service answered {again.hits:,} of {again.n:,} samples as before "
        f"({again.value or 0:.1%}, 95 % interval {low:.1%} to {high:.1%}): its answers are noisy, or it changed "
        "meanwhile."
    )


def _rotated(copied: Copied, subject: str, threshold: float) -> Finding:
    rotation = copied.rotation
    if rotation is None or rotation.copy.value is None or rotation.models.value is None:
        return not_run(ROTATED, subject, "No next generation was compared.")
    low, high = rotation.copy.interval
    text = (
        f"The best copy agrees with the next generation on {rotation.copy.value:.1%} of samples "
        f"(95 % interval {low:.1%} to {high:.1%}); both generations agree on {rotation.models.value:.1%}."
    )
    measure = _fidelity(rotation.copy, threshold)
    if low >= threshold:
        text += f" Replacing the model leaves the copy at the agreed {threshold:.0%} or above."
        return broken(ROTATED, subject, text, _RETRAIN, measure=measure)
    if high < threshold:
        return holds(ROTATED, subject, f"{text} That is below the agreed {threshold:.0%}.", measure=measure)
    more = Remedy(text="Give more samples.")
    text += f" Whether that is below the agreed {threshold:.0%} cannot be told with {rotation.copy.n:,} samples."
    return replace(not_run(ROTATED, subject, text, remedy=more), measure=measure)


def _sentence(copied: Copied, shown: Shown, best: tuple[Extraction, Point, Rate]) -> str:
    attack, point, fidelity = best
    parts = [
        f"Answering {shown}: {_reached(attack, point, fidelity)}",
        f"The attacker has {copied.known:,} inputs of the same kind; {fidelity.n:,} others judge.",
        f"{copied.by.majority.value or 0:.1%} without knowing anything but the most frequent answer"
        + (f", {copied.without.value or 0:.1%} with true classes and no question" if copied.without else "")
        + ".",
    ]
    if copied.second is not None:
        parts.append(f"A model trained alike from another seed agrees on {copied.second.value or 0:.1%}.")
    elif copied.alike is not None:
        parts.append(f"Two models of the attacker's own kind, from two seeds, agree on {copied.alike.value or 0:.1%}.")
    if copied.unknowns:
        parts.append(
            f"Its answers told {point.told:,.0f} of the model's {copied.unknowns:,} unknowns at most: "
            f"a leak budget of {point.told / copied.unknowns:.2g} allows this copy."
        )
    if copied.portraits is not None:
        parts.append(told_portraits(copied.portraits))
    return " ".join([*parts, *copied.notes])


def _reached(attack: Extraction, point: Point, fidelity: Rate) -> str:
    low, high = fidelity.interval
    text = (
        f"{attack.attack} makes the best copy, with {point.queries:,} questions; it answers {fidelity.value or 0:.1%} "
        f"of samples as the model does (95 % interval for all copies together {low:.1%} to {high:.1%}) and "
        f"{point.uniform.value or 0:.1%} of random inputs"
    )
    if point.accuracy is None:
        return f"{text}."
    return f"{text}, and is right on {point.accuracy.value or 0:.1%}."


def _prior(copied: Copied, threshold: float) -> str:
    level = max(copied.by.majority.value or 0.0, (copied.without.value or 0.0) if copied.without else 0.0)
    return f" Without a question {level:.1%} are reached, so that no budget meets it." if level >= threshold else ""


def _fidelity(of: Rate, threshold: float | None) -> Measure:
    return Measure(
        name="fidelity",
        value=of.value,
        interval=of.interval,
        n=of.n,
        threshold=threshold,
        comparator="<=",
        unit="share",
        confidence=of.confidence,
    )


def _detail(copied: Copied, threshold: float) -> dict[str, Json]:
    beside: dict[str, Json] = {name: rate.value for name, rate in _levels(copied)}
    return {
        "beside": beside,
        "unknowns": copied.unknowns,
        "attacker_inputs": copied.known,
        "forms": [{"answers": str(shown), "attacks": [_told(one) for one in made]} for shown, made in copied.forms],
        "cost": copied.cost.to_json(seconds=False),
        "portraits": None if copied.portraits is None else portraits_json(copied.portraits),
        **pictured(_pictures(copied, threshold)),
    }


def _told(made: Extraction) -> dict[str, Json]:
    points: list[Json] = [
        {
            "queries": point.queries,
            "unknowns_told": round(point.told, 3),
            "fidelity": _fidelity(point.fidelity, None).to_json(),
            "fidelity_uniform": _fidelity(point.uniform, None).to_json(),
            "accuracy": None if point.accuracy is None else point.accuracy.measure("accuracy").to_json(),
        }
        for point in made.points
    ]
    return {"attack": made.attack, "refused": made.refused, "points": points, "cost": made.cost.to_json(seconds=False)}


def _levels(copied: Copied) -> list[tuple[str, Rate]]:
    found = [
        ("the most frequent answer", copied.by.majority),
        ("a model that asked nothing", copied.without),
        ("two models of the attacker's kind", copied.alike),
        ("a model trained alike", copied.second),
        ("the model's own accuracy", copied.by.accuracy),
        ("the service, asked again", copied.again),
    ]
    return [(name, rate) for name, rate in found if rate is not None]


def _pictures(copied: Copied, threshold: float) -> Iterator[Picture]:
    levels = tuple((name, rate.value) for name, rate in _levels(copied) if rate.value is not None)
    for shown, made in copied.forms:
        for what, uniform in (("samples", False), ("random inputs", True)):
            curve = _curve(f"Fidelity on {what}, answering {shown}", made, uniform=uniform)
            if curve is not None:
                yield curve if uniform else replace(curve, threshold=threshold, levels=levels)
    best = [(str(shown), found) for shown, made in copied.forms if (found := reached(made)) is not None]
    rates = [(f"best copy, {name}", found[2]) for name, found in best]
    yield bars("Agreement with the model", [*rates, *_levels(copied)])
    if copied.portraits is not None:
        yield drawn_portraits(copied.portraits, copied.by)


def _curve(title: str, made: Sequence[Extraction], *, uniform: bool) -> FidelityCurve | None:
    best = sorted((place for place, one in enumerate(made) if one.points), key=lambda place: -_most(made[place]))
    shown = [made[place] for place in sorted(best[:_LINES])]  # so that an attack has the same colour in each picture
    queries = tuple(sorted({point.queries for one in shown for point in one.points}))
    if not queries:
        return None
    lines = []
    for one in shown:
        at = {point.queries: point.uniform if uniform else point.fidelity for point in one.points}
        found = [at.get(count) for count in queries]
        lines.append(
            Band(
                name=one.attack,
                values=tuple(None if rate is None else rate.value for rate in found),
                intervals=tuple(None if rate is None else rate.interval for rate in found),
            )
        )
    return FidelityCurve(title=title, queries=queries, lines=tuple(lines))


def _most(made: Extraction) -> int:
    return made.best.fidelity.hits if made.best is not None else -1
