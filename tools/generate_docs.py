"""Writes the reference pages of the docs from the product itself: `python tools/generate_docs.py [--check]`.

Controls come from the catalogue, the command line from `--help` of each verb, `redan.toml` from its JSON Schema. With
`--check` nothing is written; the exit code is 1 when a committed page differs from what would be written.
"""

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from redan.cli.app import GROUPS, VERBS, Verb, main
from redan.controls.catalogue import FAMILIES, Control, load
from redan.controls.lookup import questions
from redan.system import schema
from redan.terms import Kind
from redan.threats.taxonomy import Entry, entries

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
NOTE = "<!-- Written by tools/generate_docs.py; change the source, then run `make docs`. -->\n\n"
WHEN_BROKEN = {
    Kind.DO: "Broken when its sentence is false.",
    Kind.DONT: "Broken when the deed that it forbids is found.",
    Kind.CONSIDER: "Broken when no valid decision about it is on record; once adopted it is measured like a do.",
}

CONTROLS = """\
# Controls

The catalogue has two families. `A-MLSG` are the recommended practices of the AI security guideline; `AIPS` are the
attacks, countermeasures and pitfalls of the product-security primer. The wording is redan's own.

{live} of {every} questions have a check now. A question without one is `not-run` everywhere, never `holds`, and a
control is shown as `not-run` until all of its questions are live. `redan doctor` prints the
same counts for what is installed.
"""
COMMANDS = """\
# Command line

Exit codes are the same for every verb: 0 met or nothing found, 1 honest findings, 2 wrong usage or configuration,
3 incomplete, 4 an invalid signature, digest or proof.
"""
TABLES = """\
# redan.toml

One file describes the system. Unknown keys are errors, and the message names the nearest known key. Editors read
`{file}`, which is made from the same records as this page.
"""
TYPES = {"string": "text", "boolean": "true or false", "integer": "whole number"}


def build() -> dict[str, str]:
    """Every page: path below docs/reference to text."""
    controls, known = load(), entries()
    pages = {f"controls/{control.id}.md": _control(control, known) for control in controls.values()}
    pages["controls/index.md"] = _index(list(controls.values()))
    pages["cli.md"] = _command_line()
    pages["schema.md"] = _schema()
    return {name: NOTE + text for name, text in pages.items()}


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = [list(head), *(list(row) for row in rows)]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * len(cells[0]), *lines[1:]]) + "\n"


def _control(control: Control, known: Mapping[str, Entry]) -> str:
    facts = [
        ("Kind", f"`{control.kind}`. {WHEN_BROKEN[control.kind]}"),
        ("Stages", ", ".join(control.stages)),
        ("Threats", ", ".join(f"[{t}](../../glossary.md#{t})" for t in control.threats)),
        ("Harms", ", ".join(control.harms)),
        ("PSS TRA", ", ".join(control.tra) or "none"),
        ("Since", control.since),
    ]
    asked = [
        (f"`{q.name}`", q.question, str(q.tier), "planned: `not-run` everywhere" if q.planned else "live")
        for q in questions(control)
    ]
    mapped = [
        (f"`{row.id}`", known[row.id].name or known[row.id].source, row.status, known[row.id].later or "")
        for row in control.crosswalk
    ]
    command = f"\n```\n{control.remedy.command}\n```\n" if control.remedy.command else ""
    return (
        f"# {control.id}: {control.title}\n\n**{control.question}**\n\n{_table(('About', 'Value'), facts)}\n"
        f"## What must hold\n\n{control.asks}\n\n## Why\n\n{control.motivation}\n\n"
        f"## Checks\n\n{_table(('Check', 'Question', 'Tier', 'State'), asked)}\n"
        f"## If it is broken\n\n{control.remedy.text} Effort: {control.remedy.effort}.\n{command}\n"
        f"## Crosswalk\n\n{_table(('Id', 'Name or source', 'Status', 'Later editions'), mapped)}"
    )


def _index(controls: list[Control]) -> str:
    live = sum(len(control.live) for control in controls)
    every = sum(len(control.checks) for control in controls)
    text = CONTROLS.format(live=live, every=every)
    for family in FAMILIES:
        title = (import_module(f"redan.controls.{family}").__doc__ or family).rstrip(".")
        rows = [
            (f"[{c.id}]({c.id}.md)", c.title, f"`{c.kind}`", f"{len(c.live)}/{len(c.checks)}")
            for c in controls
            if c.family == family
        ]
        text += f"\n## {title}\n\n{_table(('Control', 'Holds when', 'Kind', 'Live'), rows)}"
    return text


def _command_line() -> str:
    text = f"{COMMANDS}\n```\n{_help()}```\n"
    for name, verb in VERBS.items():
        text += _verb((name,), verb)
    for group, (_, verbs) in GROUPS.items():
        for name, verb in verbs.items():
            text += _verb((group, name), verb)
    return text


def _verb(words: tuple[str, ...], verb: Verb) -> str:
    if find_spec(verb.home) is None:
        return ""
    return f"\n## redan {' '.join(words)}\n\n```\n{_help(*words)}```\n"


def _help(*words: str) -> str:
    """What `redan WORDS --help` prints on 80 columns."""
    said = io.StringIO()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "80"
    try:
        with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
            main([*words, "--help"])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return "".join(line.rstrip() + "\n" for line in said.getvalue().strip().splitlines())


def _schema() -> str:
    whole: dict[str, Any] = schema.build()
    text = TABLES.format(file=schema.SCHEMA_FILE)
    for name, part in whole["properties"].items():
        record, heading = _record(name, part)
        definition = whole["$defs"][record]
        text += f"\n## {heading}\n\n{_sentence(definition.get('description', ''))}\n\n"
        needed = set(definition.get("required", []))
        rows = [
            (f"`{key}`", _type(value, whole), "yes" if key in needed else _default(value), value.get("description", ""))
            for key, value in definition["properties"].items()
        ]
        text += _table(("Key", "Value", "Required or default", "Meaning"), rows)
    return text


def _record(name: str, part: dict[str, Any]) -> tuple[str, str]:
    """The record that a table holds, and its heading as TOML writes it."""
    if "items" in part:
        return part["items"]["$ref"].rpartition("/")[2], f"[[{name}]]"
    inner = part.get("additionalProperties") or next(iter(part.get("patternProperties", {}).values()), None)
    if isinstance(inner, dict) and "$ref" in inner:
        return inner["$ref"].rpartition("/")[2], f'[{name}."ID"]'
    return part["$ref"].rpartition("/")[2], f"[{name}]"


def _sentence(description: str) -> str:
    """A record's docstring without the table's name in front."""
    said = re.sub(r"^`[^`]+`: ", "", " ".join(description.split()))
    return said[:1].upper() + said[1:]


def _type(value: dict[str, Any], whole: dict[str, Any]) -> str:
    """What a key may hold, in words."""
    if "$ref" in value:
        return _type(whole["$defs"][value["$ref"].rpartition("/")[2]], whole)
    if choices := value.get("enum", [value["const"]] if "const" in value else []):
        return ", ".join(f"`{choice}`" for choice in choices)
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(_type(one, whole) for one in value["anyOf"]))
    if value.get("type") == "array":
        held = str(len(value["prefixItems"])) if "prefixItems" in value else _type(value["items"], whole)
        return f"list of {held}"
    kind = str(value.get("type", ""))
    return "date" if value.get("format") == "date" else TYPES.get(kind, kind)


def _default(value: dict[str, Any]) -> str:
    default = value.get("default")
    if default is None or default == []:
        return "left out"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def differences(pages: dict[str, str]) -> list[str]:
    """Names of the pages that are missing, changed or no longer made."""
    committed = {path.relative_to(REFERENCE).as_posix() for path in REFERENCE.rglob("*.md")}
    changed = [name for name, text in pages.items() if name not in committed or (REFERENCE / name).read_text() != text]
    return sorted([*changed, *(committed - set(pages))])


def write(pages: dict[str, str]) -> None:
    """Writes every page and removes those that are no longer made."""
    for name in differences(pages):
        path = REFERENCE / name
        if name in pages:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pages[name], encoding="utf-8")
        else:
            path.unlink()


if __name__ == "__main__":
    made = build()
    stale = differences(made)
    if "--check" in sys.argv:
        print("\n".join(f"docs/reference/{name} differs; run `make docs`" for name in stale), end="\n" if stale else "")
        sys.exit(1 if stale else 0)
    write(made)
    print(f"{len(made)} pages, {len(stale)} written")
