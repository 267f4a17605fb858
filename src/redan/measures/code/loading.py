"""Whether code loads data or models that can carry code; the code is parsed, never imported or run."""

import ast
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

from redan.measures.code import rules
from redan.measures.code.names import OBSCURED, UNKNOWN, Names, folded, names_of
from redan.measures.code.rules import Rule
from redan.measures.code.source import Source

_PACKAGE = re.compile(r"\.*(?P<root>\w+)\.")
_H5 = (".h5", ".hdf5")
_SAVING = frozenset({"save", "savez", "savez_compressed", "write_array", "dump"})


class Hit(NamedTuple):
    """One place where code may come out of data.

    Args:
        rule: why, and what to use instead.
        name: what is called or referred to, as a dotted name of the library.
        line: in the file, from 1.
        mark: of the line's text, see `Source.mark`.
    """

    rule: Rule
    name: str
    line: int
    mark: str


def loading(source: Source) -> tuple[Hit, ...]:
    """The places of a file where code may come out of data.

    Args:
        source: parsed.

    Returns:
        By line; each rule and name once a line; empty when nothing was found.
    """
    names = names_of(source.tree)
    found: dict[tuple[int, str, str], Hit] = {}
    called = {id(node.func) for node in ast.walk(source.tree) if isinstance(node, ast.Call)}
    for node in ast.walk(source.tree):
        for rule, name in _at(node, names, called=id(node) in called):
            number = getattr(node, "lineno", 1)
            line = source.line(number)
            found.setdefault((line, rule.id, name), Hit(rule, name, line, source.mark(number)))
    return tuple(found[key] for key in sorted(found))


def _at(node: ast.AST, names: Names, *, called: bool) -> Iterator[tuple[Rule, str]]:
    if isinstance(node, ast.Call):
        yield from _call(node, names)
    elif isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield from _reference(node, names, called)
    elif isinstance(node, ast.Dict):
        yield from _options(node)


def _reference(node: ast.expr, names: Names, called: bool) -> Iterator[tuple[Rule, str]]:
    """A dangerous function by any of its names; one that depends on its options is judged where it is called."""
    if isinstance(node, ast.Attribute) and node.attr in rules.METHODS and not called:
        yield rules.METHODS[node.attr], node.attr
    for name in _plain(names, node):
        always = _always(name)
        if always is not None:
            yield always, name
        elif name in rules.FIXED_TEXT and not called:
            yield rules.FIXED_TEXT[name], name
        elif name == "torch.load" and not called:
            yield rules.TORCH, name


def _plain(names: Names, node: ast.expr) -> Iterator[str]:
    yield from sorted({canonical_name(name) for name in names.of(node)})


def canonical_name(name: str) -> str:
    """One name for a function that several modules offer."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        same = rules.SAME.get(".".join(parts[:length]))
        if same is not None:
            return canonical_name(".".join([same, *parts[length:]]))
    return name


def _always(name: str) -> Rule | None:
    first, _, rest = name.partition(".")
    last = rest.rpartition(".")[2]
    if last == UNKNOWN and first in rules.LOADERS and "." not in rest:
        return rules.HIDDEN
    if name == OBSCURED:
        return rules.HIDDEN
    return rules.ALWAYS.get(name) or rules.FAMILIES.get((first, last))


def _call(node: ast.Call, names: Names) -> Iterator[tuple[Rule, str]]:
    shown = _shown(node)
    yield from ((rule, shown) for rule in _by_option(node, shown))
    if isinstance(node.func, ast.Attribute) and (method := _method(node, names)) is not None:
        yield method, node.func.attr
    for name in _plain(names, node.func):
        bound = name == "functools.partial"
        if bound and node.args:
            rest = ast.Call(func=node.args[0], args=node.args[1:], keywords=node.keywords)
            yield from (pair for n in _plain(names, node.args[0]) for pair in _judged(n, rest, names))
        else:
            yield from _judged(name, node, names)
        if name in {"builtins.getattr", "inspect.getattr_static"}:
            yield from ((rule, n) for n in _plain(names, node) if (rule := _always(n)) is not None)


def _shown(node: ast.Call) -> str:
    """The last part of what is called, as written: an identifier, so nothing of the data."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else "a call"


def _by_option(node: ast.Call, shown: str) -> Iterator[Rule]:
    """Options that say the same whatever they are passed to."""
    for keyword in node.keywords:
        value = keyword.value
        off = isinstance(value, ast.Constant) and not value.value
        if keyword.arg == "trust_remote_code" and not off:
            yield rules.REMOTE
        elif keyword.arg == "use_safetensors" and off and value.value is not None:  # type: ignore[attr-defined]
            yield rules.TENSORS
        elif keyword.arg == "safe_mode" and off:
            yield rules.KERAS
        elif keyword.arg == "weights_only" and off:
            yield rules.WEIGHTS
        elif keyword.arg == "allow_pickle" and not off and shown not in _SAVING:
            yield rules.NUMPY


def _options(node: ast.Dict) -> Iterator[tuple[Rule, str]]:
    """The same options in a table that is passed on with `**`."""
    wanted = {
        "trust_remote_code": (True, rules.REMOTE),
        "weights_only": (False, rules.WEIGHTS),
        "safe_mode": (False, rules.KERAS),
        "allow_pickle": (True, rules.NUMPY),
    }
    for key, value in zip(node.keys, node.values, strict=True):
        name = key.value if isinstance(key, ast.Constant) else None
        if isinstance(name, str) and name in wanted and isinstance(value, ast.Constant):
            when, rule = wanted[name]
            if bool(value.value) is when and value.value is not None:
                yield rule, name


def _method(node: ast.Call, names: Names) -> Rule | None:
    attribute = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if attribute == "register_custom_ops_library":
        known = names.of(node.args[0]) if node.args else frozenset[str]()
        return None if known == {"onnxruntime_extensions.get_library_path()"} else rules.NATIVE
    if attribute == "load_from_checkpoint":
        return None if _is_true(_option(node, "weights_only")) else rules.TORCH
    return rules.METHODS.get(attribute)


def _judged(name: str, node: ast.Call, names: Names) -> Iterator[tuple[Rule, str]]:
    """Functions that are safe with the right options."""
    rule: Rule | None = None
    if name in {"torch.load", "torch.hub.load_state_dict_from_url"}:
        rule = None if _is_true(_option(node, "weights_only")) else rules.TORCH
    elif name in {"numpy.load", "numpy.lib.format.read_array", "numpy.NpzFile"}:
        rule = _numpy(name, node)
    elif name in {"yaml.load", "yaml.load_all"}:
        rule = None if _safe_loader(node, names) else rules.YAML
    elif name == "keras.models.load_model":
        rule = _keras(node)
    elif name in {"skops.io.load", "skops.io.loads"}:
        rule = _skops(node, names)
    elif name in rules.FIXED_TEXT:
        rule = _computed(rules.FIXED_TEXT[name], node)
    elif name in rules.FIXED_PATH:
        rule = None if len(node.args) > 1 and folded(node.args[1]) is not None else rules.FILE_CODE
    elif name.startswith("redan.") and any(_is_unsafe(k) for k in node.keywords):
        rule = rules.REDAN
    if rule is not None:
        yield rule, name


def _computed(rule: Rule, node: ast.Call) -> Rule | None:
    first = node.args[0] if node.args else None
    if first is None:
        return rule
    harmless = folded(first) is not None or (rule is rules.IMPORT and _stays_inside(first))
    return None if harmless else rule


def _stays_inside(node: ast.expr) -> bool:
    """Whether a computed module can only be one below a fixed package, such as `f"churn.steps.{name}"`."""
    first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node
    while isinstance(first, ast.BinOp) and isinstance(first.op, ast.Add):
        first = first.left
    found = _PACKAGE.match(folded(first) or "")
    return found is not None and found["root"] not in sys.stdlib_module_names and found["root"] not in rules.LOADERS


def _option(node: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    found = next((k.value for k in node.keywords if k.arg == name), None)
    if found is None and position is not None and len(node.args) > position:
        return node.args[position]
    return found


def _spread(node: ast.Call) -> bool:
    """Whether options come from a variable, so that nobody can tell them here."""
    return any(k.arg is None for k in node.keywords) or any(isinstance(a, ast.Starred) for a in node.args)


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _numpy(name: str, node: ast.Call) -> Rule | None:
    given = _option(node, "allow_pickle", 2 if name == "numpy.load" else 1)
    if given is None:
        return rules.NUMPY if _spread(node) else None
    return None if isinstance(given, ast.Constant) and not given.value else rules.NUMPY


def _safe_loader(node: ast.Call, names: Names) -> bool:
    given = _option(node, "Loader", 1)
    meanings = set(_plain(names, given)) if given is not None else set[str]()
    return bool(meanings) and meanings <= rules.SAFE_LOADERS


def _keras(node: ast.Call) -> Rule | None:
    objects = _option(node, "custom_objects", 1)
    if _spread(node) or (objects is not None and not (isinstance(objects, ast.Constant) and objects.value is None)):
        return rules.KERAS
    path = folded(node.args[0]) if node.args else None
    if path is not None and path.lower().endswith(_H5):
        return rules.KERAS_H5
    safe = _option(node, "safe_mode", 3)
    return None if safe is None or _is_true(safe) else rules.KERAS


def _skops(node: ast.Call, names: Names) -> Rule | None:
    given = _option(node, "trusted")
    if given is None:
        return rules.SKOPS if _spread(node) else None
    everything = "skops.io.get_untrusted_types()" in set(_plain(names, given))
    return rules.SKOPS if everything or _is_true(given) else None


def _is_unsafe(keyword: ast.keyword) -> bool:
    off = isinstance(keyword.value, ast.Constant) and not keyword.value.value
    return (keyword.arg or "").startswith("unsafe_") and not off
