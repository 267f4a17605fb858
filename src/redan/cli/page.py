"""Text for people: in colour and at the terminal's width on a terminal, plain and unpadded when piped."""

import io
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TextIO

from redan.errors import escaped

if TYPE_CHECKING:
    from rich.console import Console

_NARROWEST = 20  # columns of a sentence; terminals narrower than that break lines themselves
PIPED_WIDTH = 100  # columns of text that goes to a file or another program


def aligned(rows: Iterable[tuple[str, str]], width: int | None = None) -> str:
    """Lines of a word and a sentence; on a terminal, sentences go on below themselves instead of under the words.

    Args:
        rows: a word, which may be empty, and its sentence; what could steer a terminal is escaped.
        width: columns; None takes the terminal's, and leaves lines whole where there is none, for other programs.

    Returns:
        Lines; a command to copy and a word longer than the line stay whole.
    """
    pairs = [(word, escaped(text)) for word, text in rows]
    margin = max((len(word) for word, _ in pairs), default=0) + 2
    if width is None and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
    lines: list[str] = []
    for word, text in pairs:
        room = 0 if width is None or text.startswith("redan ") else max(width - margin, _NARROWEST)
        parts = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) if room else []
        lines += [
            f"{head:<{margin}}{part}\n" for head, part in zip([word, *[""] * len(parts)], parts or [text], strict=False)
        ]
    return "".join(lines)


def bytes_in_words(size: int) -> str:
    """A number of bytes, such as `41.5 kB`; powers of ten, as disks and networks count."""
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:  # noqa: PLR2004 -- SI
            break
        amount, unit = amount / 1000, larger
    return f"{size:,} bytes" if unit == "bytes" else f"{amount:,.1f} {unit}"


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
