"""What checks of transfer share: several models with data for all of them, and the verdict on a share of samples."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.attacks.campaign.inputs import Arrays, read_arrays
from redan.attacks.threat import Threat, parse
from redan.canon import Json
from redan.controls.attacked import SAMPLES, Run, network_of, told_why
from redan.controls.contract import Have
from redan.controls.statement import place
from redan.errors import IncompleteError, InputError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.measures.robustness import Matrix, Rate
from redan.system.records import Dataset, Model

if TYPE_CHECKING:
    from redan.attacks.evasion.network import Network
    from redan.attacks.transfer.between import Flags

BOUND = 0.5
ERROR = 0.05
WATCHED = 32
_DECLARE = "Write the threat models that it is to withstand into its key 'threats', such as [\"linf:8/255\"]."
_GIVE_DATA = "Name a [[dataset]] with a path in the model's key 'validated_on': an .npz with arrays x and y."


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """Models of one task, and what they are tried on.

    Args:
        paths: of their files, by name.
        data: path of the arrays.
        threats: each as declared and as attacks take it; not empty.
        seed: of every draw.
    """

    paths: Mapping[str, Path]
    data: Path
    threats: tuple[tuple[str, Threat], ...]
    seed: int

    def samples(self, most: int = SAMPLES) -> Arrays:
        """Inputs and labels.

        Raises:
            IncompleteError: the data is a table.
            InputError: it cannot be read.
        """
        return arrays_of(self.data, self.seed, most)

    def networks(self, read: Arrays) -> "dict[str, Network]":
        """All models with their gradients.

        Raises:
            IncompleteError: one has none.
            InputError: one cannot be loaded.
        """
        return {name: network_of(path, read) for name, path in self.paths.items()}


def arrays_of(data: Path, seed: int, most: int = SAMPLES) -> Arrays:
    """Inputs and labels.

    Raises:
        IncompleteError: the data is a table.
        InputError: it cannot be read.
    """
    if data.suffix.lower() != ".npz":
        raise IncompleteError("inputs are made by gradients, on arrays only, and the data is a table")
    return read_arrays(data, most, seed)


def several(have: Have, models: Sequence[Model], data: Dataset | None, threats: Sequence[str], box: Model) -> Several:
    """Reads what a subject names.

    Args:
        have: with artifacts of the models and the data.
        models: each with a file.
        data: that all of them are tried on.
        threats: as declared.
        box: the model whose box inputs lie in.

    Raises:
        InputError: no threat model is declared, a model has no file, or there is no data.
    """
    if not threats:
        raise InputError(f"model {box.name} declares no threat model", remedy=_DECLARE)
    if data is None:
        raise InputError(f"there is no data to try model {box.name} on", remedy=_GIVE_DATA)
    files = {file.element: file.path for file in have.all(ModelFile)}
    lacking = [model.name for model in models if f"model:{model.name}" not in files]
    if lacking:
        raise InputError(f"model {lacking[0]} has no file", remedy="Give it a 'path'.")
    return Several(
        paths={model.name: files[f"model:{model.name}"] for model in models},
        data=have.get(DatasetFile, f"dataset:{data.name}").path,
        threats=tuple((text, parse(text, box.box)) for text in dict.fromkeys(threats)),
        seed=int(have.rng.integers(2**31 - 1)),
    )


def threats_of(first: Model, others: Sequence[Model]) -> tuple[str, ...]:
    """What a model declares; where it declares nothing, what the others do."""
    return first.threats or tuple(dict.fromkeys(text for model in others for text in model.threats))


def worst_pair(made: Matrix, pairs: Sequence[tuple[str, str]], bound: float) -> tuple[str, str]:
    """The pair that decides: where a share is above the bound for sure, the surest; else the one that may be largest.

    Args:
        made: with intervals that hold for all pairs at once.
        pairs: of source and target.
        bound: the share that is agreed on.
    """

    def shares(pair: tuple[str, str]) -> tuple[float, float]:
        low, high = made.cell(*pair).overall.interval
        return (low, high) if low > bound else (-1.0, high)

    return max(pairs, key=shares)


def mistrusted(
    networks: "Mapping[str, Network]", read: Arrays, threat: Threat, own: "Mapping[str, Flags]", seed: int
) -> str | None:
    """Why what broke nothing says nothing: the first model whose failure checks speak against the attacks on it.

    Args:
        networks: that inputs were made on, by name.
        read: the samples.
        threat: of the attacks.
        own: by name, broken by an attacker who knows the model.
        seed: of the failure checks.
    """
    from redan.attacks.failure.diagnosis import Evaluated, diagnose

    for name, network in networks.items():
        found = Evaluated(broken=own[name], losses=("ce", "dlr"))
        trusted = diagnose(network, read.x, read.y, threat=threat, found=found, n=WATCHED, seed=seed)
        if not trusted.trusted:
            return f"attacks on {name} are {trusted.verdict}."
    return None


Doubt: TypeAlias = Callable[[], str | None]


class Verdict(NamedTuple):
    """What is said of a share of samples.

    Args:
        check: full id.
        name: of the measure.
        part: of the finding.
        bound: the share that is agreed on, at most.
        remedy: where it is more.
        doubt: why a small share says nothing, None when it does; only asked where the share is small.
    """

    check: str
    name: str
    part: str
    bound: float
    remedy: Remedy
    doubt: Doubt = lambda: None


def tell(have: Have, said: Verdict, text: str, found: Rate, detail: Mapping[str, Json]) -> Finding:
    """Broken when the share is above the bound for sure; holds when below for sure, and nothing speaks against it.

    Args:
        have: for the subject.
        said: what is judged.
        text: sentences with the figures; what they come to is said after them.
        found: the share, with the interval that decides.
        detail: of the finding.
    """
    low, high = found.interval
    measure = Measure(
        name=said.name,
        value=found.value,
        interval=found.interval,
        n=found.n,
        threshold=said.bound,
        comparator="<=",
        unit="share",
        confidence=found.confidence,
    )
    bound, subject = f"the agreed {said.bound:.0%}", have.subject.id
    if low > said.bound:
        made = broken(said.check, subject, f"{text} That is more than {bound}.", said.remedy, part=said.part)
    elif high > said.bound or found.value is None:
        less = f"{text} Whether that is more than {bound} cannot be told with {found.n:,} samples."
        made = not_run(said.check, subject, less, remedy=Remedy(text="Give more samples."), part=said.part)
    elif (doubt := said.doubt()) is None:
        made = holds(said.check, subject, f"{text} That is no more than {bound}.", part=said.part)
    else:
        advice = Remedy(text="Attack with what the failure checks name, and measure again.")
        made = not_run(said.check, subject, f"{text} It says nothing: {doubt}", remedy=advice, part=said.part)
    return replace(made, measure=measure, detail=dict(detail))


def located(check: str, key: str, run: Run) -> Run:
    """A check that says why it could not be told, at the first model of its subject, which need not have a file."""
    said = told_why(check, key, run)

    def placed(have: Have) -> Iterator[Finding]:
        where = place(have.system, have.subject.id.partition("+")[0], key)
        yield from (replace(finding, location=where) for finding in said(have))

    return placed


def share_of(found: Rate) -> str:
    """A share in words, with counts and interval.

    Raises:
        InputError: it is of no samples.
    """
    if found.value is None:
        raise InputError("the model has no sample right", remedy="Give samples of its task, with its classes.")
    low, high = found.interval
    return f"{found.value:.1%} ({found.hits:,} of {found.n:,}; interval {low:.1%} to {high:.1%})"
