"""`redan data shift`."""

from pathlib import Path
from typing import Annotated

import typer

from redan.errors import UsageError


def data_shift(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table.")],
) -> None:
    """Compare current data with a reference under one budget of false alarms.

    Args:
        path: the file.

    Raises:
        UsageError: always, until it is there.
    """
    raise UsageError("is not there yet", where=str(path))
