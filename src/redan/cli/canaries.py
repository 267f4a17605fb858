"""`redan defend canaries`: random secrets in training data, so that it can be measured what a model memorises."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from redan.cli.data.answer import Format, Quiet, give, writable
from redan.errors import InputError, UsageError

if TYPE_CHECKING:
    from redan.attacks.inference.canaries import CanarySet
    from redan.findings import Finding

_CHECK = "AIPS-INF-02/canaries-are-not-exposed"
_TEXTS = (".txt", ".text", ".md")
_LIMIT_BYTES = 1 << 30
_MOST = 1000
_ROWS = 1_000_000
Target = Annotated[Path, typer.Option("--output", "-o", "--out", metavar="FILE", help="The copy with canaries.")]
Secret = Annotated[
    Path, typer.Option("--secret", metavar="FILE", help="The list of canaries, mode 0600; keep it from who trains.")
]
Label = Annotated[str | None, typer.Option("--label", metavar="COLUMN", help="Column of classes; for a table.")]
Column = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="COLUMN",
        help="Whose values are drawn, repeated; left out, the four numbers that tell least of the label.",
    ),
]
Pattern = Annotated[
    str,
    typer.Option("--pattern", metavar="TEXT", help="Of a text: a line in which # is a random digit, ? a letter."),
]
Vocabulary = Annotated[
    Path | None,
    typer.Option("--vocabulary", metavar="FILE", help="Characters of a model's tokens, in order; left out, bytes."),
]
Repeat = Annotated[
    list[int] | None,
    typer.Option("--repeat", min=1, max=100_000, metavar="N", help="A canary that is planted so often; repeated."),
]
Fixed = Annotated[
    int | None, typer.Option("--seed", min=0, max=2**53 - 1, metavar="N", help="For tests: the secrets follow from it.")
]


def canaries(
    path: Annotated[Path, typer.Argument(metavar="DATA", help="A table, or a text file.")],
    target: Target,
    secret: Secret,
    label: Label = None,
    column: Column = None,
    pattern: Pattern = "my number is ###-##-####",
    vocabulary: Vocabulary = None,
    repeat: Repeat = None,
    output: Format = "text",
    seed: Fixed = None,
    quiet: Quiet = False,
) -> None:
    """Plant random secrets in training data before a model is trained on it.

    The copy goes to whoever trains; the list stays with whoever measures, named as `canaries` in the model's table.
    In a table, a canary is a row with random values under a label that is not its own; in a text, a line.

    Each option is told by its help.

    Raises:
        UsageError: a file would be replaced by another, a list of canaries is there already, or the label is missing.
        InputError: the data cannot be read, or nothing can be drawn at random.
    """
    from redan.attacks.inference.canaries_planting import REPEATS

    times = tuple(repeat or REPEATS)
    _apart(path, target, secret)
    if len(times) > _MOST:
        raise UsageError(f"{len(times):,} canaries are more than {_MOST:,}", remedy="give fewer")
    key = None if seed is None else f"{seed:032x}"
    if sum(times) > _ROWS:
        raise UsageError(f"{sum(times):,} planted rows are more than {_ROWS:,}", remedy="repeat canaries less often")
    if path.suffix.lower() in _TEXTS:
        if label is not None or column:
            raise UsageError("a text has no columns", where=str(path), remedy="leave out --label and --column")
        made = _in_text(path, target, secret, (pattern, vocabulary), times, key)
    else:
        if vocabulary is not None:
            raise UsageError("a table has no characters", where=str(path), remedy="leave out --vocabulary")
        made = _in_table(path, target, secret, (label, tuple(column or ())), times, key)
    give("canaries", [path, target, secret], [*_findings(target.name, made)], output=output, quiet=quiet)


def _apart(path: Path, target: Path, secret: Path) -> None:
    if len({one.resolve() for one in (path, target, secret)}) < 3:  # noqa: PLR2004 -- the three of them
        raise UsageError("data, copy and list are not three files", remedy="name each another way")
    if secret.exists():
        raise UsageError(
            "is there already; without it nobody can measure what a model memorised of its canaries",
            where=str(secret),
            remedy="name another file, or remove this one",
        )
    writable(target)
    writable(secret)


def _in_text(
    path: Path, target: Path, secret: Path, told: tuple[str, Path | None], times: tuple[int, ...], key: str | None
) -> "CanarySet":
    from redan.attacks.inference.canaries_planting import plant_in_text

    (pattern, vocabulary), text = told, _text(path)
    if not text.strip():
        raise InputError("has no lines", where=str(path), remedy="give the text that a model is trained on")
    letters = None if vocabulary is None else _text(vocabulary)
    if letters == "":
        raise InputError("is empty", where=str(vocabulary), remedy="give the characters of the model's tokens in order")
    if letters is not None and len({*letters}) != len(letters):
        raise InputError("a character stands twice", where=str(vocabulary), remedy="list each token once")
    done = plant_in_text(text, pattern, repeats=times, vocabulary=letters, seed=key)
    return _both(done.canaries, target, secret, lambda file: file.write(str(done.rows).encode()))


def _in_table(
    path: Path,
    target: Path,
    secret: Path,
    told: tuple[str | None, tuple[str, ...]],
    times: tuple[int, ...],
    key: str | None,
) -> "CanarySet":
    from redan.attacks.inference.canaries_planting import plant_in_table
    from redan.cli.data.rows_out import checked_target, rows_into
    from redan.tables import open_table
    from redan.tables.table import SAMPLE_LIMIT

    label, columns = told
    if label is None:
        raise UsageError("a table needs the column that a model learns", where=str(path), remedy="name it with --label")
    checked_target(target, path)
    table = open_table(path)
    if table.rows > SAMPLE_LIMIT:
        raise InputError(f"has more than {SAMPLE_LIMIT:,} rows", where=str(path), remedy="plant in a part of it")
    try:
        done = plant_in_table(table.sample(SAMPLE_LIMIT, 0), label, columns=columns, repeats=times, seed=key)
    except InputError as error:
        raise InputError(error.what, where=error.where or str(path), remedy=error.remedy) from error
    return _both(done.canaries, target, secret, lambda file: rows_into(file, target, done.rows))


def _both(made: "CanarySet", target: Path, secret: Path, write: Callable[[BinaryIO], object]) -> "CanarySet":
    """Writes the copy and the list with the copy's digest, or neither: a canary that nobody has a list of is lost."""
    from redan.files import CHUNK_BYTES, atomic_file

    with atomic_file(target, mode=0o600) as file:
        write(file)
        file.flush()
        state, at = hashlib.sha256(), 0
        while chunk := os.pread(file.fileno(), CHUNK_BYTES, at):
            state.update(chunk)
            at += len(chunk)
        bound = made.model_copy(update={"data": state.hexdigest()})
        bound.write(secret)
    return bound


def _text(path: Path) -> str:
    from redan.files import read_bounded

    try:
        return read_bounded(path, _LIMIT_BYTES).decode()
    except UnicodeDecodeError as error:
        raise InputError("is no text in UTF-8", where=str(path), remedy="save it as UTF-8") from error


def _findings(name: str, made: "CanarySet") -> "Iterator[Finding]":
    from math import log2

    from redan.attacks.inference.exposure import default_bound
    from redan.findings import Measure, Remedy, holds, not_run

    bits, needed = log2(made.space), default_bound(len(made.canaries))
    times = ", ".join(str(one.repeats) for one in made.canaries[:20])
    text = (
        f"{len(made.canaries)} canaries of {bits:.1f} random bits each were planted, {times} times; whoever trains "
        "must not see the list."
    )
    if bits > needed:
        measure = Measure(name="bits", value=bits, n=len(made.canaries), threshold=needed, comparator=">=", unit="bits")
        yield holds(_CHECK, name, text, measure=measure)
    else:
        advice = Remedy(text="Draw more columns or digits, or plant fewer canaries.")
        text += f" That is too few to show more than the {needed:.1f} bits that chance may reach."
        yield not_run(_CHECK, name, text, remedy=advice)
