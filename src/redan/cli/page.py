"""Text for people: in colour and at the terminal's width on a terminal, plain and unpadded when piped."""

import io
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 100  # columns of text that goes to a file or another program


def page(draw: "Callable[[Console], None]") -> None:
    """Shows what `draw` prints on standard output; rich itself heeds NO_COLOR and TERM=dumb.

    Args:
        draw: prints on the console it is given.
    """
    from rich.console import Console

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Unicode shows '?', never a traceback
    if sys.stdout.isatty():
        draw(Console(highlight=False))
        return
    text = io.StringIO()
    # An environment that forces colour on everything does not make a file a terminal.
    plain = {name: value for name, value in os.environ.items() if name not in {"FORCE_COLOR", "TTY_COMPATIBLE"}}
    draw(Console(file=text, highlight=False, width=PIPED_WIDTH, no_color=True, _environ=plain))
    sys.stdout.write("".join(line.rstrip() + "\n" for line in text.getvalue().splitlines()))
