"""The reference pages are what the product says of itself today."""

import importlib.util
from pathlib import Path

import pytest

from redan.cli.app import GROUPS, VERBS
from redan.controls.catalogue import load
from redan.system.records import Tables

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def _script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def script():
    return _script("generate_docs")


@pytest.fixture(scope="module")
def pages(script):
    return script.build()


def test_committed_pages_are_what_the_generator_writes(script, pages):
    """No page of docs/reference is missing, changed by hand, outdated or left over; `make docs` mends it."""
    assert script.differences(pages) == []


def test_drift_is_noticed(script, pages):
    """A changed page, a missing page and a page that nothing makes are each named."""
    changed = {**pages, "cli.md": pages["cli.md"] + "x", "new.md": "new"}
    del changed["schema.md"]
    assert script.differences(changed) == sorted({*script.differences(pages), "cli.md", "new.md", "schema.md"})


def test_every_control_has_a_page_with_all_it_says(pages):
    """A control's page holds its title, texts, each check with its state, and each mapping."""
    for control in load().values():
        page = pages[f"controls/{control.id}.md"]
        for said in (control.title, control.question, control.asks, control.motivation, control.remedy.text):
            assert said in page
        for question in control.checks:
            state = "planned: `not-run` everywhere" if question.planned else "live"
            assert f"| `{question.name}` | {question.question} | {question.tier} | {state} |" in page
        assert all(f"`{row.id}`" in page for row in control.crosswalk)
        assert f"[{control.id}]({control.id}.md)" in pages["controls/index.md"]


def test_every_key_of_the_description_is_documented(pages):
    """Each table of redan.toml has its heading, and each key its row with a meaning."""
    for name, field in Tables.model_fields.items():
        assert f"## [[{name}]]" in pages["schema.md"] or f"## [{name}" in pages["schema.md"], field
    rows = [line for line in pages["schema.md"].splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_verb_is_documented(pages):
    """Each verb of the command line has its section with its help."""
    words = [*VERBS, *(f"{group} {verb}" for group, (_, verbs) in GROUPS.items() for verb in verbs)]
    for word in words:
        assert f"\n## redan {word}\n\n```\nUsage: redan {word} " in pages["cli.md"], word


def test_pages_name_no_folder_of_the_machine(pages):
    """Nothing of the machine that wrote the pages is in them."""
    assert [name for name, text in pages.items() if str(ROOT) in text or str(Path.home()) + "/" in text] == []
