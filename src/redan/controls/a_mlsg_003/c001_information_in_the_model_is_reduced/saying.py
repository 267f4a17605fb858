"""How a fall of leakage, or none, is told."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from redan.artifacts.model_file import ModelFile
from redan.canon import Json
from redan.controls.attacked import model_of_id
from redan.controls.contract import Have
from redan.defences.reduction.gain import Gain
from redan.findings import Finding, Measure, Remedy, broken, holds
from redan.findings.pictures import Shares, pictured
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level

CONTROL = "A-MLSG-003-C001"
_UNCLAIM = Remedy(
    text="Do not count the reduction as a protection (leave out the key 'reduces'), or reduce further and measure "
    "again; where secrets must not leak, train with a privacy guarantee.",
    effort=Level.HIGH,
)
_VERDICTS = {
    "lower": "Model {after}, reduced from model {before}, tells less of {what}",
    "no proven gain": "Model {after} is said to reduce model {before}, and there is no proven gain: nothing shows that "
    "it tells less of {what}",
    "higher": "Model {after} is said to reduce model {before}, and tells more of {what}",
}


class Two(NamedTuple):
    """The reduced model and the one before."""

    after: Model
    before: Model


class Said(NamedTuple):
    """Words around the figures.

    Args:
        what: is told by a model.
        how: it was measured.
        attacker: who is assumed.
        cost: what the reduction costs; empty where that is not known.
        name: of the measure.
        unit: of it.
    """

    what: str
    how: str
    attacker: str
    cost: str = ""
    name: str = "fall_of_true_positive_rate"
    unit: str = "share"


def pairs(system: System) -> Iterator[Two]:
    """Models that claim to reduce another one."""
    for model in system.models:
        if model.reduces is not None:
            yield Two(model, next(m for m in system.models if m.name == model.reduces))


def two_of(have: Have) -> Two:
    """The two that a subject is about."""
    after, before = (model_of_id(have.system, element) for element in have.subject.elements[:2])
    return Two(after, before)


def finding_of(check: str, have: Have, two: Two, gain: Gain, said: Said) -> Finding:
    """A finding with its figures and a picture."""
    low, high = gain.interval
    told = _VERDICTS[gain.verdict].format(after=two.after.name, before=two.before.name, what=said.what)
    text = (
        f"{told}. {_upper(gain.measure)}: {gain.before:.3g} before, {gain.after:.3g} after, a fall of {gain.fall:.3g} "
        f"(95 % interval {low:.3g} to {high:.3g}; {said.how}).{said.cost} Assumed is somebody who {said.attacker}."
    )
    measure = Measure(name=said.name, value=gain.fall, interval=gain.interval, n=gain.n, unit=said.unit)
    subject = have.subject.id
    if gain.proven:
        made = holds(check, subject, text, measure=measure)
    else:
        made = broken(check, subject, text, _UNCLAIM, measure=measure)
    return replace(made, detail=_detail(have, two, gain, said.attacker))


def _detail(have: Have, two: Two, gain: Gain, attacker: str) -> dict[str, Json]:
    sizes = {file.element: file.size for file in have.all(ModelFile)}
    after = f"{two.after.name}, after"
    drawn = Shares(
        title=_upper(gain.measure),
        names=(f"{two.before.name}, before", after),
        values=(gain.before, gain.after),
        flagged=() if gain.proven else (after,),
    )
    return {
        "attacker": attacker,
        "before": gain.before,
        "after": gain.after,
        "pairs": gain.pairs,
        "bytes_before": sizes.get(f"model:{two.before.name}"),
        "bytes_after": sizes.get(f"model:{two.after.name}"),
        **pictured([drawn]),
    }


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
