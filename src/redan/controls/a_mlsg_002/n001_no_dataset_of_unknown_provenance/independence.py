"""Validation data from a source that training did not use, under whatever name."""

from collections.abc import Iterable, Iterator

from redan.controls.contract import Have, Subject
from redan.controls.statement import is_stated
from redan.findings import Finding, Remedy, broken, holds, not_applicable
from redan.system.records import Dataset, Model, Source
from redan.system.system import System
from redan.terms import Level, Stage

INDEPENDENT = "A-MLSG-002-N001/validation-has-an-independent-source"
_JUDGING = frozenset({"validation", "test"})


def judged(system: System) -> Iterable[Subject]:
    """Every model that was trained; the whole product where only training data is described."""
    models = [m for m in system.models if m.trained_on]
    if models:
        return tuple(Subject(f"model:{m.name}", _elements(system, m)) for m in models)
    return (Subject("system"),) if any(d.role == "train" for d in system.datasets) else ()


def _sources(system: System, dataset: Dataset) -> tuple[Source, ...]:
    return tuple(s for s in system.sources if s.name in dataset.sources)


def _elements(system: System, model: Model) -> tuple[str, ...]:
    return (f"model:{model.name}", *(f"dataset:{d.name}" for d in _judging(system, model)))


def _judging(system: System, model: Model | None) -> tuple[Dataset, ...]:
    named = model.validated_on if model else ()
    if named:
        return tuple(d for d in system.datasets if d.name in named)
    return tuple(d for d in system.datasets if d.role in _JUDGING)


def _training(system: System, model: Model | None) -> tuple[Dataset, ...]:
    if model:
        return tuple(d for d in system.datasets if d.name in model.trained_on)
    return tuple(d for d in system.datasets if d.role == "train")


def independence(have: Have) -> Iterator[Finding]:
    """Whether validation has a source of another name, and of another host or other contributors, than training."""
    name = have.subject.id.partition(":")[2]
    model = next((m for m in have.system.models if m.name == name), None)
    judging, training = _judging(have.system, model), _training(have.system, model)
    trained = [s for d in training for s in _sources(have.system, d)]
    who = f"model {model.name}" if model else "the product"
    if not judging and model is None and have.system.about.stage in (Stage.DESIGN, Stage.DATA):
        yield not_applicable(INDEPENDENT, have.subject.id, "No model and no validation data are described yet.")
        return
    fresh = sorted({s.name for d in judging for s in _sources(have.system, d) if not _same_origin(s, trained)})
    if fresh:
        text = f"Validation of {who} has sources that did not train it: {', '.join(fresh)}."
        yield holds(INDEPENDENT, have.subject.id, text)
        return
    reason = _dependence(have.system, judging, trained)
    advice = "Add a validation dataset from a source with another host or other contributors than training has."
    text = f"Nothing independent judges {who}: {reason}."
    yield broken(INDEPENDENT, have.subject.id, text, Remedy(text=advice, effort=Level.HIGH))


def _same_origin(source: Source, trained: Iterable[Source]) -> bool:
    """Whether a source is one of training's, by name or under another name with the same host and contributors."""
    return any(source.name == t.name or _origin(source) == _origin(t) for t in trained) or not _origin(source)


def _origin(source: Source) -> tuple[str, str] | None:
    if not (is_stated(source.host) and is_stated(source.contributors)):
        return None
    return _folded(source.host), _folded(source.contributors)


def _folded(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def _dependence(system: System, judging: Iterable[Dataset], trained: Iterable[Source]) -> str:
    names = [d.name for d in judging]
    if not names:
        return "no validation or test dataset is described"
    found = {s.name for d in judging for s in _sources(system, d)}
    if not found:
        return f"{', '.join(names)} names no source"
    shared = sorted(found & {s.name for s in trained})
    if shared:
        return f"{', '.join(names)} comes from {', '.join(shared)}, which also trained it"
    return f"{', '.join(names)} comes from sources that do not state another host or other contributors than training"
