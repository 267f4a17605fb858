"""What a transformation before the model costs, and what it takes from an attacker who knows it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.canon import Json
from redan.controls.attacked import (
    SAMPLES,
    Attacked,
    attacked,
    for_each_threat,
    model_of_id,
    network_of,
    subject_of,
    targets,
    threshold_of,
    told_why,
)
from redan.controls.contract import Check, Have, Subject
from redan.controls.entrances import uncontrolled
from redan.errors import InputError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import pictured
from redan.measures.robustness import Paired, bars, paired
from redan.system.system import System
from redan.terms import Level, Tier

if TYPE_CHECKING:
    from redan.attacks.failure.signs import Sign
    from redan.attacks.threat import Threat
    from redan.defences.beside import Beside
    from redan.defences.transformations import Transformation

CONTROL = "AIPS-EVA-02"
KEPT = f"{CONTROL}/clean-accuracy-is-kept"
WEAKENED = f"{CONTROL}/adaptive-attack-is-weakened"
COST = 0.02  # of clean accuracy
GAIN = 0.05  # of robust accuracy: less is not worth a component that somebody has to maintain
_MOST = 5000
_ANY = "linf:1"  # clean input is not attacked, whatever is declared
_UNIT = (0.0, 1.0)
_OF_UNIT = ("bit-depth", "jpeg")
_WATCHED = 32
_DECLARE = "write it into the key 'transformation', such as \"bit-depth:4\", or reject the control with the reason"
_DROP = Remedy(
    text="Leave it out, for it gives no protection; harden the model itself, and measure again.", effort=Level.HIGH
)
_WEAKER = Remedy(text="Choose a weaker transformation, or train the model on transformed input.", effort=Level.MEDIUM)
_MORE = Remedy(text="Give more samples.")


def _subjects(system: System) -> Iterator[Subject]:
    """Models that have a transformation, or that are to withstand something and are open to people nobody controls."""
    return (
        subject_of(system, m) for m in targets(system) if m.transformation or (m.threats and uncontrolled(system, m))
    )


def _transformation(have: Have) -> "Transformation":
    """What stands before the model.

    Raises:
        InputError: nothing does, or it is none of the model's inputs.
    """
    from redan.defences.transformations import named

    model = model_of_id(have.system, have.subject.elements[0])
    text = model.transformation
    if text is None:
        where = " and ".join(uncontrolled(have.system, model))
        raise InputError(f"nobody controls what {where} sends, and nothing transforms it", remedy=_DECLARE)
    if text.partition(":")[0] in _OF_UNIT and model.box != _UNIT:
        raise InputError(f"{text} is of values from 0 to 1, the box is from {model.box[0]:g} to {model.box[1]:g}")
    return named(text)


def _weakened(have: Have) -> Iterator[Finding]:
    def ask(what: Attacked, text: str, threat: "Threat") -> Finding:
        from redan.defences import transformations
        from redan.defences.transformations.report import without_limit

        change, read = _transformation(have), what.samples(SAMPLES)
        alone = network_of(what.path, read).module
        made = transformations.beside(change, alone, read.x, read.y, threat=threat, seed=what.seed)
        x, y = read.x[:_WATCHED], read.y[:_WATCHED]
        free = without_limit(_transformation(have), alone, x, y, threat=threat, seed=what.seed)
        return _gained(have, made, text, free)

    yield from for_each_threat(have, WEAKENED, ask)


def _gained(have: Have, made: "Beside", text: str, free: "Sign") -> Finding:
    gain, name = made.robustness, model_of_id(have.system, have.subject.elements[0]).transformation
    if gain is None:
        raise InputError("the two were not compared", remedy="report this")
    low, high = gain.interval
    measure = _measure("robust_accuracy_gained", gain, GAIN)
    told = (
        f"Under {text}, {made.aware.value or 0.0:.1%} of {gain.n:,} samples stay right behind {name} when the attacker "
        f"knows it, {made.unaware.value or 0.0:.1%} when not, {made.without.value or 0.0:.1%} without it: "
        f"a gain of {100 * gain.difference:.1f} points (95 % interval {100 * low:.1f} to {100 * high:.1f})."
    )
    if high < GAIN:
        found = broken(WEAKENED, have.subject.id, f"{told} That is less than {100 * GAIN:.0f}.", _DROP, measure=measure)
    elif low < GAIN:
        more = f"{told} Whether that is more than {100 * GAIN:.0f} cannot be told."
        found = not_run(WEAKENED, have.subject.id, more, remedy=_MORE)
    elif free.fired:
        found = not_run(WEAKENED, have.subject.id, f"{told} That is not to be believed: {free.message}")
    else:
        more = f"{told} That is more than {100 * GAIN:.0f}; no more than an upper bound, as attacks prove nothing."
        found = holds(WEAKENED, have.subject.id, more, measure=measure)
    return replace(found, detail=_detail(made))


def _measure(name: str, found: Paired, threshold: float) -> Measure:
    return Measure(
        name=name,
        value=found.difference,
        interval=found.interval,
        n=found.n,
        threshold=threshold,
        comparator=">=",
        unit="share",
    )


def _detail(made: "Beside") -> dict[str, Json]:
    rows = (
        ("alone, no attack", made.clean_without),
        ("alone, attacked", made.without),
        ("transformed, no attack", made.clean),
        ("transformed, attacker does not know", made.unaware),
        ("transformed, attacker knows", made.aware),
    )
    picture = bars("Accuracy with the transformation and without", rows)
    return {
        "clean_accuracy": made.clean.measure("clean_accuracy").to_json(),
        "robust_accuracy": made.aware.measure("robust_accuracy").to_json(),
        "first_breaker": dict(made.first_breaker),
        "cost": made.cost.to_json(seconds=False),
        **pictured([picture]),
    }


def _kept(have: Have) -> Iterator[Finding]:
    from redan.attacks.evasion.network import Network
    from redan.defences.transformations.report import Deployed, Effort

    model = model_of_id(have.system, have.subject.elements[0])
    change, what = _transformation(have), attacked(have, model.threats or (_ANY,))
    read = what.samples(_MOST)
    alone = network_of(what.path, read)
    behind = Network(Deployed(change, alone.module, Effort().votes))
    right, still = alone.labels(read.x) == read.y, behind.labels(read.x) == read.y
    yield _cost(have, paired(~right, ~still), float(right.mean()), float(still.mean()))


def _cost(have: Have, lost: Paired, before: float, after: float) -> Finding:
    subject, agreed = have.subject.id, threshold_of(have, CONTROL, COST)
    name = model_of_id(have.system, subject).transformation
    low, high = lost.interval
    measure = replace(_measure("clean_accuracy_lost", lost, agreed), comparator="<=")
    told = (
        f"Behind {name}, {after:.1%} of {lost.n:,} samples are right, {before:.1%} without it: a loss of "
        f"{100 * lost.difference:.1f} points (95 % interval {100 * low:.1f} to {100 * high:.1f})"
    )
    if low > agreed:
        return broken(KEPT, subject, f"{told}, more than the agreed {100 * agreed:.1f}.", _WEAKER, measure=measure)
    if high > agreed:
        reason = f"{told}; whether that is within the agreed {100 * agreed:.1f} cannot be told."
        return not_run(KEPT, subject, reason, remedy=_MORE)
    return holds(KEPT, subject, f"{told}, within the agreed {100 * agreed:.1f}.", measure=measure)


CHECKS = (
    Check(
        id=KEPT,
        subjects=_subjects,
        run=told_why(KEPT, "transformation", _kept),
        needs=(ModelFile, DatasetFile),
        tier=Tier.MINUTES,
        extra="torch",
        adjustable=True,
    ),
    Check(
        id=WEAKENED,
        subjects=_subjects,
        run=told_why(WEAKENED, "transformation", _weakened),
        needs=(ModelFile, DatasetFile),
        tier=Tier.GPU,
        extra="torch",
    ),
)
