"""`redan data pii`."""

from pathlib import Path
from typing import Annotated

import typer

from redan.errors import UsageError


def data_pii(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table.")],
) -> None:
    """Find personal data, by content, and compare it with what is declared.

    Args:
        path: the file.

    Raises:
        UsageError: always, until it is there.
    """
    raise UsageError("is not there yet", where=str(path))
