"""What the rules ask of a system: who can reach an element, what feeds it, what it is worth."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from redan.system.records import Dataset, Endpoint, Exposure, Model, Record, Site, Source, SourceKind
from redan.system.system import System

EXPOSURES: tuple[Exposure, ...] = ("local", "internal", "partner", "public")
EXPOSURE_OF_SOURCE: dict[SourceKind, Exposure] = {
    "crowd": "public",
    "public": "partner",
    "sensor": "partner",
    "vendor": "partner",
    "internal": "internal",
}
TRAINING_ROLES = ("train", "site")


class Writer(NamedTuple):
    """Someone outside the team who can write into a dataset.

    Args:
        exposure: how far outside.
        fact: one clause that says so.
        kind: kind of the source, or `feedback`, `contributor`, `site` or `unknown`.
        source: name of the source; None when it is not one.
    """

    exposure: Exposure
    fact: str
    kind: str
    source: str | None = None


def widest(exposures: Iterable[Exposure]) -> Exposure:
    """The exposure to the most people; `local` when there is none."""
    return max(exposures, key=EXPOSURES.index, default="local")


def find(system: System, kind: str, name: str | None) -> Record | None:
    """The element of a kind and name; None when nothing is declared under it."""
    return system.elements.get(f"{kind}:{name}") if name else None


def sources_of(system: System, dataset: Dataset) -> tuple[Source, ...]:
    """The declared sources of a dataset: those it names, and those that a flow brings in."""
    carried = (flow.from_ for flow in system.flows if flow.to == f"dataset:{dataset.name}")
    names = dict.fromkeys((*(f"source:{name}" for name in dataset.sources), *carried))
    found = (system.elements.get(name) for name in names)
    return tuple(element for element in found if isinstance(element, Source))


def training_sets(system: System, model: Model) -> tuple[Dataset, ...]:
    """The datasets a model learns from, in the order that it names them."""
    found = (find(system, "dataset", name) for name in dict.fromkeys(model.trained_on))
    return tuple(element for element in found if isinstance(element, Dataset))


def learns_from(system: System, dataset: Dataset) -> tuple[Model, ...]:
    """The models that are trained on a dataset."""
    return tuple(m for m in system.models if dataset.name in m.trained_on)


def is_training(system: System, dataset: Dataset) -> bool:
    """Whether a model learns from the dataset, by its role or by a model's word."""
    return dataset.role in TRAINING_ROLES or bool(learns_from(system, dataset))


def writers(system: System, dataset: Dataset) -> tuple[Writer, ...]:
    """Who outside the team can write into a dataset, widest first; unknown origin counts as outside."""
    found = [
        Writer(EXPOSURE_OF_SOURCE[s.kind], f"source:{s.name} is {_KINDS[s.kind]}", s.kind, s.name)
        for s in sources_of(system, dataset)
        if s.kind != "internal"
    ]
    found += [
        Writer(_feedback_exposure(system, f.endpoint), f"feedback:{f.name} flows into it", "feedback")
        for f in system.tables.feedback
        if f.into == dataset.name
    ]
    if dataset.contributor:
        fact = f"column {dataset.contributor!r} says that several people contribute rows"
        found.append(Writer("partner", fact, "contributor"))
    if third_party(system, dataset.site):
        found.append(Writer("partner", f"it lies at site:{dataset.site}, which somebody else runs", "site"))
    if not sources_of(system, dataset):
        found.append(Writer("partner", "it names no source, so nobody can say who contributed", "unknown"))
    return tuple(sorted(found, key=lambda writer: -EXPOSURES.index(writer.exposure)))


def _feedback_exposure(system: System, endpoint: str | None) -> Exposure:
    found = find(system, "endpoint", endpoint)
    return found.exposure if isinstance(found, Endpoint) else "public"


def third_party(system: System, site: str | None) -> bool:
    """Whether somebody else runs the site; False when no site is named."""
    found = find(system, "site", site)
    return isinstance(found, Site) and found.third_party


def endpoints_of(system: System, model: Model) -> tuple[Endpoint, ...]:
    """The endpoints where a model answers to others, directly or as a member of an ensemble."""
    names = {model.name} | {m.name for m in system.models if model.name in m.ensemble_of}
    return tuple(e for e in system.endpoints if e.model in names)


def open_endpoints(system: System) -> Iterator[tuple[Endpoint, Model | None]]:
    """Endpoints that others than the host itself can reach, with their model."""
    for endpoint in system.endpoints:
        if endpoint.exposure != "local":
            model = find(system, "model", endpoint.model)
            yield endpoint, model if isinstance(model, Model) else None


def reached(system: System, model: Model) -> tuple[Exposure, str] | None:
    """How far outside someone can put questions to a model, and the fact; None when nobody else can."""
    ways: list[tuple[Exposure, str]] = [
        (e.exposure, f"endpoint:{e.name} answers {e.exposure} clients")
        for e in endpoints_of(system, model)
        if e.exposure != "local"
    ]
    if third_party(system, model.site):
        ways.append(("partner", f"it lies at site:{model.site}, which somebody else runs"))
    return max(ways, key=lambda way: EXPOSURES.index(way[0]), default=None)


def public_base(system: System, model: Model) -> str | None:
    """The fact that a model was made from a public one; None when it was not."""
    if model.public_base and not model.base and not model.trained_on:
        return f"model:{model.name} is a public model"
    if model.public_base:
        return f"model:{model.name} is made from a public base model"
    base = find(system, "model", model.base)
    if isinstance(base, Model) and base.public_base:
        return f"model:{model.name} is made from model:{base.name}, which is public"
    return None


def personal_columns(dataset: Dataset) -> tuple[str, ...]:
    """Declared columns that tell something about a person, each once."""
    columns = (*dataset.identifiers, *dataset.quasi_identifiers, *dataset.personal, *dataset.sensitive)
    return tuple(dict.fromkeys(columns))


def at_stake(*elements: str | None) -> tuple[str, ...]:
    """Ids without gaps and repetitions."""
    return tuple(dict.fromkeys(element for element in elements if element))


_KINDS = {
    "crowd": "a crowd",
    "public": "published by others",
    "sensor": "a sensor outside",
    "vendor": "a vendor",
    "internal": "internal",
}
