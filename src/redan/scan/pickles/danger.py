"""Names that are known to be dangerous, and why; the knowledge itself is in `danger.toml`."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_DUNDER = re.compile(r"__\w+__")
_UNKNOWN = ("", "")
_DESERIALISATION = "CWE-502"


class Dangers(NamedTuple):
    """What is known to be dangerous.

    Args:
        functions: why, by full name.
        families: why and where that is published, by module or package; all below it is meant.
        reasons: why, by module of the standard library.
        advisories: where that is published, by module of the standard library.
        reached: modules that are dangerous through whatever other one they are reached.
        runners: functions that run code under whatever module they are reached.
        harmless: modules of the standard library that compute and nothing else.
    """

    functions: Mapping[str, str]
    families: Mapping[str, tuple[str, str]]
    reasons: Mapping[str, str]
    advisories: Mapping[str, str]
    reached: frozenset[str]
    runners: frozenset[str]
    harmless: frozenset[str]


@cache
def dangers() -> Dangers:
    """The knowledge as it is pinned in this package."""
    found = tomllib.loads(files("redan.scan.pickles").joinpath("danger.toml").read_text(encoding="utf-8"))
    return Dangers(
        functions={name: group["why"] for group in found["functions"] for name in group["names"]},
        families={n: (group["why"], group["reference"]) for group in found["families"] for n in group["names"]},
        reasons=found["reasons"],
        advisories=found["advisories"],
        reached=frozenset(found["reached"]),
        runners=frozenset(found["runners"]),
        harmless=frozenset(found["harmless"]),
    )


def why(module: str, name: str, stdlib: frozenset[str]) -> tuple[str, str]:
    """Why a name that is not on the safe list is dangerous, and where that is published.

    Args:
        module: as Python 3 calls it.
        name: as Python 3 calls it, perhaps with dots.
        stdlib: top-level modules of the standard libraries.

    Returns:
        Two empty strings when nothing is known of it.
    """
    known = dangers()
    path = f"{module}.{name}"
    parts = path.split(".")
    if path in known.functions:
        return known.functions[path], _DESERIALISATION
    for length in range(min(len(parts), 8), 0, -1):
        family = known.families.get(".".join(parts[:length]))
        if family is not None:
            return family
    top = parts[0]
    if top in stdlib and top not in known.harmless:
        reason = known.reasons.get(top, "is a part of the standard library that pickles of data never need")
        return reason, known.advisories.get(top, _DESERIALISATION)
    return _reached(parts, name, known)


def _reached(parts: list[str], name: str, known: Dangers) -> tuple[str, str]:
    """Dangers that are reached through an innocent module."""
    through = [part for part in parts[1:] if part in known.reached]
    if through:
        return f"reaches the module {through[0]} through another", "CVE-2025-10157"
    if any(_DUNDER.fullmatch(part) for part in name.split(".")):
        return "reaches what Python keeps inside objects", "CWE-470"
    if name.rpartition(".")[2] in known.runners:
        return "has the name of a function that runs code", _DESERIALISATION
    return _UNKNOWN
