"""How far planted canaries stand out in a model that was trained on them."""

from collections.abc import Iterable, Iterator

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_parts import CanariesFile
from redan.attacks.inference.canaries import CanarySet, read_canaries
from redan.attacks.inference.canaries_losses import try_canaries
from redan.attacks.inference.exposure import CanaryTest
from redan.canon import Json
from redan.controls.attacked import model_of_id, told_why
from redan.controls.canaried import losses_of
from redan.controls.contract import Check, Have, Subject
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Shares, pictured
from redan.system.system import System
from redan.terms import Level, Tier

CONTROL = "AIPS-INF-02"
EXPOSED = f"{CONTROL}/canaries-are-not-exposed"
_SHOWN = 24
_PLANT = Remedy(
    text="Plant random secrets in the training data, train on it, and name the secret list in the model's key "
    "'canaries'.",
    command="redan defend canaries train.csv --label LABEL --out train-with-canaries.csv --secret canaries.json",
    effort=Level.MEDIUM,
)
_FORGET = Remedy(
    text="Remove rare secrets and copies before training, stop training earlier or regularise, or train with "
    "differential privacy; then measure again.",
    effort=Level.HIGH,
)


def _subjects(system: System) -> Iterable[Subject]:
    return tuple(
        Subject(f"model:{m.name}", (f"model:{m.name}", *(f"dataset:{name}" for name in m.trained_on)))
        for m in system.models
        if m.path and m.trained_on
    )


def _run(have: Have) -> Iterator[Finding]:
    subject = have.subject.id
    given = have.all(CanariesFile)
    if not given:
        text = "No canaries were planted in its training data (key 'canaries'), so nobody can say what it memorised."
        yield not_run(EXPOSED, subject, text, remedy=_PLANT)
        return
    canaries = read_canaries(given[0].path)
    files = have.all(DatasetFile)
    if canaries.data not in {file.digest for file in files}:
        text = (
            "The canaries were planted into other data than the model was trained on: no dataset of its key "
            "'trained_on' has the digest that the list names."
        )
        yield not_run(EXPOSED, subject, text, remedy=_PLANT)
        return
    model = model_of_id(have.system, subject)
    stance = have.system.stance(CONTROL)
    bound = None if stance is None else stance.threshold
    test = try_canaries(canaries, losses_of(have, model, canaries), bound=bound)
    yield _finding(subject, model.name, canaries, test)


def _finding(subject: str, name: str, canaries: CanarySet, test: CanaryTest) -> Finding:
    worst, count = test.worst, len(test.exposures)
    exposed = sum(one.against(test.bound) == "exposed" for one in test.exposures)
    open_ = sum(one.against(test.bound) == "open" for one in test.exposures)
    measure = Measure(
        name="exposure", value=worst.bits, interval=worst.interval, n=worst.references,
        threshold=None if test.verdict == "open" else test.bound, unit="bits",
    )  # fmt: skip
    among = "all" if worst.exact else f"{worst.references:,} drawn of"
    text = (
        f"Of {count} canaries in model {name}, {exposed} stand out by more than {test.bound:.1f} bits; the worst, "
        f"planted {_times(worst.repeats)}, is number {worst.rank:,} of {among} {canaries.space:,} secrets by the "
        f"model's loss: {worst.bits:.1f} bits (95 % interval {worst.interval.low:.1f} to {worst.interval.high:.1f}). "
        f"{sum(test.memorised)} were memorised beyond chance. Assumed is somebody who may ask the model for its scores "
        "and knows all of the canary but its random part."
    )
    if test.verdict == "exposed":
        made = broken(EXPOSED, subject, text, _FORGET, measure=measure)
    elif test.verdict == "bounded":
        made = holds(EXPOSED, subject, text, measure=measure)
    else:
        text += f" For {open_} of them the intervals hold the bound, so that nothing is claimed."
        made = not_run(EXPOSED, subject, text)
    return Finding(
        check=EXPOSED, subject=subject, outcome=made.outcome, message=text, measure=measure, remedy=made.remedy,
        detail=_detail(canaries, test),
    )  # fmt: skip


def _times(repeats: int) -> str:
    return {0: "never", 1: "once"}.get(repeats, f"{repeats:,} times")


def _detail(canaries: CanarySet, test: CanaryTest) -> dict[str, Json]:
    pairs = list(enumerate(test.exposures))
    each: list[Json] = [
        {
            "canary": canaries.digest(place),
            "repeats": one.repeats,
            "bits": one.bits,
            "interval": [one.interval.low, one.interval.high],
            "rank": one.rank,
            "tied": one.tied,
            "references": one.references,
            "exact": one.exact,
            "adjusted_p": p,
        }
        for (place, one), p in zip(pairs, test.adjusted, strict=True)
    ]
    shown = sorted(pairs, key=lambda pair: (pair[1].repeats, pair[0]))[:_SHOWN]
    names = tuple(f"{canaries.digest(place)[:4]}: {_times(one.repeats)}" for place, one in shown)
    drawn = Shares(
        title=f"Exposure of each canary in bits; {test.bound:.1f} are accepted",
        names=names,
        values=tuple(one.bits for _, one in shown),
        intervals=tuple(one.interval for _, one in shown),
        flagged=tuple(n for n, (_, one) in zip(names, shown, strict=True) if one.against(test.bound) == "exposed"),
    )
    return {
        "attacker": "may ask for scores, knows the canary but its random part",
        "bound": test.bound,
        "canaries": each,
        **pictured([drawn]),
    }


CHECKS = (
    Check(
        id=EXPOSED,
        subjects=_subjects,
        run=told_why(EXPOSED, "canaries", _run),
        needs=(ModelFile, CanariesFile, DatasetFile),
        tier=Tier.MINUTES,
        adjustable=True,
    ),
)
