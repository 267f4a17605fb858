"""The log of a gateway: which events it holds, whether it proves its own completeness, and what stands in it."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from redan.errors import InvalidError
from redan.ledger.store import Ledger
from redan.seal.keys import load_public
from redan.system.system import System

_KEYS = frozenset(
    {"about", "at", "guard", "key", "model", "notes", "principal", "problem", "request", "rows", "skipped", "status"}
    | {"type", "us", "version", "what"}
)
_DIGESTS = ("principal", "request")
_HEX = frozenset("0123456789abcdef")
_LONGEST = 200


class Log(NamedTuple):
    """Where a log is.

    Args:
        folder: of the ledger.
        key: its public key, as PEM.
    """

    folder: Path
    key: Path | None


def declared(system: System) -> Log | None:
    """The log of the gateway that is described; None while there is none."""
    root, table = system.origin.root, system.gateway
    folder = root / (table.ledger or f"{table.state}/ledger")
    if not folder.is_dir():
        return None
    key = root / table.state / "key.pub" if table.key is None else (root / table.key).with_suffix(".pub")
    return Log(folder, key if key.is_file() else None)


def size(log: Log) -> int:
    """Entries that it holds.

    Raises:
        RedanError: it cannot be read.
    """
    with Ledger.open(log.folder) as ledger:
        return ledger.size


def events(log: Log, start: int = 0) -> list[dict[str, Any]]:
    """Its events, of those entries that are JSON objects.

    Raises:
        RedanError: it cannot be read.
    """
    found = []
    with Ledger.open(log.folder) as ledger:
        for entry in ledger.entries(start):
            try:
                told = json.loads(entry)
            except (ValueError, RecursionError):
                told = {"": entry.decode("utf-8", "replace")}
            found.append(told if isinstance(told, dict) else {"": told})
    return found


def fault(log: Log) -> str:
    """Why a log does not prove its completeness; the empty string where it does.

    Raises:
        RedanError: there is no key to verify it with, or it cannot be read.
    """
    if log.key is None:
        return "there is no public key of it, so nobody can verify it"
    try:
        with Ledger.open(log.folder, key=load_public(log.key)) as ledger:
            ledger.verify()
    except InvalidError as error:
        return error.what
    return ""


def told_too_much(found: list[dict[str, Any]], secrets: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Names of fields that hold more than an event may: credentials, values, names of people.

    Args:
        found: events.
        secrets: texts that must not stand in any.
    """
    faults = {name for event in found for name, value in event.items() if _is_odd(name, value)}
    text = json.dumps(found)
    return (*sorted(faults), *(("a credential",) if any(one in text for one in secrets if one) else ()))


def _is_odd(name: str, value: object) -> bool:
    if name not in _KEYS:
        return True
    if name in _DIGESTS:
        return not (isinstance(value, str) and len(value) >= 16 and _HEX.issuperset(value))  # noqa: PLR2004 -- a digest
    return isinstance(value, str) and (len(value) > _LONGEST or "@" in value)
