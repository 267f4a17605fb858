"""The page about threats is what its script makes of the techniques and rules."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_current():
    """docs/threats.md equals what tools/threat_page.py writes now; run it after changing a technique or rule."""
    spec = importlib.util.spec_from_file_location("threat_page", ROOT / "tools" / "threat_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page()
