"""Text for people: in colour and at the terminal's width on a terminal, plain and unpadded when piped."""

import io
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 100  # columns of text that goes to a file or another program


def page(draw: "Callable[[Console], None]") -> None:
    """Shows what `draw` prints on standard output, once it is drawn whole.

    Args:
        draw: prints on the console it is given.
    """
    console = terminal()
    if console.is_terminal:
        draw(console)
    else:
        sys.stdout.write(plain(draw))


def plain(draw: "Callable[[Console], None]") -> str:
    """What `draw` prints, as text for a file: no colour, 100 columns, no blanks at the end of lines."""
    text = io.StringIO()
    draw(_colourless(text))
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines())


def terminal() -> "Console":
    """Standard output as a console, for verbs that print while they work; rich heeds NO_COLOR and TERM=dumb."""
    from rich.console import Console

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Unicode shows '?', never a traceback
    return Console(highlight=False) if sys.stdout.isatty() else _colourless(sys.stdout)


def _colourless(file: TextIO) -> "Console":
    from rich.console import Console

    # An environment that forces colour on everything does not make a file a terminal.
    env = {name: value for name, value in os.environ.items() if name not in {"FORCE_COLOR", "TTY_COMPATIBLE"}}
    return Console(file=file, highlight=False, width=PIPED_WIDTH, no_color=True, color_system=None, _environ=env)
