"""The public taxonomies that the catalogue and the threats refer to, pinned by edition.

Only ids and names that redan uses are kept, each with the source's licence; `tools/pin_taxonomies.py` rebuilds them.
Ids are written with their edition (`AML.T0020@5.6.0`, `ML02:2023`); NISTAML ids belong to AI 100-2 E2025 by themselves.
"""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NamedTuple

FILES = ("atlas.json", "owasp_ml.json", "nist.json", "aisvs.json", "ai_exchange.json")
ALIASES = "aliases.json"


class Entry(NamedTuple):
    """One id of one edition of a public taxonomy.

    Args:
        id: as the crosswalk writes it, such as `AML.T0020@5.6.0`.
        name: the source's own name; None where only ids may or can be carried.
        source: who publishes the taxonomy.
        edition: edition of the source.
        licence: licence of the source.
        maturity: `feasible`, `demonstrated` or `realized`; ATLAS techniques only.
        case_studies: number of published cases; ATLAS techniques only.
        later: id in later editions, where they retired this one; None when it lives on.
    """

    id: str
    name: str | None
    source: str
    edition: str
    licence: str
    maturity: str | None = None
    case_studies: int | None = None
    later: str | None = None


def entries() -> Mapping[str, Entry]:
    """Every pinned id, in the order of the files; read anew at each call."""
    retired: dict[str, str] = _data(ALIASES)["retired"]
    found: dict[str, Entry] = {}
    for name in FILES:
        data = _data(name)
        shared = (data["source"], data["edition"], data["licence"])
        for row in data["entries"]:
            later = retired.get(bare(row["id"]))
            found[row["id"]] = Entry(
                row["id"], row.get("name"), *shared, row.get("maturity"), row.get("case_studies"), later
            )
    return MappingProxyType(found)


def bare(entry_id: str) -> str:
    """An id without its edition: `AML.T0020@5.6.0` becomes `AML.T0020`, `ML02:2023` becomes `ML02`."""
    return re.split(r"[@:]", entry_id, maxsplit=1)[0]


def resolve(text: str, known: Mapping[str, Entry]) -> Entry | None:
    """The entry that an id means, as a person may write it.

    Args:
        text: with or without edition, in any case; an id of a later edition finds the one it replaced.
        known: what `entries` returned.

    Returns:
        None when nothing pinned has that id, or when the edition asked for is not the pinned one.
    """
    wanted = text.strip().lower()
    for entry in known.values():
        names = [entry.id, bare(entry.id)] + ([entry.later] if entry.later else [])
        if wanted in (name.lower() for name in names):
            return entry
    return None


def _data(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return data
