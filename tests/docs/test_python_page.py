"""The page "From Python" runs as it stands."""

import re
from pathlib import Path

import small_project

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def test_every_block_of_the_page_runs(tmp_path, monkeypatch, capsys):
    """Each code block runs in a project folder, in a namespace of its own."""
    small_project.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 2
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), {})
    shown = capsys.readouterr().out
    assert "A-MLSG-002-D002" in shown
    assert "90" in shown
