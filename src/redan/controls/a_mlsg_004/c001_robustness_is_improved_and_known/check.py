"""Accuracy under attack for every declared threat model, and whether that figure may be believed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_parts import RulesFile
from redan.controls.attacked import Attacked, for_each_threat, subject_of, targets, threshold_of, told_why
from redan.controls.contract import Check, Have, Subject
from redan.findings import Finding, Remedy
from redan.findings.attack_pictures import MOST_SHOTS
from redan.findings.pictures import pictured
from redan.system.system import System
from redan.terms import Level, Outcome, Tier

if TYPE_CHECKING:
    from redan.attacks.campaign.tried import Tried
    from redan.attacks.threat import Threat

CONTROL = "A-MLSG-004-C001"
ROBUST = f"{CONTROL}/robust-accuracy-is-measured"
MASKED = f"{CONTROL}/gradients-are-not-masked"
AGREED = 0.5
_WATCHED = 64  # samples of the search for signs
_NEIGHBOURS = (0.5, 2.0)  # further radii of the curve, as multiples of the declared one
_UNMASK = Remedy(
    text="Attack with what the signs name (further steps, another loss, no gradients), take away what hides the "
    "gradients, and harden the model itself, for instance by adversarial training.",
    effort=Level.HIGH,
)


def _subjects(system: System) -> Iterator[Subject]:
    """Models that classify, once there is a file."""
    return (subject_of(system, m) for m in targets(system))


def _tried(what: Attacked, threat: "Threat", *, samples: int, curve: bool) -> "Tried":
    from redan.attacks.campaign.trying import try_model

    radii = tuple(threat.eps * factor for factor in _NEIGHBOURS) if curve and isinstance(threat.eps, float) else ()
    wanted = what.wanted(threat, samples)._replace(radii=radii)
    tried = try_model(what.target(), what.path, what.data, wanted)
    names = what.model.outputs  # of the classes, unless they say what the numbers of another model mean
    return tried.called(names) if len(names) >= len(tried.classes) else tried


def _robust(have: Have) -> Iterator[Finding]:
    from redan.attacks.campaign.telling import shown, tell

    def ask(what: Attacked, _: str, threat: "Threat") -> Finding:
        tried = _tried(what, threat, samples=_SAMPLES, curve=True)
        agreed = threshold_of(have, CONTROL, AGREED)
        found = next(iter(tell(tried, have.subject.id, threshold=agreed, seconds=False)))
        most = min(what.dataset.shown, MOST_SHOTS)
        some = shown(tried, box=(threat.low, threat.high), most=most) if most else None
        if some is None:
            return found
        held = found.detail.get("pictures")
        drawn = pictured([some])["pictures"]
        both = [*(held if isinstance(held, list) else []), *(drawn if isinstance(drawn, list) else [])]
        return replace(found, detail={**found.detail, "pictures": both})

    yield from for_each_threat(have, ROBUST, ask)


def _masked(have: Have) -> Iterator[Finding]:
    from redan.attacks.campaign.telling import tell

    def ask(what: Attacked, _: str, threat: "Threat") -> Finding:
        tried = _tried(what, threat, samples=_WATCHED, curve=False)
        found = next(f for f in tell(tried, have.subject.id, seconds=False) if f.check == MASKED)
        if tried.trust is not None and tried.trust.fired:
            return replace(found, outcome=Outcome.BROKEN, remedy=_UNMASK)
        return found

    yield from for_each_threat(have, MASKED, ask)


_SAMPLES = 500

CHECKS = (
    Check(
        id=ROBUST,
        subjects=_subjects,
        run=told_why(ROBUST, "threats", _robust),
        needs=(ModelFile, DatasetFile, RulesFile),
        tier=Tier.GPU,
        adjustable=True,
    ),
    Check(
        id=MASKED,
        subjects=_subjects,
        run=told_why(MASKED, "threats", _masked),
        needs=(ModelFile, DatasetFile, RulesFile),
        tier=Tier.MINUTES,
    ),
)
