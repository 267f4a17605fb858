"""Accuracy under attack for every declared threat model, and whether that figure may be believed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.rules_file import RulesFile
from redan.controls.attacked import CLASSIFYING, RAN_DRY, Attacked, attacked, subject_of, threshold_of, told_why
from redan.controls.contract import Check, Have, Subject
from redan.errors import MissingExtraError
from redan.findings import Finding, Remedy, not_run
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
_WATCHED = 96  # samples of the search for signs
_NEIGHBOURS = (0.5, 2.0)  # further radii of the curve, as multiples of the declared one
_UNMASK = Remedy(
    text="Attack with what the signs name (further steps, another loss, no gradients), take away what hides the "
    "gradients, and harden the model itself, for instance by adversarial training.",
    effort=Level.HIGH,
)


def _subjects(system: System) -> Iterator[Subject]:
    """Models that classify, once there is a file."""
    return (subject_of(system, m) for m in system.models if m.path and m.task in CLASSIFYING)


def _each(have: Have, check: str, ask: Callable[[Attacked, "Threat"], Finding]) -> Iterator[Finding]:
    """One finding for each declared threat model; one that cannot be tried takes none of the others' answers away."""
    model = next(m for m in have.system.models if f"model:{m.name}" == have.subject.elements[0])
    what = attacked(have, model.threats)
    for text, threat in what.threats:
        try:
            yield replace(ask(what, threat), part=text)
        except MissingExtraError:
            raise
        except RAN_DRY as error:
            advice = None if error.remedy is None else Remedy(text=f"{error.remedy[:1].upper()}{error.remedy[1:]}.")
            yield not_run(check, have.subject.id, f"Under {text}: {error.what}.", remedy=advice, part=text)


def _tried(what: Attacked, threat: "Threat", *, samples: int, curve: bool) -> "Tried":
    from redan.attacks.campaign.trying import try_model

    radii = tuple(threat.eps * factor for factor in _NEIGHBOURS) if curve and isinstance(threat.eps, float) else ()
    wanted = what.wanted(threat, samples)._replace(radii=radii)
    return try_model(what.target(), what.path, what.data, wanted)


def _robust(have: Have) -> Iterator[Finding]:
    from redan.attacks.campaign.telling import shown, tell

    def ask(what: Attacked, threat: "Threat") -> Finding:
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

    yield from _each(have, ROBUST, ask)


def _masked(have: Have) -> Iterator[Finding]:
    from redan.attacks.campaign.telling import tell

    def ask(what: Attacked, threat: "Threat") -> Finding:
        tried = _tried(what, threat, samples=_WATCHED, curve=False)
        found = next(f for f in tell(tried, have.subject.id, seconds=False) if f.check == MASKED)
        if tried.trust is not None and tried.trust.fired:
            return replace(found, outcome=Outcome.BROKEN, remedy=_UNMASK)
        return found

    yield from _each(have, MASKED, ask)


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
