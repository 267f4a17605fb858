"""`redan data pii`: personal data by content, against what is declared; and pseudonyms, by trying."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redan.cli.data.answer import Format, Page, Quiet, Seed, give
from redan.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from redan.findings import Finding
    from redan.tables import Table

_DECLARED = "A-MLSG-002-D001/personal-data-is-declared"
_KEYED = "A-MLSG-003-C002/pseudonyms-are-keyed"
_PSEUDONYMS = 100_000


def data_pii(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table.")],
    declared: Annotated[
        list[str] | None,
        typer.Option("--declared", metavar="COLUMN", help="Known to hold personal data; may be given again."),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", metavar="NAME", help="Read what is declared from this [[dataset]].")
    ] = None,
    folder: Annotated[
        Path, typer.Option("--dir", metavar="PATH", help="Folder of redan.toml, or the file itself.")
    ] = Path(),
    pseudonym: Annotated[
        list[str] | None,
        typer.Option("--pseudonym", metavar="COLUMN", help="Try to find what it stands for; may be given again."),
    ] = None,
    names: Annotated[
        bool, typer.Option("--names", help="Also names of persons in free text; needs redan[text] and a spaCy model.")
    ] = False,
    output: Format = "text",
    page: Page = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Find personal data, by content, and compare it with what is declared.

    Check digits and number registers are verified; a column is told only when chance does not explain what is in it.

    Args:
        path: the file.
        declared: columns that are known to hold personal data.
        dataset: name of a dataset whose declarations are read.
        folder: where the description is.
        pseudonym: columns of pseudonyms that are attacked.
        names: whether free text is searched for names.
        output: `text` or `json`.
        page: where to draw the map.
        seed: of samples.
        quiet: leave out what holds.

    Raises:
        InputError: the file cannot be read as a table.
        UsageError: a named column is not there.
        ConfigError: there is no such dataset.
    """
    from redan.tables import open_table

    if path.is_dir():
        raise UsageError("is a folder", where=str(path), remedy="give a file")
    table = open_table(path)
    said = {*(declared or ()), *(_said(dataset, folder) if dataset else ())}
    for name in (*(declared or ()), *(pseudonym or ())):
        if name not in table.columns:
            shown = ", ".join(table.columns[:20])
            raise UsageError(f"there is no column {name!r}", where=str(path), remedy=f"choose from {shown}")
    found = list(_found(table, dataset or path.name, said | {*(pseudonym or ())}, seed, names=names))
    found += _tried(table, path.name, pseudonym or [], seed)
    give("pii", (path,), found, output=output, page=page, quiet=quiet)


def _said(name: str, folder: Path) -> frozenset[str]:
    from redan.measures.personal.declared import declared_columns
    from redan.system.read import read

    system = read(folder)
    found = next((d for d in system.datasets if d.name == name), None)
    if found is None:
        known = ", ".join(d.name for d in system.datasets) or "none is described"
        raise ConfigError(f"no dataset is called {name!r}", where=system.origin.file, remedy=f"known: {known}")
    return declared_columns(found)


def _found(table: "Table", name: str, declared: set[str], seed: int, *, names: bool) -> "Iterator[Finding]":
    from redan.measures.personal.findings import told
    from redan.measures.personal.scan import scan_table

    scans = scan_table(table, seed=seed)
    yield from told(_DECLARED, name, scans, declared, name)
    if names:
        from redan.measures.personal.names import named_columns, told_names

        looked = [s.column for s in scans if s.found is None and s.column not in declared]
        yield from told_names(_DECLARED, name, named_columns(table, looked, seed=seed))


def _tried(table: "Table", name: str, columns: list[str], seed: int) -> "Iterator[Finding]":
    import numpy as np

    from redan.measures.enumeration.attack import attack
    from redan.measures.enumeration.findings import judged

    for column in columns:
        plain = [c for c in table.columns if c not in columns]
        known = {f"column {c!r}": table.distinct_sample(c, _PSEUDONYMS, seed) for c in plain}
        values = table.distinct_sample(column, _PSEUDONYMS, seed)
        found = attack(values, known=known, words=(column, name), rng=np.random.default_rng(seed))
        yield judged(_KEYED, name, column, found)
