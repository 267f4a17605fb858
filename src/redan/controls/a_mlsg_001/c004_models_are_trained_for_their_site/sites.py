"""Which models serve which sites: one for several, or one for each."""

from collections.abc import Iterator
from typing import NamedTuple

from redan.controls.attacked import data_of
from redan.controls.contract import Subject
from redan.system.records import Dataset, Model
from redan.system.system import System

_FEWEST = 2


class Group(NamedTuple):
    """Models of one task at different sites.

    Args:
        models: one per site, in the order of the description.
        base: the shared model that they were made from, if they name the same.
    """

    models: tuple[Model, ...]
    base: Model | None


def shared(system: System) -> tuple[Model, ...]:
    """Models that serve two sites or more: by their endpoints, or by the data that they were validated on."""
    return tuple(model for model in system.models if len(sites_of(system, model)) >= _FEWEST)


def sites_of(system: System, model: Model) -> tuple[str, ...]:
    """Sites where a model answers, in the order of the description."""
    served = [point.site for point in system.tables.endpoint if point.model == model.name]
    valid = [dataset.site for dataset in system.datasets if dataset.name in model.validated_on]
    return tuple(dict.fromkeys(site for site in (*served, *valid) if site is not None))


def groups(system: System) -> tuple[Group, ...]:
    """Models that were trained for their own site, by what they were made from, or else by what they do."""
    both = {model.name for model in shared(system)}
    found: dict[tuple[object, ...], list[Model]] = {}
    for model in system.models:
        if model.site is not None and model.name not in both:
            key = (model.base,) if model.base else (None, model.task, model.purpose, model.outputs, model.inputs)
            found.setdefault(key, []).append(model)
    return tuple(
        Group(tuple(models), next((m for m in system.models if m.name == models[0].base), None))
        for models in found.values()
        if len({model.site for model in models}) >= _FEWEST
    )


def data_at(system: System, model: Model, site: str | None) -> Dataset | None:
    """What a model is tried on at a site: data that lies there and was not trained on; else what it was tested on."""
    there = [d for d in system.datasets if d.path and d.site == site is not None and d.name not in model.trained_on]
    named = [d for d in there if d.name in model.validated_on]
    return next((d for d in (*named, *there)), None) or data_of(system, model)


def subject_of_group(system: System, group: Group, *, with_base: bool) -> Subject:
    """Site models with their data, and the base where it is asked for and has a file."""
    names = tuple(f"model:{model.name}" for model in group.models)
    base = (f"model:{group.base.name}",) if with_base and group.base is not None and group.base.path else ()
    found = (data_at(system, model, model.site) for model in group.models)
    data = tuple(dict.fromkeys(f"dataset:{one.name}" for one in found if one is not None))
    return Subject("+".join(names), (*names, *base, *data))


def subject_of_shared(system: System, model: Model) -> Subject:
    """A shared model with the data of each of its sites."""
    found = (data_at(system, model, site) for site in sites_of(system, model))
    data = tuple(dict.fromkeys(f"dataset:{one.name}" for one in found if one is not None))
    return Subject(f"model:{model.name}", (f"model:{model.name}", *data))


def group_of_id(system: System, subject: str) -> Group | None:
    """The group of a subject; None for a shared model.

    Args:
        system: the description.
        subject: id of a subject.
    """
    for group in groups(system):
        if "+".join(f"model:{model.name}" for model in group.models) == subject:
            return group
    return None


def all_sites(system: System) -> Iterator[Subject]:
    """Groups and shared models."""
    yield from (subject_of_group(system, group, with_base=False) for group in groups(system))
    yield from (subject_of_shared(system, model) for model in shared(system))
