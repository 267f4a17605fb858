"""`redan data load`."""

from pathlib import Path
from typing import Annotated

import typer

from redan.errors import UsageError


def data_load(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table.")],
) -> None:
    """Judge volume, class shares and silence of sources before anything learns.

    Args:
        path: the file.

    Raises:
        UsageError: always, until it is there.
    """
    raise UsageError("is not there yet", where=str(path))
