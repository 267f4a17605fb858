"""`redan data privacy`: what a record of private training adds up to, and which mistakes it shows."""

from pathlib import Path
from typing import Annotated

import typer

from redan.cli.data.answer import Format, Page, Quiet, apart, give


def data_privacy(
    path: Annotated[Path, typer.Argument(metavar="RECORD", help="A record of private training, redan/privacy/v1.")],
    output: Format = "text",
    page: Page = None,
    quiet: Quiet = False,
) -> None:
    """Add up a record of private training, and look for the known mistakes.

    Epsilon is that of what was really done, by privacy loss distributions where they cover it.

    Args:
        path: of the record.
        output: `text` or `json`.
        page: where to draw what was found.
        quiet: leave out what holds.

    Raises:
        InputError: the file is no record; names the line.
        MissingExtraError: dp-accounting is not installed.
    """
    from redan.measures.privacy import read_record, review
    from redan.measures.privacy.findings import findings

    apart([path], page)
    found = findings(review(read_record(path)), path.name, path.name)
    give("privacy", [path], found, output=output, page=page, quiet=quiet)
