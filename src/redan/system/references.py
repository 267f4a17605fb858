"""What the tables say about each other: names that resolve, no duplicates, no cycles, paths that stay inside."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from redan.errors import InputError
from redan.files import confined
from redan.system.lines import KeyPath
from redan.system.problems import Problem
from redan.system.records import Tables
from redan.system.retention import retention_end
from redan.system.system import ELEMENT_TABLES

Rows = Mapping[str, Sequence[Mapping[str, object]]]


class _Reference(NamedTuple):
    table: str
    key: str
    target: str


_REFERENCES = (
    _Reference("source", "site", "site"),
    _Reference("dataset", "sources", "source"),
    _Reference("dataset", "site", "site"),
    _Reference("dataset", "drawn_from", "dataset"),
    _Reference("dataset", "reference", "dataset"),
    _Reference("model", "trained_on", "dataset"),
    _Reference("model", "validated_on", "dataset"),
    _Reference("model", "base", "model"),
    _Reference("model", "previous", "model"),
    _Reference("model", "baseline", "model"),
    _Reference("model", "ensemble_of", "model"),
    _Reference("model", "inputs", "feature"),
    _Reference("model", "preprocessors", "preprocessor"),
    _Reference("model", "site", "site"),
    _Reference("model", "guard", "model"),
    _Reference("model", "reduces", "model"),
    _Reference("endpoint", "model", "model"),
    _Reference("endpoint", "site", "site"),
    _Reference("feedback", "endpoint", "endpoint"),
    _Reference("feedback", "into", "dataset"),
    _Reference("federation", "model", "model"),
    _Reference("flow", "boundary", "boundary"),
)
_ELEMENT_IDS = (("boundary", "contains"), ("flow", "from"), ("flow", "to"), ("exclusion", "element"))
_PATHS = (
    ("source", "key"),
    ("source", "participants"),
    ("feedback", "path"),
    ("federation", "updates"),
    *(("dataset", key) for key in ("path", "seal", "key")),
    *(("model", key) for key in ("path", "code", "bundle", "config", "seal", "key", "record", "distribution")),
    *(("model", key) for key in ("constraints", "shadows", "canaries", "privacy")),
)
_SINGLE_PATHS = (
    ("policy", ("waivers", "baseline")),
    ("pipeline", ("requirements", "code", "audit", "statements")),
    ("gateway", ("state", "clients", "ledger", "key", "checkpoint")),
)
_LINEAGE = ("base", "previous", "ensemble_of", "reduces")


def problems(tables: Tables, root: Path) -> Iterator[Problem]:
    """Everything that is wrong between the tables of a description.

    Args:
        tables: the records, each valid by itself.
        root: folder that all paths are relative to.
    """
    every = tables.model_dump(by_alias=True)
    rows: Rows = {name: table for name, table in every.items() if isinstance(table, (list, tuple))}
    names = {kind: _names(rows, kind) for kind in ELEMENT_TABLES}
    yield from _duplicates(rows)
    for reference in _REFERENCES:
        yield from _unresolved(rows, reference, names[reference.target])
    yield from _unresolved_ids(rows, [f"{kind}:{name}" for kind in ELEMENT_TABLES for name in names[kind]])
    yield from _unresolved_origins(rows, names)
    yield from _attested(tables, names["person"])
    for index, name in enumerate(tables.gateway.endpoints):
        if name not in names["endpoint"]:
            what = f"there is no [[endpoint]] named '{name}'"
            yield Problem(("gateway", "endpoints", index), what, name, list(names["endpoint"]))
    yield from _cycles("model", _lineage(rows), "is made from itself")
    yield from _cycles("boundary", _nesting(rows), "contains itself")
    yield from _outside(tables, every, rows, root)
    yield from _dates(tables)


def _names(rows: Rows, kind: str) -> dict[str, int]:
    first: dict[str, int] = {}
    for index, row in enumerate(rows[kind]):
        first.setdefault(str(row["name"]), index)
    return first


def _strings(row: Mapping[str, object], key: str) -> Iterator[tuple[str, KeyPath]]:
    """Each text under a key, with the rest of its path."""
    value = row[key]
    if isinstance(value, str):
        yield value, (key,)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield str(item), (key, index)


def _duplicates(rows: Rows) -> Iterator[Problem]:
    for kind in ELEMENT_TABLES:
        first = _names(rows, kind)
        for index, row in enumerate(rows[kind]):
            earlier = first[str(row["name"])]
            if earlier != index:
                yield Problem((kind, index, "name"), f"the name '{row['name']}' is already that of {kind}[{earlier}]")


def _unresolved(rows: Rows, reference: _Reference, names: Mapping[str, int]) -> Iterator[Problem]:
    known = list(names)
    for index, row in enumerate(rows[reference.table]):
        for name, rest in _strings(row, reference.key):
            if name not in names:
                what = f"there is no [[{reference.target}]] named '{name}'"
                yield Problem((reference.table, index, *rest), what, name, known)
            elif reference.key == "baseline" and name == row["name"]:
                yield Problem((reference.table, index, *rest), "a model cannot be its own baseline")


def _unresolved_ids(rows: Rows, ids: Sequence[str]) -> Iterator[Problem]:
    known = frozenset(ids)
    for table, key in _ELEMENT_IDS:
        for index, row in enumerate(rows[table]):
            for element, rest in _strings(row, key):
                if element not in known and not (table == "exclusion" and element == "system"):
                    yield Problem((table, index, *rest), f"there is no element '{element}'", element, ids)


def _unresolved_origins(rows: Rows, names: Mapping[str, Mapping[str, int]]) -> Iterator[Problem]:
    known = [form for kind in ("dataset", "source") for name in names[kind] for form in (name, f"{kind}:{name}")]
    allowed = frozenset(known)
    for index, row in enumerate(rows["feature"]):
        for name, rest in _strings(row, "from"):
            if name not in allowed:
                yield Problem(("feature", index, *rest), f"there is no dataset or source '{name}'", name, known)


def _attested(tables: Tables, people: Mapping[str, int]) -> Iterator[Problem]:
    for control, stance in tables.controls.items():
        name = stance.attested_by
        if name is not None and name not in people:
            path = ("controls", control, "attested_by")
            yield Problem(path, f"there is no [[person]] named '{name}'", name, list(people))


def _lineage(rows: Rows) -> Iterator[tuple[str, list[str]]]:
    for row in rows["model"]:
        yield str(row["name"]), [name for key in _LINEAGE for name, _ in _strings(row, key)]


def _nesting(rows: Rows) -> Iterator[tuple[str, list[str]]]:
    for row in rows["boundary"]:
        ids = [element for element, _ in _strings(row, "contains")]
        yield str(row["name"]), [i.removeprefix("boundary:") for i in ids if i.startswith("boundary:")]


def _cycles(kind: str, edges: Iterable[tuple[str, list[str]]], what: str) -> Iterator[Problem]:
    """The first cycle, if any; the walk keeps its own stack, so that no chain is too long for it."""
    steps: dict[str, list[str]] = {}
    for name, targets in edges:
        steps.setdefault(name, targets)
    done: set[str] = set()
    for start, targets in steps.items():
        way = {} if start in done else {start: iter(targets)}
        while way:
            here = next(reversed(way))
            step = next(way[here], None)
            if step is None:
                done.add(here)
                way.popitem()
            elif step in way:
                yield Problem((kind, list(steps).index(step), "name"), f"'{step}' {what}: {_ring(way, step)}")
                return
            elif step in steps and step not in done:
                way[step] = iter(steps[step])


def _ring(way: Iterable[str], start: str) -> str:
    names = list(way)
    ring = [*names[names.index(start) :], start]
    shown = ring if len(ring) <= 8 else [*ring[:4], "...", *ring[-3:]]  # noqa: PLR2004
    return " -> ".join(shown)


def _outside(tables: Tables, every: Mapping[str, object], rows: Rows, root: Path) -> Iterator[Problem]:
    found = [
        ((table, index, *rest), text)
        for table, key in _PATHS
        for index, row in enumerate(rows[table])
        for text, rest in _strings(row, key)
    ]
    for name, keys in _SINGLE_PATHS:
        table = every[name]
        if isinstance(table, dict):
            stated = getattr(tables, name).model_fields_set  # what is not, is asked where it is used
            found += [((name, *rest), text) for key in keys if key in stated for text, rest in _strings(table, key)]
    for path, text in found:
        try:
            confined(root, text)
        except InputError as error:
            yield Problem(path, f"{error.what}; {error.remedy}")


def _dates(tables: Tables) -> Iterator[Problem]:
    for index, dataset in enumerate(tables.dataset):
        end = retention_end(dataset.collected, dataset.retention)
        if dataset.collected and end and end < dataset.collected:
            yield Problem(("dataset", index, "retention"), "ends before the day of collection")
