"""`redan data pseudonymise`."""

from pathlib import Path
from typing import Annotated

import typer

from redan.errors import UsageError


def data_pseudonymise(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table.")],
) -> None:
    """Replace identifiers by keyed pseudonyms, valid in format where wanted.

    Args:
        path: the file.

    Raises:
        UsageError: always, until it is there.
    """
    raise UsageError("is not there yet", where=str(path))
