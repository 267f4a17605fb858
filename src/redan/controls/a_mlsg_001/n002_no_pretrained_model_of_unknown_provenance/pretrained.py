"""Which models others made, and what is stated of them."""

from collections.abc import Iterable, Iterator

from redan.controls.contract import Have, Subject
from redan.controls.statement import is_stated
from redan.findings import Finding, Remedy, broken, holds
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level

STATED = "A-MLSG-001-N002/publisher-and-terms-are-stated"


def pretrained(system: System) -> tuple[Model, ...]:
    """The models that others made, in the order of the description.

    They are the bases of other models, those with a publisher or a place where they were obtained, and those made from
    a public model that is not described by itself.
    """
    bases = {m.base for m in system.models if m.base is not None}
    return tuple(
        m for m in system.models if m.name in bases or m.publisher or m.source or (m.public_base and not m.base)
    )


def each_pretrained(system: System) -> Iterable[Subject]:
    """One subject per pretrained model."""
    return tuple(Subject(f"model:{m.name}", (f"model:{m.name}",)) for m in pretrained(system))


def model_of(have: Have) -> Model:
    """The model that the subject names.

    Raises:
        KeyError: the description has no such model.
    """
    found = have.system.elements[have.subject.id]
    if not isinstance(found, Model):
        raise KeyError(have.subject.id)
    return found


def stated(have: Have) -> Iterator[Finding]:
    """Whether publisher, source, licence, digest and training data of a pretrained model say something."""
    model = model_of(have)
    answers = {
        "publisher": model.publisher,
        "source": model.source,
        "licence": model.licence,
        "sha256": model.sha256,
        "training_data": model.training_data,
    }
    missing = [key for key, text in answers.items() if not is_stated(text)]
    if not missing:
        text = f"Pretrained model {model.name} states publisher, source, licence, digest and training data."
        yield holds(STATED, have.subject.id, text)
        return
    advice = "State what the publisher says; when nobody can say it, use a model whose publisher can."
    if model.public_base and not model.base:
        advice = (
            "Describe the public model that it was made from as a [[model]] of its own, with these answers, and "
            "name it as base."
        )
    text = f"Pretrained model {model.name} does not state {', '.join(missing)}."
    yield broken(STATED, have.subject.id, text, Remedy(text=advice, effort=Level.LOW))
