"""What an imported name means: safe in one way of use, known to be dangerous, or not known.

Default-deny: a name is safe when it is on the list with its exact module. The standard library and the gadget
families that advisories name are dangerous where they are not on the list; everything else is not understood.
"""

import _compat_pickle
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from redan.errors import escaped
from redan.scan.pickles import danger, safe
from redan.scan.pickles.values import Standing

_SHOWN = 160
_ONLY_PYTHON_2 = "exceptions"  # no module of Python 3: without its mapping, its import fails
_DUNDER = re.compile(r"__\w+__")


class Judged(NamedTuple):
    """What a name means.

    Args:
        standing: what may be done with it.
        module: as Python 3 calls it.
        name: as Python 3 calls it.
        shown: both, for people.
        why: one clause.
        reference: advisory or weakness; the empty string when there is none.
    """

    standing: Standing
    module: str
    name: str
    shown: str
    why: str
    reference: str


class Known(NamedTuple):
    """The pinned lists: exact names, class names of families, the standard library's modules."""

    exact: Mapping[str, Standing]
    families: Mapping[str, Mapping[str, Standing]]
    stdlib: frozenset[str]


@cache
def known() -> Known:
    """The lists as they are pinned in this package.

    Source: `tools/pin_pickle_names.py` writes `names.json` from the packages that it names with their versions.
    """
    pinned = json.loads(files("redan.scan.pickles").joinpath("names.json").read_text(encoding="utf-8"))
    exact = {f"{module}.{name}": use for module, name, use in safe.entries()}
    for use, modules in pinned["exact"].items():
        for module, names in modules.items():
            exact.update({f"{module}.{name}": Standing(use) for name in names})
    families = {
        family: {name: Standing(use) for use, names in uses.items() for name in names}
        for family, uses in pinned["families"].items()
    }
    return Known(exact, families, frozenset(pinned["stdlib"]))


def judge(module: str, name: str, hint: str = "") -> Judged:
    """What a name means, under its name of Python 3 and, where Python 2 had another, under both.

    Args:
        module: as the stream gives it.
        name: as the stream gives it; with dots from protocol 4 on.
        hint: `torchscript` makes names of `__torch__` classes of the archive.
    """
    if hint == "torchscript" and (module == "__torch__" or module.startswith("__torch__.")):
        return Judged(Standing.CLASS, module, name, "", "", "")
    mapped = _python3(module, name)
    found = _judge(*mapped)
    ambiguous = module in known().stdlib and module not in {*_compat_pickle.IMPORT_MAPPING, _ONLY_PYTHON_2}
    if mapped != (module, name) and ambiguous:
        both = (_judge(module, name), found)
        found = max(both, key=lambda judged: list(Standing).index(judged.standing))
    return found


def _python3(module: str, name: str) -> tuple[str, str]:
    renamed = _compat_pickle.NAME_MAPPING.get((module, name))
    if renamed is not None:
        return renamed
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def _judge(module: str, name: str) -> Judged:
    path = f"{module}.{name}"
    shown = path if len(path) <= _SHOWN else f"{path[:_SHOWN]}..."
    shown = escaped(shown)
    lists = known()
    standing = lists.exact.get(path)
    top = module.partition(".")[0]
    if standing is None and top in lists.families and name.isidentifier():
        standing = lists.families[top].get(name)
    if standing is not None:
        return Judged(standing, module, name, shown, "", "")
    why, reference = danger.why(module, name, lists.stdlib)
    if why:
        return Judged(Standing.DANGEROUS, module, name, shown, why, reference)
    return Judged(Standing.UNKNOWN, module, name, shown, "is not on the list of names that are safe to load", "CWE-502")
