"""What a name in some code stands for: imports, aliases, `getattr` with a known string, modules fetched by name.

Names are taken without their scope: a name that means two things means both. That finds more than runs, never less.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_ROUNDS = 12  # an alias of an alias of an alias; real code has two
_MEANINGS = 64  # meanings of one name that are kept; a name with more counts as one whose meaning is hidden
_LIMIT_CHARS = 4096
_BY_NAME = frozenset({"importlib.import_module", "builtins.__import__", "importlib.__import__"})
_GETTERS = frozenset({"builtins.getattr", "inspect.getattr_static"})
_TABLES = frozenset({"builtins.vars", "builtins.dir"})
# Functions whose result matters; the result of any other is unknown, so that `x = f(x)` over and over means nothing.
_RESULTS = frozenset(
    {
        "builtins.globals",
        "builtins.locals",
        "skops.io.get_untrusted_types",
        "onnxruntime_extensions.get_library_path",
    }
)
_PARTS = 8  # of a dotted name; no function lies deeper
_BUILTIN = frozenset({"eval", "exec", "compile", "getattr", "__import__", "vars", "globals", "locals"})
UNKNOWN = "?"  # an attribute or module whose name is computed
OBSCURED = "obscured.?"  # a name with so many meanings that one may hide among them


@dataclass(slots=True)
class Names:
    """Meanings of the names of one module.

    Args:
        known: name, or dotted attribute such as `self.load`, to the dotted names that it may stand for.
        stars: modules of which everything was imported.
        shadowed: builtins that the module's first level defines anew, and the line from which it does.
    """

    known: dict[str, set[str]] = field(default_factory=dict)
    stars: set[str] = field(default_factory=set)
    shadowed: dict[str, int] = field(default_factory=dict)

    def of(self, node: ast.expr, depth: int = 8) -> frozenset[str]:
        """The dotted names that an expression may stand for; a call of few stands for the function's name and `()`.

        Args:
            node: the expression.
            depth: how many calls and subscripts deep it is followed.

        Returns:
            Such as `{"pickle.load"}`; empty when nothing is known.
        """
        tail: list[str] = []
        while isinstance(node, ast.Attribute):
            tail.append(node.attr)
            node = node.value
        whole = ".".join([node.id, *reversed(tail)]) if isinstance(node, ast.Name) else ""
        found = set(self.known.get(whole, ())) if whole else set[str]()
        found |= {".".join([base, *reversed(tail)]) for base in self._base(node, depth)}
        found = {name for name in found if name.count(".") < _PARTS and len(name) <= _LIMIT_CHARS}
        return frozenset(found)

    def _base(self, node: ast.expr, depth: int) -> Iterable[str]:
        if isinstance(node, ast.Name):
            return self._name(node)
        if depth <= 0:
            return ()
        if isinstance(node, ast.Call):
            return self._call(node, depth - 1)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, depth - 1)
        return (name for part in _either(node) for name in self.of(part, depth - 1))

    def _name(self, node: ast.Name) -> Iterator[str]:
        yield from self.known.get(node.id, ())
        if node.id in _BUILTIN and node.lineno <= self.shadowed.get(node.id, node.lineno):
            yield f"builtins.{node.id}"
        if node.id in {"builtins", "__builtins__"}:
            yield "builtins"
        if node.id not in self.known:
            yield from (f"{module}.{node.id}" for module in self.stars)

    def _call(self, node: ast.Call, depth: int) -> Iterator[str]:
        for name in self.of(node.func, depth):
            first = folded(node.args[0]) if node.args else None
            if name in _BY_NAME:
                yield first.lstrip(".") if first else UNKNOWN
            elif name in _GETTERS and len(node.args) > 1:
                attribute = folded(node.args[1]) or UNKNOWN
                yield from (f"{base}.{attribute}" for base in self.of(node.args[0], depth))
            elif name in _TABLES and node.args:
                yield from (f"{base}.__dict__" for base in self.of(node.args[0], depth))
            elif name == "functools.partial" and node.args:
                yield from self.of(node.args[0], depth)
            elif name in _RESULTS:
                yield f"{name}()"

    def _subscript(self, node: ast.Subscript, depth: int) -> Iterator[str]:
        key = folded(node.slice)
        for name in self.of(node.value, depth):
            if name == "sys.modules":
                yield key or UNKNOWN
            elif name.endswith(".__dict__"):
                yield f"{name.removesuffix('.__dict__')}.{key or UNKNOWN}"
            elif name in {"builtins.globals()", "builtins.locals()"} and key:
                yield from self.known.get(key, ())
            elif name == "builtins" and key:
                yield f"builtins.{key}"


def _either(node: ast.expr) -> list[ast.expr]:
    """The expressions one of which a compound expression comes to."""
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BoolOp):
        return node.values
    return [node.value] if isinstance(node, ast.NamedExpr | ast.Await) else []


def names_of(tree: ast.Module) -> Names:
    """What the names of a module stand for.

    Args:
        tree: parsed code; never run.
    """
    names = Names()
    nodes = tuple(ast.walk(tree))
    for node in nodes:
        _import(names, node)
    for statement in tree.body:
        for bound in _defined(statement):
            if bound in _BUILTIN:
                names.shadowed.setdefault(bound, statement.lineno)
    bindings = tuple(binding for node in nodes for binding in _bindings(node))
    for _ in range(_ROUNDS):
        changed = False
        for target, value in bindings:
            changed |= _add(names, target, *names.of(value))
        if not changed:
            break
    return names


def _defined(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement of the module's first level defines anew for all that follows."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in statement.names)


def _import(names: Names, node: ast.AST) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            first = alias.name.partition(".")[0]
            _add(names, alias.asname or first, alias.name if alias.asname else first)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            if alias.name == "*":
                names.stars.add(node.module)
            else:
                _add(names, alias.asname or alias.name, f"{node.module}.{alias.name}")


def _add(names: Names, target: str, *meanings: str) -> bool:
    fresh = set(meanings) - names.known.get(target, set())
    if not fresh or OBSCURED in names.known.get(target, ()):
        return False
    kept = names.known.setdefault(target, set())
    kept.update(fresh if len(kept) + len(fresh) <= _MEANINGS else {OBSCURED})
    return True


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Every place where an expression gets a name: assignments, defaults, `with`, and `for` over a literal."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _bound(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield from _bound(node.target, node.value)
    elif isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Tuple | ast.List | ast.Set):
        for value in node.iter.elts:
            yield from _bound(node.target, value)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield from _bound(node.optional_vars, node.context_expr)
    elif isinstance(node, ast.ClassDef):
        yield from ((node.name, base) for base in node.bases)
    elif isinstance(node, ast.arguments):
        positional = [*node.posonlyargs, *node.args]
        given = positional[len(positional) - len(node.defaults) :]
        yield from ((a.arg, value) for a, value in zip(given, node.defaults, strict=True))
        yield from ((a.arg, v) for a, v in zip(node.kwonlyargs, node.kw_defaults, strict=True) if v is not None)


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        for one, other in zip(target.elts, value.elts, strict=False):
            yield from _bound(one, other)
    elif (name := dotted(target)) is not None:
        yield name, value


def dotted(node: ast.expr) -> str | None:
    """The text of a name or of attributes of a name, such as `self.load`; None for anything else."""
    tail: list[str] = []
    while isinstance(node, ast.Attribute):
        tail.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(tail)]) if isinstance(node, ast.Name) else None


def folded(node: ast.expr, depth: int = 16) -> str | None:
    """The text that an expression of constant strings comes to; None when it cannot be told."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if depth <= 0:
        return None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = folded(node.left, depth - 1), folded(node.right, depth - 1)
        return None if left is None or right is None else (left + right)[:_LIMIT_CHARS]
    if isinstance(node, ast.JoinedStr):
        parts = [folded(v.value if isinstance(v, ast.FormattedValue) else v, depth - 1) for v in node.values]
        return "".join(p for p in parts if p)[:_LIMIT_CHARS] if None not in parts else None
    return _method(node, depth)


def _method(node: ast.expr, depth: int) -> str | None:
    """`"".join([...])`, `"...".lower()` and the like, and a slice that turns a string round."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        text = folded(node.value, depth - 1)
        step = node.slice.step
        turned = (
            isinstance(step, ast.UnaryOp)
            and isinstance(step.op, ast.USub)
            and not (node.slice.lower or node.slice.upper)
        )
        return text[::-1] if text is not None and turned else None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    text = folded(node.func.value, depth - 1)
    if text is None:
        return None
    if node.func.attr in {"lower", "strip", "casefold"} and not node.args:
        return text.lower() if node.func.attr != "strip" else text.strip()
    if node.func.attr == "join" and len(node.args) == 1 and isinstance(node.args[0], ast.List | ast.Tuple):
        parts = [folded(e, depth - 1) for e in node.args[0].elts]
        return text.join(p for p in parts if p is not None)[:_LIMIT_CHARS] if None not in parts else None
    return None
