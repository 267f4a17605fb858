"""The navigation of the docs site, made from its folders: a hook of mkdocs, so that a new page needs no second line."""

import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

# Pages in reading order; whole folders after them. A folder that is not there is left out.
FIRST = {
    "Home": "index.md",
    "The first hour": "first-hour.md",
    "Supply chain": "supply-chain.md",
    "Scanning models": "scan.md",
    "Glossary": "glossary.md",
}
REFERENCE = {"Command line": "reference/cli.md", "redan.toml": "reference/schema.md"}
FOLDERS = {"Privacy": "privacy", "Specifications": "spec", "Decisions": "adr"}
CONTROLS = "reference/controls"
APART = {"index.md", "template.md"}  # the index stands first; the template is linked from it


def on_config(config: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Called by mkdocs before it collects files."""
    config["nav"] = nav(Path(config["docs_dir"]))
    return config


def nav(docs: Path) -> list[dict[str, Any]]:
    """The whole navigation as mkdocs.yml would write it."""
    made: list[dict[str, Any]] = [{title: name} for title, name in FIRST.items()]
    reference: list[Any] = [{title: name} for title, name in REFERENCE.items() if (docs / name).exists()]
    reference.append({"Controls": _pages(docs, CONTROLS)})
    made.append({"Reference": reference})
    made += [{title: pages} for title, folder in FOLDERS.items() if (pages := _pages(docs, folder))]
    known = {*FIRST.values(), *REFERENCE.values()}
    others = sorted(page.name for page in docs.glob("*.md") if page.name not in known)
    return [*made, *({_title(docs / name): name} for name in others)]


def _pages(docs: Path, folder: str) -> list[Any]:
    """Pages of a folder, its index first; controls as their index lists them, the others by their title."""
    names = sorted(page.name for page in (docs / folder).glob("*.md") if page.name not in APART)
    first: list[Any] = [f"{folder}/index.md"] if (docs / folder / "index.md").exists() else []
    if folder == CONTROLS:
        places = _places(docs / folder / "index.md")
        names.sort(key=lambda name: places.get(name, len(places)))
        return [*first, *({name.removesuffix(".md"): f"{folder}/{name}"} for name in names)]
    return [*first, *({_title(docs / folder / name): f"{folder}/{name}"} for name in names)]


def _places(index: Path) -> dict[str, int]:
    """Where the index lists each page: the order of the guideline and not of the alphabet."""
    return {
        name: place for place, name in enumerate(re.findall(r"\]\(([\w-]+\.md)\)", index.read_text(encoding="utf-8")))
    }


def _title(page: Path) -> str:
    """The first heading of a page; its name when it has none."""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            return line[2:].strip()
    return page.stem
