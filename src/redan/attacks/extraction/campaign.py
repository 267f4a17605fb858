"""A model and a file of samples in; copies by several attacks under several forms of answers out, judged alike."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.inputs import Opening, Target, one_array, read_boxed, read_by, source_of_target
from redan.attacks.cost import Cost
from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.copies import labels_of
from redan.attacks.extraction.data_free import DataFree
from redan.attacks.extraction.domain import Domain, box, box_of_space
from redan.attacks.extraction.form import Shown
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.reach import Extraction, Yardstick, ceiling, extract, without_asking, yardstick
from redan.attacks.extraction.recipes import is_picture, recipe_of
from redan.attacks.extraction.shelf import attacks_of
from redan.attacks.progress import Progress
from redan.attacks.queries import Queries, Source, indices
from redan.attacks.replay import Replay
from redan.attacks.sources import FunctionSource
from redan.errors import IncompleteError, InputError, UsageError
from redan.extras import missing_import
from redan.measures.robustness import Rate, rate

if TYPE_CHECKING:
    from redan.attacks.extraction.portraits import Portraits

Array: TypeAlias = NDArray[Any]
_LEAST = 20
_JUDGED = 1000
_FIRST = 16
_TWICE = 100  # samples that an endpoint is asked about again
_LABELS = "The model shows labels only, so that no other form of answers was tried."
_SINGLE = "The samples are of one class, so that neither accuracy nor models that learn from them are told."


class Wanted(NamedTuple):
    """What is wanted of a campaign.

    Args:
        forms: of answers; the first is how the model is served, and judged.
        budget: questions of each attack.
        attacks: words of the shelf; those that fit when empty.
        label: column of classes; for a table.
        samples: of the file at most, for attacker and judge together.
        box: least and largest value of an array's numbers.
        second: a model trained alike from another seed, for the ceiling of agreement.
        later: the next generation of the model, to which a copy is compared as well.
        seed: of every draw.
        doublings: numbers of questions at which copies are judged, besides the budget and the rank of the inputs.
        progress: is told how far it is.
        work: file of the answers so far, so that a call that was cut off goes on; None for none.
    """

    forms: tuple[Shown, ...]
    budget: int = 1000
    attacks: tuple[str, ...] = ()
    label: str | None = None
    samples: int = 2000
    box: tuple[float, float] = (0.0, 1.0)
    second: Opening | None = None
    later: Opening | None = None
    seed: int = 0
    doublings: int = 5
    progress: Callable[[Progress], None] | None = None
    work: Path | None = None


class Rotation(NamedTuple):
    """What the next generation of the model makes of a copy.

    Args:
        copy: how often the best copy agrees with the next generation.
        models: how often both generations agree.
    """

    copy: Rate
    models: Rate


class Copied(NamedTuple):
    """What a campaign found.

    Args:
        by: inputs that judged the copies.
        forms: each form of answers with what each attack reached.
        without: fidelity of a model of the attacker's that asked nothing; None without true classes.
        alike: how often two models of the attacker's recipe agree, trained on true classes from two seeds.
        second: how often the model and one trained alike from another seed agree; None where there is none.
        rotation: None where no next generation is given.
        known: inputs that the attacker had.
        unknowns: numbers that describe the model; None where its file does not tell.
        cost: of all attacks.
        notes: what a reader has to know.
        portraits: of the classes, by a generator; None unless pictures were copied without any.
        again: how often an endpoint answers samples as it did before the attacks; None where it was not asked again.
    """

    by: Yardstick
    forms: tuple[tuple[Shown, tuple[Extraction, ...]], ...]
    without: Rate | None
    alike: Rate | None
    second: Rate | None
    rotation: Rotation | None
    known: int
    unknowns: int | None
    cost: Cost
    notes: tuple[str, ...] = ()
    portraits: "Portraits | None" = None
    again: Rate | None = None


class Samples(NamedTuple):
    """Samples as attackers and models take them.

    Args:
        x: shape (n, ...).
        y: labels as the file has them.
        domain: of the inputs.
        asked: what answers for a target, over these inputs.
        notes: what was left out.
    """

    x: Array
    y: Array
    domain: Domain
    asked: Callable[[Target], Source]
    notes: tuple[str, ...] = ()


def try_extraction(opening: Opening, data: Path, wanted: Wanted) -> Copied:
    """Copies a model as an attacker would who has half of the samples without their labels; the other half judges.

    Args:
        opening: of the model.
        data: an `.npz` with arrays x and y, or a table.
        wanted: of the campaign.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model and data do not fit.
        IncompleteError: the model did not even answer the judge.
    """
    target = opening()
    second, later = (None if one is None else one() for one in (wanted.second, wanted.later))
    samples = _samples(target, data, wanted)
    if len(samples.x) < _LEAST:
        raise InputError(f"{len(samples.x)} samples are too few", where=str(data), remedy=f"give {_LEAST} or more")
    order = np.random.default_rng([wanted.seed, 7]).permutation(len(samples.x))
    held, pool = np.array_split(order, 2)
    replay = None if wanted.work is None else Replay(wanted.work, f"{target.of} {_digest(samples.x)}")
    asking = _Asking(lambda: samples.asked(target), replay)
    judge = asking("judge")
    truth = _truth(judge, samples.y, samples.x)
    by = yardstick(
        judge.labels,
        samples.domain,
        samples.x[held[:_JUDGED]],
        truth.y[held[:_JUDGED]] if truth.known else None,
        classes=truth.classes,
        seed=wanted.seed,
    )
    known = Known(domain=samples.domain, x=samples.x[pool], recipe=recipe_of(samples.domain), seed=wanted.seed)
    served = (Shown(form="label"),) if truth.bare else wanted.forms
    forms = tuple((shown, _tried(asking, samples.domain, shown, (known, by), wanted)) for shown in served)
    best = _best(forms[0][1])
    own = (samples.x[pool], truth.y[pool])
    imagined = _portraits(forms[0][1], judge, by, wanted) if is_picture(samples.domain) else None
    notes = (*target.notes, *samples.notes, *truth.notes)
    again = None if target.endpoint is None else _again(judge, by)
    return Copied(
        by=by,
        forms=forms,
        without=without_asking(known, *own, by) if truth.known else None,
        alike=ceiling(known, *own, by) if truth.known else None,
        second=None if second is None else _agreed(second, samples, by),
        rotation=None if later is None or best is None else _rotation(later, samples, by, best),
        known=len(pool),
        unknowns=_unknowns(opening),
        cost=sum((one.cost for _, made in forms for one in made), start=Cost()),
        notes=notes if not isinstance(imagined, str) else (*notes, imagined),
        portraits=None if isinstance(imagined, str) else imagined,
        again=again,
    )


def marks_of(budget: int, domain: Domain, doublings: int = 5) -> tuple[int, ...]:
    """Numbers of questions at which copies are judged: doubling, with the rank of the inputs, up to the budget."""
    doubled = [_FIRST * 2**power for power in range(40) if _FIRST * 2**power < budget]
    return tuple(sorted({*doubled[-doublings:], budget, *([domain.rank] if domain.rank < budget else [])}))


def _tried(
    asking: "_Asking", domain: Domain, shown: Shown, at: tuple[Known, Yardstick], wanted: Wanted
) -> tuple[Extraction, ...]:
    (known, by), made = at, []
    for attack in attacks_of(wanted.attacks, domain):
        name = f"{attack.name}, {shown}"
        oracle = Oracle(asking(name, wanted.budget), shown=shown, classes=by.classes)
        told, marks = _teller(wanted, name), marks_of(wanted.budget, domain, wanted.doublings)
        made.append(extract(attack, oracle, known, by, marks, told=told))
    return tuple(made)


class _Asking(NamedTuple):
    """The model, asked anew by each attack, and what it answered in an earlier call."""

    source: Callable[[], Source]
    replay: Replay | None

    def __call__(self, name: str, budget: int | None = None) -> Queries:
        part = None if self.replay is None else self.replay.part(name)
        return Queries(self.source(), budget=budget, replay=part)


def _digest(x: Array) -> str:
    return hashlib.sha256(str(x.shape).encode() + np.ascontiguousarray(x).tobytes()).hexdigest()


def _teller(wanted: Wanted, name: str) -> Callable[[int], None] | None:
    progress = wanted.progress
    return None if progress is None else lambda asked: progress(Progress(name, asked, wanted.budget))


def _samples(target: Target, data: Path, wanted: Wanted) -> Samples:
    if data.suffix.lower() != ".npz":
        return _table(target, data, wanted)
    if wanted.label:
        raise UsageError("an .npz has no columns", where=str(data), remedy="leave out --label")
    one_array(target, data)
    read = read_boxed(data, wanted.samples, wanted.seed, wanted.box)
    return Samples(read.x, read.y, box(read.x.shape[1:], *wanted.box), source_of_target)


def _table(target: Target, data: Path, wanted: Wanted) -> Samples:
    from redan.attacks.tables.encode import TableModel, rows_of
    from redan.attacks.tables.rules import Rules
    from redan.tables import open_table

    if wanted.label is None:
        raise UsageError("a table needs its label", where=str(data), remedy="name it with --label")
    table = read_by(target.model, open_table(data), wanted.label)
    rows = rows_of(table, wanted.label, Rules(others="free"), limit=wanted.samples, seed=wanted.seed)

    def asked(of: Target) -> Source:
        if of.model is None:
            return source_of_target(of)
        known = getattr(getattr(of.model, "estimator", None), "classes_", None)
        return FunctionSource(TableModel(of.model, rows.space).predict, classes=known)

    told = ", ".join(f"{count:,} for {reason}" for reason, count in rows.left_out.items())
    notes = (f"Rows that were left out: {told}.",) if told else ()
    return Samples(rows.x, rows.y, box_of_space(rows.space, rows.x), asked, notes)


class _Truth(NamedTuple):
    y: NDArray[np.int64]
    known: bool
    classes: int
    notes: tuple[str, ...] = ()
    bare: bool = False


def _truth(judge: Queries, y: Array, x: Array) -> _Truth:
    """True classes as indices, and how many classes there are."""
    told, names, given = judge.answered(x[:1]), judge.source.classes, np.unique(y)
    single = (_SINGLE,) if len(given) == 1 else ()
    if told.ndim == 1:
        places = indices(y, None if names is None else np.asarray(names))
        wide = max(len(names if names is not None else given), int(places.max()) + 1)
        return _Truth(places, known=not single, classes=wide, notes=(_LABELS, *single), bare=True)
    wide = told.shape[1]
    notes: tuple[str, ...] = ()
    if names is None and (y.dtype.kind not in "iub" or y.min() < 0 or y.max() >= wide):
        if len(given) != wide:
            none = ("The model's classes have no names, so that accuracy is not told.",)
            return _Truth(np.zeros(len(y), np.int64), known=False, classes=wide, notes=none)
        names, notes = given, ("The model names no classes; those of the data are taken in sorted order.",)
    places = indices(y, None if names is None else np.asarray(names))
    return _Truth(places, known=not single, classes=wide, notes=(*notes, *single))


def _best(made: tuple[Extraction, ...]) -> Extraction | None:
    """The attack whose last copy has the highest fidelity."""
    done = [one for one in made if one.last is not None and one.copy is not None]
    return max(done, key=lambda one: one.last.fidelity.hits if one.last else -1, default=None)


def _portraits(made: tuple[Extraction, ...], judge: Queries, by: Yardstick, wanted: Wanted) -> "Portraits | str | None":
    """Of the copy that was made without pictures, or why there are none."""
    found = next((one.copy for one in made if one.attack == DataFree().name and one.copy is not None), None)
    if found is None or by.y is None or missing_import("torch") is not None:
        return None
    from redan.attacks.extraction.portraits import portraits

    domain = box(by.x.shape[1:], *wanted.box)
    try:
        return portraits(found, domain, judge.answered, by.x, by.y, classes=by.classes, seed=wanted.seed)
    except IncompleteError as error:
        return f"No portraits of the classes: {error.what}."


def _again(judge: Queries, by: Yardstick) -> Rate | None:
    """How often it answers samples as it did before the attacks; None where it does not answer any more."""
    count = min(_TWICE, len(by.x))
    try:
        return rate(judge.labels(by.x[:count]) == by.answers[:count])
    except IncompleteError:
        return None


def _agreed(other: Target, samples: Samples, by: Yardstick) -> Rate:
    return rate(Queries(samples.asked(other)).labels(by.x) == by.answers)


def _rotation(later: Target, samples: Samples, by: Yardstick, best: Extraction) -> Rotation:
    told = Queries(samples.asked(later)).labels(by.x)
    found = by.answers if best.copy is None else labels_of(best.copy, by.x)
    return Rotation(rate(found == told), rate(by.answers == told))


def _unknowns(opening: Opening) -> int | None:
    """Numbers that describe an ONNX model; None of others."""
    from redan.files import read_bounded
    from redan.models.onnx_unknowns import unknowns

    path = Path(opening.word)
    if path.suffix.lower() != ".onnx" or not path.is_file():
        return None
    return unknowns(read_bounded(path, 4 << 30))
