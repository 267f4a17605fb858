"""Whether sites are offered the newest release, and would refuse an older, a frozen or a mixed one."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator

from redan.artifacts.distribution import Distribution
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_seal import ModelSeal
from redan.controls.contract import Check, Have, Subject
from redan.findings import Finding, Remedy, broken, holds, not_run
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level, Tier

ROLLBACK = "A-MLSG-004-D002/rollback-and-mixing-are-refused"
_WORDS = {"rollback": "older states", "mix-and-match": "mixtures", "freeze": "expired states"}


def distributed(system: System) -> Iterable[Subject]:
    """Every model that is distributed, or has to be: an endpoint serves it at another site than where it is trained."""
    wanted = (m for m in system.models if m.distribution is not None or _elsewhere(system, m))
    return tuple(Subject(f"model:{m.name}", (f"model:{m.name}",)) for m in wanted)


def rollback(have: Have) -> Iterator[Finding]:
    """Whether the distribution of a model offers its current bytes, is not expired, and holds against its own past."""
    model = next(m for m in have.system.models if f"model:{m.name}" == have.subject.id)
    found = next(iter(have.all(Distribution)), None)
    if model.distribution is None:
        yield _undistributed(have, model)
    elif found is None:
        text = f"The distribution of model {model.name} is not there yet."
        advice = Remedy(text="Publish the first release.", command=_publish(model), effort=Level.LOW)
        yield not_run(ROLLBACK, have.subject.id, text, remedy=advice)
    else:
        yield _judged(have, model, found)


def _elsewhere(system: System, model: Model) -> tuple[str, ...]:
    """The sites that serve a model and are not where it is trained, as far as both are stated."""
    sites = {e.site for e in system.endpoints if e.model == model.name and e.site is not None}
    return tuple(sorted(sites - {model.site})) if model.site is not None else ()


def _undistributed(have: Have, model: Model) -> Finding:
    sites = ", ".join(_elsewhere(have.system, model))
    text = (
        f"Model {model.name} is trained at {model.site} and serves at {sites}, and no signed distribution is stated: "
        "nothing tells those sites an older or mixed release from the newest."
    )
    advice = "Publish the model, let the sites pull it, and state the folder as distribution of the model."
    return broken(ROLLBACK, have.subject.id, text, Remedy(text=advice, command=_publish(model), effort=Level.MEDIUM))


def _judged(have: Have, model: Model, found: Distribution) -> Finding:
    fault = _refused(found) or _expired(found, have.now) or _not_current(have, found) or _accepted(found)
    if fault is not None:
        what, advice, command = fault
        text = f"The distribution of model {model.name} {what}."
        remedy = Remedy(text=advice, command=command or _publish(model), effort=Level.MEDIUM)
        return broken(ROLLBACK, have.subject.id, text, remedy)
    tried = Counter(attack for attack, _, _ in found.played)
    refused = ", ".join(f"{_WORDS[attack]} ({count})" for attack, count in tried.items())
    soon = min(found.expires.values(), default=None)
    until = "" if soon is None else f"; it must be renewed before {soon.date()}"
    text = f"Sites are offered release {found.version} of model {model.name}, which is the current one, and refuse "
    text += f"what was played back at them: {refused}{until}."
    if found.shared:
        text += f" One key signs for {', '.join(found.shared)}: give each role a key of its own."
    return holds(ROLLBACK, have.subject.id, text)


_Fault = tuple[str, str, str | None]


def _refused(found: Distribution) -> _Fault | None:
    if not found.fault:
        return None
    advice = (
        "Find out who wrote to the folder, restore it from a copy, and publish again with the keys of the distribution."
    )
    return f"is refused by a client that trusts its first root: {found.fault}", advice, None


def _expired(found: Distribution, today: dt.date) -> _Fault | None:
    over = {role: until.date() for role, until in found.expires.items() if until.date() <= today}
    if not over:
        return None
    dates = ", ".join(f"{role} on {day}" for role, day in sorted(over.items(), key=lambda pair: pair[1]))
    what = f"is out of date, so sites refuse it, or cannot tell that it is held back from them: expired {dates}"
    return what, "Renew it, and let a timer do so from now on.", "redan publish --renew --to FOLDER"


def _not_current(have: Have, found: Distribution) -> _Fault | None:
    """Whether the newest release is something else than the model as it lies in the project."""
    if not found.version:
        return "holds no release of it", "Publish it.", None
    file = next(iter(have.all(ModelFile)), None)
    seal = next(iter(have.all(ModelSeal)), None)
    root = seal.state.root if seal is not None and seal.state is not None and seal.state.valid else ""
    if (file is not None and file.digest not in found.files) or (root and root != found.root):
        what = f"offers release {found.version} as the newest, which is not the model as it is now"
        return what, "Publish the current model, or put back the one that was released.", None
    if found.unsound:
        what = f"lacks {found.unsound} of the files of release {found.version} as they were signed"
        return what, "Restore the folder from a copy, or publish the release again under a new version.", None
    return None


def _accepted(found: Distribution) -> _Fault | None:
    through = [(attack, said) for attack, refused, said in found.played if not refused]
    if not through:
        return None
    attack, said = through[0]
    what = f"lets a {attack} through: a client that saw the newest state {said}"
    return what, "Publish again with 'redan publish', which binds every document to its bytes.", None


def _publish(model: Model) -> str:
    what = model.bundle or model.path or "MODEL"
    seal, key = model.seal or "SEAL", model.key or "PUB"
    return f"redan publish {what} --seal {seal} --key {key} --name {model.name} --to {model.distribution or 'FOLDER'}"


CHECK = Check(
    id=ROLLBACK,
    subjects=distributed,
    run=rollback,
    needs=(Distribution, ModelFile, ModelSeal),
    tier=Tier.SECONDS,
    extra="tuf",
    dated=True,
)
