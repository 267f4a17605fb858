"""The line that says how far an attack is: for a terminal alone, and ended once it is done."""

import sys

from redan.attacks.progress import Progress
from redan.cli.attack.progress import teller


def test_a_log_gets_no_line(capsys):
    """Where standard error is no terminal, nobody is told."""
    assert teller("questions") is None
    assert capsys.readouterr().err == ""


def test_a_terminal_is_written_over(capsys, monkeypatch):
    """Each line begins at its start and clears its rest; the last one ends the line."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    told = teller("questions")
    assert told is not None
    for ended in (500, 1000):
        told(Progress("knockoff", ended, 1000))
    assert capsys.readouterr().err == (
        "\rknockoff: 500 of 1,000 questions\x1b[K\rknockoff: 1,000 of 1,000 questions\x1b[K\n"
    )
    bare = teller()
    assert bare is not None
    bare(Progress("shadows", 1, 2))
    assert capsys.readouterr().err == "\rshadows: 1 of 2\x1b[K"
