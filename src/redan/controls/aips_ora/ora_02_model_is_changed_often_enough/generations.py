"""Models that replaced others."""

from collections.abc import Iterator

from redan.controls.attacked import CLASSIFYING, data_of
from redan.controls.contract import Subject
from redan.system.records import Model
from redan.system.system import System

CONTROL = "AIPS-ORA-02"


def generations(system: System) -> Iterator[Subject]:
    """Models that classify and replaced another one, with that one."""
    for model in system.models:
        if model.previous is None or model.task not in CLASSIFYING:
            continue
        data = data_of(system, model)
        found = [f"model:{one.name}" for one in (model, before_of(system, model)) if one.path]
        found += [f"dataset:{data.name}"] if data is not None else []
        yield Subject(f"model:{model.name}", tuple(found) or (f"model:{model.name}",))


def before_of(system: System, model: Model) -> Model:
    """The model that it replaced."""
    return next(one for one in system.models if one.name == model.previous)
