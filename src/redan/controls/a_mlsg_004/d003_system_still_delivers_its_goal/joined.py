"""Whether the truth that comes late is joined to the answers it belongs to, and is no echo of them."""

from collections.abc import Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.contract import Have, Subject
from redan.controls.statement import place
from redan.errors import IncompleteError, InputError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval
from redan.system.system import System
from redan.terms import Level, Stage

JOINED = "A-MLSG-004-D003/late-labels-are-joined"
_LEAST = 30
_MOST = 100_000
_ECHO = 0.999
_KEEP = Remedy(
    text="Keep each answer with its identifier, join the truth to it when it is known, and describe both as a "
    '[[dataset]] with role = "current", prediction and label.',
    effort=Level.MEDIUM,
)
_APART = Remedy(
    text="Take the truth from where the model's answer does not reach: an audited draw, or rows that nobody acted on.",
    effort=Level.MEDIUM,
)


def recorded(system: System) -> Iterator[Subject]:
    """Current datasets; the product itself where it is in operation, answers somebody, and has none."""
    current = [one for one in system.datasets if one.role == "current"]
    for one in current:
        yield Subject(f"dataset:{one.name}", (f"dataset:{one.name}",))
    if not current and system.endpoints and system.about.stage is Stage.OPERATION:
        yield Subject("system")


def joined(have: Have) -> Iterator[Finding]:
    """One finding for each dataset of current input."""
    yield replace(_joined(have), location=place(have.system, have.subject.id))


def _joined(have: Have) -> Finding:
    subject = have.subject.id
    if subject == "system":
        return broken(JOINED, subject, "No dataset of current input is kept, so no label can be joined to it.", _KEEP)
    data = have.system.dataset(subject.partition(":")[2])
    if data.label is None or data.prediction is None:
        text = f"Dataset {data.name} does not hold both the model's answers and the truth about them."
        return broken(JOINED, subject, text, _KEEP)
    try:
        table = have.get(DatasetFile, subject).table()
        missing = [name for name in (data.label, data.prediction) if name not in table.columns]
        if missing:
            return broken(JOINED, subject, f"Dataset {data.name} has no column {missing[0]!r}.", _KEEP)
        rows = table.sample(_MOST, 0)
    except (InputError, IncompleteError) as error:
        return not_run(JOINED, subject, f"{error.what[:1].upper()}{error.what[1:].rstrip('.')}.")
    pairs = zip(rows[data.label].to_pylist(), rows[data.prediction].to_pylist(), strict=True)
    both = [(str(label), str(answer)) for label, answer in pairs if label is not None and answer is not None]
    share = len(both) / max(1, rows.num_rows)
    if not both:
        return broken(JOINED, subject, f"No row of dataset {data.name} has both an answer and a label.", _KEEP)
    return _echo(subject, data.name, both, share)


def _echo(subject: str, name: str, both: list[tuple[str, str]], share: float) -> Finding:
    if len(both) < _LEAST:
        text = f"Only {len(both)} answers of dataset {name} have a label; {_LEAST} are needed to look for an echo."
        return not_run(JOINED, subject, text, remedy=_KEEP)
    agree = sum(label == answer for label, answer in both)
    low, high = _interval(agree, len(both))
    measure = Measure(
        name="labels_equal_to_answers",
        value=agree / len(both),
        interval=Interval(low, high),
        n=len(both),
        threshold=_ECHO,
        unit="share",
    )
    if measure.value is not None and measure.value > _ECHO:
        text = (
            f"{agree:,} of {len(both):,} labels of dataset {name} are the model's own answers: what it learns from "
            "them is what it said before, and no loss can show."
        )
        return broken(JOINED, subject, text, _APART, measure=measure)
    text = f"{len(both):,} answers of dataset {name} ({share:.0%}) have their label, and {agree / len(both):.1%} agree."
    return holds(JOINED, subject, text, measure=measure)


def _interval(hits: int, trials: int) -> tuple[float, float]:
    found = clopper_pearson(hits, trials)
    return found.low, found.high
