"""The sealed records of a model's training, as far as a key of the project vouches for them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import digested, located
from redan.canon import Json, digest_of
from redan.errors import RedanError
from redan.recording.declared import declared
from redan.recording.keep import RECORDS
from redan.recording.reader import Opened, open_file, record_files
from redan.seal.keys import PublicKey, load_public
from redan.system.records import Model
from redan.system.system import System

_PROJECT_KEY = Path(".redan") / "key.pub"
_BYTES_LIMIT = 512 << 20  # of all records of a project; more are passed over, newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecords:
    """What is on record about a model's training.

    A key that lies beside a record proves nothing by itself: whoever forged the one can replace the other. The ledger,
    which the history of a check comes from, has to know the record's digest too.

    Args:
        element: element id, such as `model:churn`.
        opened: record files, newest first.
        declared: names of files that its training may read, with what each is.
        datasets: the name that a record has for each declared dataset's file, by the dataset's name.
        keys: how many keys there are to verify records with.
    """

    element: str
    opened: tuple[Opened, ...]
    declared: tuple[tuple[str, tuple[str, ...]], ...]
    datasets: tuple[tuple[str, str], ...]
    keys: int = field(compare=False)  # the project's key is made by the first run, between two looks at the files

    @property
    def digest(self) -> str:
        """SHA-256 over the records, what became of them, and what is declared."""
        records: list[Json] = [[item.name, item.sha256, item.fault] for item in self.opened]
        names: list[Json] = [[name, list(what)] for name, what in self.declared]
        return digest_of([records, names])


def training_records(system: System, element: str) -> Artifact | Absent:
    """The records of a model's training; those of the project when the description names none.

    Args:
        system: the description.
        element: of a model; other elements have none.

    Returns:
        Also when there is no record: that is for a check to judge.

    Raises:
        InputError: a declared record is missing or cannot be read, or a path leaves the project.
    """
    model = system.elements.get(element)
    if not isinstance(model, Model):
        return Absent(element, "only models have records of training")
    keys = tuple(_keys(system, element, model))
    paths = _paths(system, element, model)
    if isinstance(paths, Absent):
        return paths
    names = declared(system, (model.name,))
    return TrainingRecords(
        element=element,
        opened=tuple(open_file(path, keys) for path in paths),
        declared=tuple(sorted(names.items())),
        datasets=tuple(_datasets(names, (*model.trained_on, *model.validated_on))),
        keys=len(keys),
    )


def _datasets(names: Mapping[str, tuple[str, ...]], wanted: Iterable[str]) -> Iterator[tuple[str, str]]:
    for dataset in dict.fromkeys(wanted):
        yield from ((dataset, name) for name, what in names.items() if f"dataset:{dataset}" in what)


def _paths(system: System, element: str, model: Model) -> tuple[Path, ...] | Absent:
    if model.record is not None:
        found = digested(system, element, "record", model.record)
        return found if isinstance(found, Absent) else (found[0],)
    kept: list[Path] = []
    left = _BYTES_LIMIT
    for path in record_files(system.origin.root / RECORDS):
        left -= path.stat().st_size
        if left < 0:
            break
        kept.append(path)
    return tuple(kept)


def _keys(system: System, element: str, model: Model) -> Iterator[PublicKey]:
    places = [system.origin.root / _PROJECT_KEY]
    if model.key is not None:
        places.append(located(system, element, "key", model.key))
    for place in places:
        try:
            yield load_public(place)
        except RedanError:  # a key that cannot be read vouches for nothing, and the finding says what is missing
            continue
