"""One valid seal over the model with its preprocessing and configuration."""

from collections.abc import Iterable, Iterator

from redan.artifacts.model_seal import ModelSeal
from redan.controls.contract import Have, Subject
from redan.findings import Finding, Remedy, broken, holds
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level

SEALED = "A-MLSG-004-D002/bundle-is-sealed"


def each_model(system: System) -> Iterable[Subject]:
    """Every model that has a file, now or once it is trained."""
    return tuple(Subject(f"model:{m.name}", (f"model:{m.name}",)) for m in system.models if m.path)


def model_of(have: Have) -> Model:
    """The model that the subject names.

    Raises:
        KeyError: the description has no such model.
    """
    found = have.system.elements[have.subject.id]
    if not isinstance(found, Model):
        raise KeyError(have.subject.id)
    return found


def sealed(have: Have) -> Iterator[Finding]:
    """Whether the seal verifies over the files as they lie there, and covers all that the description counts in."""
    model, found = model_of(have), have.get(ModelSeal, have.subject.id)
    fault = seal_fault(model, found)
    if fault is not None:
        text, remedy = fault
        yield broken(SEALED, have.subject.id, text, remedy)
        return
    state = found.state
    count = 0 if state is None else len(state.names)
    key = "" if state is None else state.key_id[:16]
    what = (
        f"the {count} files of bundle {model.bundle}, model and configuration among them,"
        if model.bundle
        else model.path
    )
    text = f"A valid seal by key {key} covers {what} of model {model.name}."
    yield holds(SEALED, have.subject.id, text)


def seal_fault(model: Model, found: ModelSeal) -> tuple[str, Remedy] | None:
    """What is wrong with the seal of a model, as a sentence, and what to do; None when it covers everything."""
    what = model.bundle or model.path or ""
    command = f"redan seal {what} --key KEY -o {model.seal or f'{what}.sig'}"
    if model.seal is None:
        files = ", ".join([model.path or "", *model.config])
        return (
            f"No seal covers model {model.name} ({files}), so nobody notices when a weight or a setting changes.",
            Remedy(text="Seal the release, and state seal and key of the model.", command=command, effort=Level.LOW),
        )
    if model.key is None or found.state is None:
        return (
            f"Model {model.name} has a seal and no key is stated for it, so anybody may have made it.",
            Remedy(text="State the releaser's public key as key of the model.", effort=Level.LOW),
        )
    if not found.state.valid:
        return (
            f"The seal {model.seal} of model {model.name} is not valid: {found.state.fault}.",
            Remedy(
                text="Find out who changed it, fetch the release again, and seal anew only what you have vetted.",
                command=command,
                effort=Level.MEDIUM,
            ),
        )
    if found.uncovered:
        where = f"bundle {model.bundle}" if model.bundle else "the file alone"
        return (
            f"The seal of model {model.name} covers {where} and not {', '.join(found.uncovered)}.",
            Remedy(
                text="Put model, preprocessing and configuration into one folder, state it as bundle, and seal it.",
                effort=Level.LOW,
            ),
        )
    return None
