"""What several controls attack: a model of the description, the data it is tried on, and the threat models declared."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_parts import RulesFile
from redan.attacks.campaign.inputs import Arrays, Target, open_target, read_arrays, with_gradients
from redan.attacks.campaign.trying import Wanted
from redan.attacks.threat import Threat, parse
from redan.controls.contract import Have, Subject
from redan.controls.statement import place
from redan.errors import IncompleteError, InputError, MissingExtraError, UsageError
from redan.findings import Finding, Remedy, not_run
from redan.system.records import Dataset, Model
from redan.system.system import System
from redan.terms import Level

if TYPE_CHECKING:
    from redan.attacks.evasion.network import Network

CLASSIFYING = ("classification", "anomaly", "other")
SAMPLES = 500
RAN_DRY = (InputError, UsageError, IncompleteError)
Run: TypeAlias = Callable[[Have], Iterator[Finding]]
_DECLARE = Remedy(
    text="Write the threat models that the model is to withstand into its key 'threats', such as [\"linf:8/255\"].",
    effort=Level.LOW,
)
_GIVE_DATA = Remedy(
    text="Name a [[dataset]] with a path in the model's key 'validated_on': an .npz with arrays x and y, or a table "
    "with a label.",
    effort=Level.LOW,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacked:
    """What a subject of `subject_of` comes to.

    Args:
        model: its record.
        path: of its file.
        dataset: the data it is tried on.
        data: path of that data.
        rules: of its columns, where it is a table and they are declared.
        threats: what it is to withstand, each as declared and as attacks take it; not empty.
        seed: of every draw.
    """

    model: Model
    path: Path
    dataset: Dataset
    data: Path
    rules: Path | None
    threats: tuple[tuple[str, Threat], ...]
    seed: int

    @property
    def arrays(self) -> bool:
        """Whether the data is an `.npz`."""
        return self.data.suffix.lower() == ".npz"

    def target(self) -> Callable[[], Target]:
        """Opens the model; only formats that run no code are loaded without a seal."""
        return partial(open_target, str(self.path), None)

    def wanted(self, threat: Threat, samples: int = SAMPLES) -> Wanted:
        """A campaign on it."""
        label = None if self.arrays else self.dataset.label
        if label is None and not self.arrays:
            raise InputError(f"dataset {self.dataset.name} names no label", remedy="add the key 'label'")
        return Wanted(
            threat, label=label, constraints=None if self.arrays else self.rules, samples=samples, seed=self.seed
        )

    def samples(self, most: int = SAMPLES) -> Arrays:
        """Inputs and labels of arrays.

        Raises:
            IncompleteError: the data is a table.
            InputError: it cannot be read.
        """
        if not self.arrays:
            raise IncompleteError("gradients are followed on arrays only, and the data is a table")
        return read_arrays(self.data, most, self.seed)


def subject_of(system: System, model: Model, *further: str) -> Subject:
    """A model with the data it is tried on, and further elements whose files are needed."""
    data = data_of(system, model)
    found = () if data is None else (f"dataset:{data.name}",)
    return Subject(f"model:{model.name}", (f"model:{model.name}", *found, *further))


def targets(system: System) -> Iterator[Model]:
    """Models that classify and have a file; those that only guard others are parts of what they guard."""
    guards = {m.guard for m in system.models}
    return (m for m in system.models if m.path and m.task in CLASSIFYING and m.name not in guards)


def classifying(system: System) -> Iterator[Subject]:
    """Endpoints of models that classify, each with its model and the data that it is tried on."""
    for one in system.endpoints:
        model = next(m for m in system.models if m.name == one.model)
        if model.task in CLASSIFYING:
            data = data_of(system, model)
            more = () if data is None else (f"dataset:{data.name}",)
            yield Subject(f"endpoint:{one.name}", (f"endpoint:{one.name}", f"model:{model.name}", *more))


def data_of(system: System, model: Model) -> Dataset | None:
    """The first dataset with a path that the model was validated on, else the first that is there for testing."""
    named = [d for name in model.validated_on for d in system.datasets if d.name == name]
    tested = [d for d in system.datasets if d.role in ("test", "validation")]
    return next((d for d in (*named, *tested) if d.path), None)


def attacked(have: Have, threats: tuple[str, ...]) -> Attacked:
    """The model, data and threat models of a subject.

    Raises:
        InputError: no threat model is declared, or there is no data to try it on.
    """
    element = have.subject.elements[0]
    model = model_of_id(have.system, element)
    if not threats:
        raise InputError(f"model {model.name} declares no threat model", remedy=_DECLARE.text)
    data = data_of(have.system, model)
    if data is None:
        raise InputError(f"there is no data to try model {model.name} on", remedy=_GIVE_DATA.text)
    return Attacked(
        model=model,
        path=have.get(ModelFile, element).path,
        dataset=data,
        data=have.get(DatasetFile, f"dataset:{data.name}").path,
        rules=next((found.path for found in have.all(RulesFile) if found.element == element), None),
        threats=tuple((text, parse(text, model.box)) for text in dict.fromkeys(threats)),
        seed=int(have.rng.integers(2**31 - 1)),
    )


def model_of_id(system: System, element: str) -> Model:
    """The model of an element id.

    Raises:
        KeyError: there is none.
    """
    found = system.elements[element]
    if not isinstance(found, Model):
        raise KeyError(element)
    return found


def network_of(path: Path, read: Arrays) -> "Network":
    """A model with its gradients.

    Raises:
        IncompleteError: it has none.
        InputError: it cannot be loaded.
    """
    target = with_gradients(open_target(str(path), None), path, read.x)
    if target.network is None:
        raise IncompleteError(" ".join(target.notes).rstrip(".") or "the model has no gradients")
    return target.network


def for_each_threat(have: Have, check: str, ask: Callable[[Attacked, str, Threat], Finding]) -> Iterator[Finding]:
    """One finding for each declared threat model; one that cannot be tried takes none of the others' answers away.

    Args:
        have: of a subject of `subject_of`.
        check: full id.
        ask: what is attacked, the threat model as declared, and as attacks take it.

    Raises:
        InputError: no threat model is declared, or there is no data.
        MissingExtraError: an optional dependency is not there.
    """
    what = attacked(have, model_of_id(have.system, have.subject.elements[0]).threats)
    for text, threat in what.threats:
        try:
            yield replace(ask(what, text, threat), part=text)
        except MissingExtraError:
            raise
        except RAN_DRY as error:
            advice = None if error.remedy is None else Remedy(text=_sentence(error.remedy), effort=Level.LOW)
            reason = f"Under {text}: {error.what.rstrip('.')}."
            yield not_run(check, have.subject.id, reason, remedy=advice, part=text)


def told_why(check: str, key: str, run: Run) -> Run:
    """A check that says why it could not be told instead of raising, with the line of a key beside each finding.

    Args:
        check: full id.
        key: of the model's table.
        run: the check.
    """

    def wrapped(have: Have) -> Iterator[Finding]:
        where = place(have.system, have.subject.elements[0], key)
        try:
            found = list(run(have))
        except MissingExtraError:
            raise
        except RAN_DRY as error:
            advice = None if error.remedy is None else Remedy(text=_sentence(error.remedy), effort=Level.LOW)
            found = [not_run(check, have.subject.id, _sentence(error.what), remedy=advice)]
        yield from (replace(finding, location=where) for finding in found)

    return wrapped


def threshold_of(have: Have, control: str, default: float) -> float:
    """The share that was agreed on."""
    stance = have.system.stance(control)
    return default if stance is None or stance.threshold is None else min(max(stance.threshold, 0.0), 1.0)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
