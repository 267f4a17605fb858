"""Which files a description declares for the training of a model."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from redan.errors import InputError
from redan.files import confined
from redan.recording.form import FileResource
from redan.recording.names import shown
from redan.system.records import Dataset, Model
from redan.system.system import System


def declared(system: System, models: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The files that the training of some models may read.

    Args:
        system: the description.
        models: names of models.

    Returns:
        By the name that a record has for them: what each is, such as `dataset:train` or `model:churn code`.

    Raises:
        InputError: a path leaves the project.
    """
    root = system.origin.root
    found: dict[str, tuple[str, ...]] = {}
    for what, path in _files(system, frozenset(models)):
        name = shown(bytes(confined(root, path)), root.resolve())
        found[name] = (*found.get(name, ()), what)
    own = shown(bytes(root.resolve() / Path(system.origin.file).name), root.resolve())
    found[own] = (*found.get(own, ()), "description")
    return found


def _files(system: System, models: Collection[str]) -> Iterator[tuple[str, str]]:
    wanted = [model for model in system.models if model.name in models]
    datasets = {name for model in wanted for name in (*model.trained_on, *model.validated_on)}
    bases = {model.base for model in wanted}
    for dataset in system.datasets:
        if dataset.name in datasets:
            yield from _of_dataset(dataset)
    for model in system.models:
        if model.name in models:
            yield from _of_model(model)
        elif model.name in bases and model.path:
            yield f"model:{model.name}", model.path
    for key, names in (("requirements", system.pipeline.requirements), ("code", system.pipeline.code)):
        yield from ((f"pipeline {key}", name) for name in names)


def _of_dataset(dataset: Dataset) -> Iterator[tuple[str, str]]:
    for key, path in (("", dataset.path), (" seal", dataset.seal), (" key", dataset.key)):
        if path:
            yield f"dataset:{dataset.name}{key}", path


def _of_model(model: Model) -> Iterator[tuple[str, str]]:
    if model.path:  # training may start from, or read back, the model itself
        yield f"model:{model.name}", model.path
    for key, names in (("code", model.code), ("config", model.config)):
        yield from ((f"model:{model.name} {key}", name) for name in names)


def undeclared(
    inputs: Iterable[FileResource], names: Mapping[str, object] | Collection[str], digests: Collection[str] = ()
) -> tuple[FileResource, ...]:
    """The files among inputs that nothing declares.

    Args:
        inputs: from a record.
        names: of declared files, as `declared` gives them.
        digests: SHA-256 of declared datasets; a copy of one of them is that data.
    """
    known = frozenset(digests)
    return tuple(
        item for item in inputs if item.name not in names and (item.digest is None or item.digest.sha256 not in known)
    )


def model_outputs(system: System) -> dict[str, str]:
    """Names of models by the name that a record has for their file; one whose path leaves the project is left out."""
    root, found = system.origin.root, {}
    for model in system.models:
        if model.path:
            try:
                found[shown(bytes(confined(root, model.path)), root.resolve())] = model.name
            except InputError:
                continue
    return found
