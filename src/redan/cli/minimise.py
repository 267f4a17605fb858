"""`redan defend minimise`."""

from pathlib import Path
from typing import Annotated

import typer

from redan.errors import UsageError


def minimise(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table.")],
) -> None:
    """Find the smallest set of features within a stated loss of accuracy.

    Args:
        path: the file.

    Raises:
        UsageError: always, until it is there.
    """
    raise UsageError("is not there yet", where=str(path))
