"""Attacks on tables: rows changed within what their columns allow, by gradients, by queries, exactly on trees.

Public names are imported on first use, so that rules can be read where PyTorch and the trees' solver are not installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from redan.errors import MissingExtraError
from redan.extras import missing_import

if TYPE_CHECKING:
    from redan.attacks.tables.breeding import genetic as genetic
    from redan.attacks.tables.cascading import cascade as cascade
    from redan.attacks.tables.cascading import judge_rows as judge_rows
    from redan.attacks.tables.climbing import greedy as greedy
    from redan.attacks.tables.encode import Rows as Rows
    from redan.attacks.tables.encode import rows_of as rows_of
    from redan.attacks.tables.exactly import exact as exact
    from redan.attacks.tables.exactly import radius as radius
    from redan.attacks.tables.gradient import capgd as capgd
    from redan.attacks.tables.mending import repair as repair
    from redan.attacks.tables.reading import parse_rules as parse_rules
    from redan.attacks.tables.reading import read_rules as read_rules
    from redan.attacks.tables.rules import Rules as Rules
    from redan.attacks.tables.space import Space as Space
    from redan.attacks.tables.space import space_of as space_of
    from redan.attacks.tables.suggest import suggest_rules as suggest_rules
    from redan.attacks.tables.writing import written as written

# No home has the name of what lives there: importing a module sets its name on the package.
_HOMES = {
    "Rules": "rules",
    "read_rules": "reading",
    "parse_rules": "reading",
    "written": "writing",
    "suggest_rules": "suggest",
    "Space": "space",
    "space_of": "space",
    "repair": "mending",
    "Rows": "encode",
    "rows_of": "encode",
    "capgd": "gradient",
    "greedy": "climbing",
    "genetic": "breeding",
    "cascade": "cascading",
    "judge_rows": "cascading",
    "exact": "exactly",
    "radius": "exactly",
}
_EXTRA = {"capgd": "torch", "exact": "trees", "radius": "trees"}


def __getattr__(name: str) -> object:
    """Imports a public name from its home on first use (PEP 562).

    Raises:
        AttributeError: there is no such name.
        MissingExtraError: it needs PyTorch or the trees' solver, which is not installed.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    extra = _EXTRA.get(name)
    missing = None if extra is None else missing_import(extra)
    if extra is not None and missing is not None:
        raise MissingExtraError(extra, missing)
    return vars(import_module(f"{__name__}.{_HOMES[name]}"))[name]
