"""`redan data poison`."""

from pathlib import Path
from typing import Annotated

import typer

from redan.errors import UsageError


def data_poison(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table.")],
) -> None:
    """Search for poisoned rows: flipped labels, floods, outliers, triggers.

    Args:
        path: the file.

    Raises:
        UsageError: always, until it is there.
    """
    raise UsageError("is not there yet", where=str(path))
