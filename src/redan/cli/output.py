"""Where a report goes: a file, written whole, or standard output, with colours only on a terminal."""

import sys
from pathlib import Path

from redan.cli.page import page
from redan.files import write_atomic
from redan.reports import text
from redan.reports.material import Material
from redan.reports.shelf import render


def write_report(format_: str, material: Material, output: Path | None) -> None:
    """Writes a report.

    Args:
        format_: a key of `reports.shelf.FORMATS`.
        material: what to draw.
        output: a file; standard output when None.

    Raises:
        UsageError: the file cannot be written.
    """
    if output is not None:
        write_atomic(output, render(format_, material))
        return
    if format_ == "text":
        page(lambda console: text.draw(material, console))
        return
    sys.stdout.buffer.write(render(format_, material))
    sys.stdout.buffer.flush()
