"""`redan defend minimise`: the smallest set of features within an accepted loss of accuracy."""

import datetime as dt
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from redan.cli.data.answer import Format, Page, Quiet, Seed, give
from redan.errors import UsageError

if TYPE_CHECKING:
    from redan.canon import Json
    from redan.defences.minimise import Minimised, Step
    from redan.findings import Finding
    from redan.tables import Table

ROWS = 5_000_000  # writing the table hands out every row, so they must fit in memory


Label = Annotated[str, typer.Option("--label", metavar="COLUMN", help="Column that holds the true answer.")]
Feature = Annotated[
    list[str] | None, typer.Option("--feature", metavar="COLUMN", help="A candidate; all others if left out.")
]
Keep = Annotated[list[str] | None, typer.Option("--keep", metavar="COLUMN", help="Stays in any case; may be repeated.")]
Sensitive = Annotated[
    list[str] | None, typer.Option("--sensitive", metavar="COLUMN", help="Goes first of those that hardly matter.")
]
Drop = Annotated[list[str] | None, typer.Option("--drop", metavar="COLUMN", help="Is not looked at; may be repeated.")]
Accepted = Annotated[
    float, typer.Option("--loss", min=0.0001, max=0.9999, metavar="X", help="Accepted loss of accuracy.")
]
Kind = Annotated[Literal["classification", "regression"], typer.Option("--task", help="What the label is.")]
Target = Annotated[
    Path | None, typer.Option("--output", "-o", "--out", metavar="FILE", help="Write label and needed features.")
]


def minimise(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table of training data.")],
    label: Label,
    feature: Feature = None,
    keep: Keep = None,
    sensitive: Sensitive = None,
    drop: Drop = None,
    loss: Accepted = 0.02,
    task: Kind = "classification",
    target: Target = None,
    output: Format = "text",
    page: Page = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Find the smallest set of features within a stated loss of accuracy.

    Accuracy is the share of right answers, averaged over the classes, so that a rare class counts as much as a frequent
    one; for numbers it is the share of variance explained. Columns that name a person or a row are never features.

    Args:
        path: the file.
        label: column that holds the true answer.
        feature: candidates.
        keep: features that stay in any case.
        sensitive: features that go first among those that hardly matter.
        drop: columns that are not looked at.
        loss: accepted loss of accuracy, absolute.
        task: what the label is.
        target: where to write the table with the label and the needed features alone.
        output: `text` or `json`.
        page: where to draw what was measured.
        seed: of every random choice.
        quiet: only what could not be told.

    Raises:
        UsageError: an option contradicts another.
        InputError: the file cannot be read as a table, or lacks a column.
        IncompleteError: there are too few rows, or the features say nothing about the label.
        MissingExtraError: scikit-learn is not installed.
    """
    table = _opened(path, target)
    names = _features(table, label, feature, keep or [], sensitive or [], drop or [])
    named = _naming(table, [name for name in names if name not in (keep or [])], seed)
    asked = _Asked(label, [n for n in names if n not in named], keep or [], sensitive or [], loss, task, seed)
    with _progress(quiet=quiet) as told:
        found = _smallest(table, asked, told)
    if target is not None:
        _write(target, table, [*found.kept, label])
    give("minimise", [path], [*_findings(path.name, found, named)], output=output, page=page, quiet=quiet)


class _Asked(NamedTuple):
    label: str
    features: list[str]
    keep: list[str]
    sensitive: list[str]
    loss: float
    task: str
    seed: int


def _opened(path: Path, target: Path | None) -> "Table":
    from redan.cli.data.rows_out import checked_target
    from redan.tables import open_table

    if path.is_dir():
        raise UsageError("is a folder", where=str(path), remedy="give a file")
    if target is not None:
        checked_target(target, path)
    table = open_table(path)
    if target is not None and table.rows > ROWS:
        raise UsageError(f"{table.rows:,} rows do not fit in memory", remedy="leave out --output")
    return table


def _smallest(table: "Table", asked: _Asked, told: Callable[[int, int], None] | None) -> "Minimised":
    import numpy as np

    from redan.defences.minimise import minimise as smallest

    return smallest(
        table,
        asked.label,
        rng=np.random.default_rng(asked.seed),
        features=asked.features,
        loss=asked.loss,
        keep=asked.keep,
        sensitive=[name for name in asked.sensitive if name in asked.features],
        task=asked.task,
        progress=told,
    )


def _write(target: Path, table: "Table", names: Sequence[str]) -> None:
    from redan.cli.data.rows_out import write_rows

    kept = [name for name in table.columns if name in names]
    write_rows(target, table.select(kept).frame.collect("pyarrow").to_arrow())


def _features(table: "Table", label: str, feature: list[str] | None, *parts: Sequence[str]) -> list[str]:
    """The candidates, checked before the expensive part.

    Raises:
        UsageError: a column has two parts, or is no feature.
        InputError: there is no such column.
    """
    keep, sensitive, drop = parts
    names = [name for name in feature or table.columns if name != label and name not in drop]
    table.select([label, *(feature or []), *keep, *sensitive, *drop])
    if label in (feature or []):
        raise UsageError(f"column {label!r} is the label", remedy="leave it out of the features")
    for name in (*keep, *sensitive):
        if name not in names:
            raise UsageError(f"column {name!r} is not among the features", remedy="name it with --feature, too")
    return names


def _naming(table: "Table", names: Sequence[str], seed: int) -> dict[str, str]:
    """Columns that name a person or a row, and why."""
    from redan.measures.identifying import identifying

    today = dt.datetime.now(dt.UTC).date()
    return {name: why.reason for name, why in identifying(table, names, today=today, seed=seed).items()}


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error, on a terminal alone."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("sets of features"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as bar:
        line = bar.add_task("sets", total=None)

        def told(done: int, total: int) -> None:
            bar.update(line, completed=done, total=total)

        yield told


def _findings(subject: str, found: "Minimised", named: dict[str, str]) -> Iterator["Finding"]:
    from redan.findings import Measure, Remedy, holds, not_run

    check, proof = "A-MLSG-003-D001/features-are-relevant", found.proof
    for name, reason in named.items():
        yield holds(check, subject, f"Column {name} was not looked at: {reason}.", part=name)
    if found.unassessed:
        text = f"Free text and nested values are not assessed: {', '.join(found.unassessed)}."
        yield not_run(check, subject, text, part="unassessed")
    count = len(found.kept) + len(found.dropped)
    failed = next((step for step in found.steps if not step.proven), None)
    if failed is not None and not found.dropped and failed.loss <= found.agreed:
        yield _undecided(check, subject, found, failed)
        return
    measure = Measure(
        name="accuracy_loss",
        value=proof.loss,
        interval=proof.interval,
        n=found.rows,
        threshold=found.agreed,
        unit="share",
        confidence=0.9,
    )
    text = (
        f"{len(found.kept)} of {count} features suffice: {', '.join(found.kept)}. Accuracy is {proof.accuracy:.1%} "
        f"instead of {found.steps[0].accuracy:.1%}; the loss is {proof.loss:+.1%} and with 95 % certainty at most "
        f"{proof.interval.high:.1%} on {found.rows:,} rows that did not choose them; {found.agreed:.1%} are accepted."
    )
    advice = Remedy(text=f"Train without {', '.join(found.dropped)}.") if found.dropped else None
    answer = replace(holds(check, subject, text, part="needed", measure=measure), remedy=advice)
    yield replace(answer, detail=_facts(found))


def _undecided(check: str, subject: str, found: "Minimised", failed: "Step") -> "Finding":
    from redan.findings import Remedy, not_run

    text = (
        f"{found.rows:,} rows do not tell whether {len(failed.features)} of {len(found.kept)} features suffice: the "
        f"loss is {failed.loss:+.1%}, but may be up to {failed.interval.high:.1%}; {found.agreed:.1%} are accepted."
    )
    advice = Remedy(text="Give more rows, or accept a larger loss with --loss.")
    return replace(not_run(check, subject, text, remedy=advice, part="needed"), detail=_facts(found))


def _facts(found: "Minimised") -> "dict[str, Json]":
    from redan.findings.pictures import Line, Series, pictured

    drawn = Series(
        title="Accuracy by number of features",
        x=tuple(str(len(step.features)) for step in found.steps),
        lines=(Line(name="accuracy", values=tuple(step.accuracy for step in found.steps)),),
        threshold=found.steps[0].accuracy - found.agreed,
        unit="share",
    )
    return {
        "kept": [*found.kept],
        "dropped": [*found.dropped],
        "unassessed": [*found.unassessed],
        "task": found.task,
        "rows_total": found.total,
        "steps": [
            {
                "features": [*step.features],
                "accuracy": step.accuracy,
                "loss": step.loss,
                "interval": [step.interval.low, step.interval.high],
                "proven": step.proven,
            }
            for step in found.steps
        ],
        **pictured([drawn]),
    }
