"""Poisoning: who outside the team can write what the model learns from?

Source: OWASP AI Exchange 3.1 (development-time model poisoning), NIST AI 100-2 E2025 section 2.3.
"""

from collections.abc import Iterator

from redan.system.records import Dataset, Exposure
from redan.system.system import System
from redan.threats.facts import (
    EXPOSURES,
    at_stake,
    find,
    is_training,
    learns_from,
    reached,
    sources_of,
    third_party,
    training_sets,
    writers,
)
from redan.threats.place import Place, sentence

_MANY_VOICES = frozenset({"crowd", "sensor", "feedback"})


def label_flip(system: System) -> Iterator[Place]:
    """A labelled training set that outsiders write into."""
    for dataset in system.datasets:
        if dataset.label:
            yield from _written(system, dataset, f"it carries the label {dataset.label!r}")


def injection(system: System) -> Iterator[Place]:
    """A training set that outsiders write into."""
    for dataset in system.datasets:
        yield from _written(system, dataset, "models learn from it")


def _written(system: System, dataset: Dataset, also: str) -> Iterator[Place]:
    outside = writers(system, dataset)
    if is_training(system, dataset) and outside:
        reason = f"{outside[0].fact}, and {also}"
        yield Place(
            f"dataset:{dataset.name}", sentence(reason), outside[0].exposure, outside[0].fact, _assets(system, dataset)
        )


def flood(system: System) -> Iterator[Place]:
    """A training set fed by many or automatic voices that can be made to shout."""
    for dataset in system.datasets:
        loud = [w for w in writers(system, dataset) if w.kind in _MANY_VOICES]
        if is_training(system, dataset) and loud:
            reason = f"{loud[0].fact}, and nothing declared limits how much one sender adds"
            yield Place(
                f"dataset:{dataset.name}", sentence(reason), loud[0].exposure, loud[0].fact, _assets(system, dataset)
            )


def backdoor(system: System) -> Iterator[Place]:
    """A model trained on data that outsiders write into."""
    for model in system.models:
        ways = [(w, d) for d in training_sets(system, model) for w in writers(system, d)]
        if ways:
            writer, dataset = max(ways, key=lambda way: EXPOSURES.index(way[0].exposure))
            reason = f"It is trained on dataset:{dataset.name}; there, {writer.fact}."
            yield Place(f"model:{model.name}", reason, writer.exposure, writer.fact, (f"model:{model.name}",))


def model_update(system: System) -> Iterator[Place]:
    """A model trained at several sites, or at one that somebody else runs."""
    for model in system.models:
        local = [d for d in training_sets(system, model) if d.role == "site"]
        foreign = [d for d in local if third_party(system, d.site)]
        if foreign or len(local) > 1:
            where = foreign[0] if foreign else local[0]
            fact = f"it learns from dataset:{where.name} at site:{where.site}" if where.site else "it has many sites"
            reason = f"It is trained on {len(local)} site datasets; {fact}."
            exposure: Exposure = "partner" if foreign else "internal"
            yield Place(f"model:{model.name}", reason, exposure, fact, (f"model:{model.name}",))


def shared_validation(system: System) -> Iterator[Place]:
    """A validation or test set from the same outside source as the training set."""
    for model in system.models:
        for name in model.validated_on:
            held_out = find(system, "dataset", name)
            if isinstance(held_out, Dataset):
                yield from _shared(system, held_out, training_sets(system, model), f"model:{model.name}")


def _shared(system: System, held_out: Dataset, trained: tuple[Dataset, ...], model: str) -> Iterator[Place]:
    for dataset in trained:
        mine = {s.name for s in sources_of(system, dataset)}
        outside = [w for w in writers(system, held_out) if w.source in mine]
        if outside:
            reason = f"It shares an outside source with dataset:{dataset.name}: {outside[0].fact}."
            yield Place(f"dataset:{held_out.name}", reason, outside[0].exposure, outside[0].fact, (model,))
            return


def steered_input(system: System) -> Iterator[Place]:
    """A forecaster that outsiders both feed and read."""
    for model in system.models:
        way = reached(system, model)
        fed = [w for d in training_sets(system, model) for w in writers(system, d)]
        if model.task == "forecast" and way and fed:
            reason = f"It forecasts from what others can move ({fed[0].fact}), and {way[1]}."
            yield Place(f"model:{model.name}", reason, way[0], way[1], (f"model:{model.name}",))


def _assets(system: System, dataset: Dataset) -> tuple[str, ...]:
    return at_stake(f"dataset:{dataset.name}", *(f"model:{m.name}" for m in learns_from(system, dataset)))
