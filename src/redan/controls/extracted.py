"""What checks of extraction share: a model with samples, and the questions that an attacker may put to it."""

from typing import NamedTuple

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.attacks.campaign.inputs import Opening
from redan.attacks.extraction.campaign import Copied, Wanted, try_extraction
from redan.attacks.extraction.form import Shown
from redan.controls.contract import Have
from redan.errors import IncompleteError, InputError
from redan.system.records import Dataset, Endpoint, Model
from redan.system.retention import parse_duration
from redan.system.system import System

LEAST = 100
_DAYS = 365.2425 / 12
_DAY_S = 86_400


class Served(NamedTuple):
    """What one client may ask of a model.

    Args:
        questions: in its lifetime; None where nothing bounds them.
        shown: the most telling form of answers.
        words: what bounds them.
    """

    questions: int | None
    shown: Shown
    words: str


def copied_of(have: Have, model: Model, data: Dataset | None, wanted: Wanted) -> Copied:
    """A campaign on a model of the description.

    Args:
        have: with the files of model and data.
        model: that is copied.
        data: of which half is the attacker's, without labels.
        wanted: all but the column of labels and the box, which the description knows.

    Raises:
        InputError: there is no data, or it does not fit the model.
        IncompleteError: there are too few samples to judge by.
    """
    if data is None:
        raise InputError(
            f"there is no data to judge copies of model {model.name} by",
            remedy="Name a [[dataset]] with a path in the model's key 'validated_on'.",
        )
    path = have.get(DatasetFile, f"dataset:{data.name}").path
    table = path.suffix.lower() != ".npz"
    if table and data.label is None:
        raise InputError(f"dataset {data.name} names no label", remedy="Add the key 'label'.")
    made = try_extraction(
        opening_of(have, model),
        path,
        wanted._replace(label=data.label if table else None, box=model.box, seed=int(have.system.policy.seed)),
    )
    if made.by.constant:
        raise IncompleteError("the model gives one answer to everything, so that a copy tells nothing")
    if made.by.majority.n < LEAST:
        raise IncompleteError(
            f"{made.by.majority.n} samples are too few to judge a copy", remedy=f"Give {2 * LEAST} or more."
        )
    return made


def opening_of(have: Have, model: Model) -> Opening:
    """How the file of a model is opened; only formats that run no code are.

    Raises:
        InputError: it has none.
    """
    found = next((file.path for file in have.all(ModelFile) if file.element == f"model:{model.name}"), None)
    if found is None:
        raise InputError(f"model {model.name} has no file", remedy="Give it a 'path'.")
    return Opening(str(found))


def days_of(lifetime: str) -> float:
    """Days of a duration such as `90 days`, a month as long as it is on average."""
    found = parse_duration(lifetime)
    return found.months * _DAYS + found.days


def served_of(system: System, model: Model, days: float) -> Served:
    """What one client may ask in so many days, at the endpoint that allows the most.

    Returns:
        Full scores, without a bound, where the model has no endpoint.
    """
    offers = [_offered(one, days) for one in system.endpoints if one.model == model.name]
    if not offers:
        return Served(None, Shown(), "no endpoint bounds questions")
    return max(offers, key=lambda one: (float("inf") if one.questions is None else one.questions, one.shown.told(10)))


def _offered(one: Endpoint, days: float) -> Served:
    by_rate = None if one.rate is None else int(one.rate * days * _DAY_S) + (one.burst or 0)
    told = [(one.queries, f"{one.queries:,} questions in all" if one.queries else "")]
    told.append((by_rate, f"{one.rate:g} a second" if one.rate else ""))
    known = [(count, words) for count, words in told if count is not None]
    shown = Shown(one.answers, one.top or 1, None if one.answers in {"label", "score"} else one.decimals)
    if not known:
        return Served(None, shown, f"endpoint {one.name} bounds no questions")
    count, words = min(known)
    return Served(count, shown, f"endpoint {one.name} allows {words}")
