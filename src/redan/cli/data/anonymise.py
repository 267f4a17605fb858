"""`redan data anonymise`."""

from pathlib import Path
from typing import Annotated

import typer

from redan.errors import UsageError


def data_anonymise(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A table.")],
) -> None:
    """Generalise rows until nobody stands out, and say what that costs.

    Args:
        path: the file.

    Raises:
        UsageError: always, until it is there.
    """
    raise UsageError("is not there yet", where=str(path))
