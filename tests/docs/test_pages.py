"""The written pages: a glossary with sources, decisions in order, a site that builds strictly and needs no network."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from redan.terms import ThreatClass

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")
TERMS = dict(re.findall(r"^### ([^\n]+)\n(.*?)(?=^##|\Z)", GLOSSARY, re.MULTILINE | re.DOTALL))


def test_glossary_explains_the_field():
    """At least thirty terms are there, and every class of threats is one of them."""
    assert len(TERMS) >= 30
    slugs = {re.sub(r"[^a-z]+", "-", term.lower()) for term in TERMS}
    assert set(ThreatClass) <= slugs


@pytest.mark.parametrize("term", TERMS)
def test_a_term_has_one_to_three_sentences_and_a_source(term):
    """Each entry is short and says where the term comes from."""
    text = " ".join(TERMS[term].split())
    body, found, source = text.partition("*Source: ")
    assert found
    assert source.endswith("*")
    assert len(source) > 10
    assert 1 <= len(re.findall(r"[.?!](?= |$)", body.strip())) <= 3
    assert body.strip().endswith(".")


def test_terms_are_in_order_within_their_section():
    """Sections other than the classes of threats and the words of redan are alphabetical."""
    for section in re.split(r"^## ", GLOSSARY, flags=re.MULTILINE)[1:]:
        if section.startswith(("Classes of threats", "Words of redan")):
            continue
        terms = [term.lower() for term in re.findall(r"^### (.+)$", section, re.MULTILINE)]
        assert terms == sorted(terms)


def test_decisions_are_numbered_and_complete():
    """Each decision has its number in the title and every section of the template."""
    records = sorted(DOCS.glob("adr/[0-9]*.md"))
    numbers = [path.name[:4] for path in records]
    assert numbers[0] == "0001"
    assert len(set(numbers)) == len(numbers)
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]}: ")
        assert "- Status: " in text
        assert "- Date: " in text
        assert {"Context", "Consequences"} <= set(re.findall(r"^## (.+)$", text, re.MULTILINE))
        assert re.search(r"^## (Decision|Options and decisions)$", text, re.MULTILINE)


def test_layers_of_the_record_are_the_layers_that_are_kept():
    """The list in the decision record, less what does not exist yet, is the contract of import-linter."""
    import tomllib

    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ][0]
    kept = [set(re.split(r"[ |]+", line)) for line in contract["layers"]]
    record = (DOCS / "adr" / "0001-layers.md").read_text(encoding="utf-8")
    listed = [set(re.split(r"[ |]+", line.strip())) for line in re.findall(r"^    (\w.*)$", record, re.MULTILINE)]
    there = set().union(*kept)
    assert [line & there for line in listed if line & there] == kept


def test_navigation_holds_every_page_once():
    """The hook that makes the navigation leaves no page out and lists none twice."""
    spec = importlib.util.spec_from_file_location("docs_nav", ROOT / "tools" / "docs_nav.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def leaves(node):
        if isinstance(node, str):
            return [node]
        return [leaf for part in (node.values() if isinstance(node, dict) else node) for leaf in leaves(part)]

    listed = leaves(module.nav(DOCS))
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert sorted(listed) == sorted(pages - {"adr/template.md"})  # linked from the index of decisions


def test_changelog_fragments_are_named_by_kind():
    """A fragment is a short name and one of five kinds, and is not empty."""
    fragments = [path for path in (ROOT / "changelog.d").glob("*.md") if path.name != "README.md"]
    for path in fragments:
        assert re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|removed|security)\.md", path.name)
        assert len(path.read_text(encoding="utf-8")) > 20


def test_licence_is_the_whole_apache_licence():
    """LICENSE is the full text of the Apache License 2.0."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text.split()) > 1500


@pytest.mark.slow
def test_site_builds_strictly_and_needs_no_network(tmp_path):
    """mkdocs builds without a warning, and no page loads a script, style, font or image from elsewhere."""
    pytest.importorskip("material", reason="needs mkdocs-material")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 60
    outside = re.compile(
        r"""<(?:script|img|iframe|source)[^>]+src=["']?(?:https?:)?//|<link(?![^>]+canonical)[^>]+href=["']?(?:https?:)?//"""
    )
    assert [str(page.relative_to(tmp_path)) for page in pages if outside.search(page.read_text(encoding="utf-8"))] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.css"))
    assert re.findall(r"(?:@import|url\()[\s\"']*(?:https?:)?//", styles) == []


def test_readme_counts_what_the_catalogue_counts():
    """The number of questions with a check that the README states is the catalogue's."""
    from redan.controls.catalogue import load

    controls = load().values()
    live, every = sum(len(control.live) for control in controls), sum(len(control.checks) for control in controls)
    assert f"{live} of the {every} questions have a check" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_index_of_decisions_lists_each_of_them():
    """Every decision is linked from the index, with its own title."""
    index = (DOCS / "adr" / "index.md").read_text(encoding="utf-8")
    for path in DOCS.glob("adr/[0-9]*.md"):
        number, title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").split(": ", 1)
        assert f"| [{number}]({path.name}) | {title} |" in index


def test_commands_of_the_supply_chain_page_exist():
    """Each verb and long option that the page types is one that the command line has."""
    import contextlib
    import io

    from redan.cli.app import GROUPS, VERBS, main

    page = (DOCS / "supply-chain.md").read_text(encoding="utf-8")
    typed = re.findall(r"^(?:\$ )?redan ([^#\n]+)", page, re.MULTILINE)
    assert len(typed) > 15
    for line in typed:
        words = line.partition(" -- ")[0].split()
        verb = words[:1] if words[0] in VERBS else words[:2]
        assert verb[0] in VERBS or verb[1] in GROUPS[verb[0]][1]
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
            main([*verb, "--help"])
        for option in (word for word in words if word.startswith("--")):
            assert re.search(rf"{option}\b", said.getvalue()), line
