"""`redan data fairness`."""

from pathlib import Path
from typing import Annotated

import typer

from redan.errors import UsageError


def data_fairness(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table.")],
) -> None:
    """Error rates per group, and the slice that an attacker would pick.

    Args:
        path: the file.

    Raises:
        UsageError: always, until it is there.
    """
    raise UsageError("is not there yet", where=str(path))
