"""Chat templates: parsed to a syntax tree and read, never rendered.

Jinja templates run when a chat is formatted; outside a sandbox, attributes such as `__globals__` lead to any function.
Source: CVE-2024-34359; the sandbox rules of Jinja (`jinja2.sandbox`, attributes with underscores and frames).
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from redan.scan.formats.gadgets import FUNCTIONS
from redan.scan.records import Detection
from redan.scan.say import Voice, shown, words

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

LIMIT_CHARS = 1 << 18  # the longest of published models have a tenth of it
_MOST_ROUNDS = 40
_REFERENCE = "CVE-2024-34359"
_REMEDY = "Remove the template, or write one that uses only the fields of messages; render it in Jinja's sandbox."
_FRAMES = words(
    "mro gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await ag_frame ag_code f_globals f_locals f_builtins "
    "f_code f_back tb_frame tb_next im_func im_self func_globals func_code func_closure func_defaults"
)
_CALLED = words("system popen eval exec execfile compile import_module check_output Popen")
_OPEN_NAMES = FUNCTIONS | {"open", "os", "subprocess", "sys", "builtins", "importlib", "getattr", "setattr", "vars"}
_GADGETS = words("lipsum cycler joiner self url_for get_flashed_messages request g session")
# Filters whose argument names an attribute.
_BY_ATTRIBUTE = words("map selectattr rejectattr groupby sort sum unique min max join attr")
# Filters and methods that put text together; a name that is put together is not seen by who reads the template.
_BUILDING = words("join replace format format_map reverse translate random xmlattr urlencode")
_PIECE = re.compile(r"_+\Z|__|.*__\Z")


def examine(source: str, say: Voice, where: str, *, sure: bool = True) -> Iterator[Detection]:
    """What a template could reach.

    Args:
        source: text of the template.
        say: speaks for the member.
        where: how a message names the template, such as `tokenizer.chat_template`.
        sure: whether a loader would render it; when not, a text that is no template is left alone.

    Returns:
        Detections; empty for a template that only reads fields, loops and compares.
    """
    from jinja2 import TemplateError

    if len(source) > LIMIT_CHARS:
        yield say.unclear("template-size", f"The template {where} has more than {LIMIT_CHARS:,} characters.")
        return
    try:
        tree = _environment().parse(source)
        found = list(_Reader(say, where).read(tree))
    except TemplateError:
        if sure:
            yield say.unclear("template-syntax", f"The template {where} is not Jinja that can be parsed here.")
        elif re.search(r"__(class|globals|builtins|subclasses|mro|import|base|init)__", source):
            yield say.unclear(
                "template-syntax", f"{where} looks like a template, cannot be parsed, and names internals."
            )
        return
    except (RecursionError, ValueError, OverflowError):
        yield say.unclear("template-syntax", f"The template {where} is nested too deep to be read.")
        return
    yield from found


@cache
def _environment() -> "Environment":
    """The dialect of chat templates: loop controls, `do`, and the `generation` block of transformers."""
    from jinja2 import Environment, nodes
    from jinja2.ext import Extension
    from jinja2.parser import Parser

    class Generation(Extension):
        """`{% generation %} ... {% endgeneration %}`: marks text, does nothing else."""

        tags = {"generation"}  # noqa: RUF012 -- as Jinja's extensions declare it

        def parse(self, parser: Parser) -> nodes.Node:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    return Environment(  # noqa: S701 -- nothing is ever rendered
        extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", Generation], trim_blocks=True, lstrip_blocks=True
    )


class _Reader:
    """Reads one tree. Names that hold text put together are remembered, so that using them as a key is seen."""

    def __init__(self, say: Voice, where: str) -> None:
        self._say = say
        self._where = where
        self._built: set[str] = set()

    def read(self, tree: "nodes.Template") -> Iterator[Detection]:
        """All detections of a tree, each rule and line once."""
        seen: set[tuple[str, str]] = set()
        everything = list(_all_nodes(tree))
        self._remember_built(everything)
        for node in everything:
            for detection in self._node(node):
                if (key := (detection.rule, detection.what)) not in seen:
                    seen.add(key)
                    yield detection

    def _remember_built(self, everything: "list[nodes.Node]") -> None:
        pairs = [pair for node in everything for pair in _assigned(node)]
        calls, parameters = _macro_calls(everything)
        for _ in range(_MOST_ROUNDS):
            before = len(self._built)
            for target, value in pairs:
                if self._puts_together(value):
                    self._built.update(_names(target))
            if any(self._puts_together(value) for value in calls):
                self._built.update(parameters)
            if before == len(self._built):
                return
        raise OverflowError  # names that hand on to each other in a long chain: no template of a chat

    def _puts_together(self, value: "nodes.Node") -> bool:
        """Whether an expression makes new text out of parts, or uses a name that holds such text."""
        from jinja2 import nodes

        if isinstance(value, nodes.Concat) or _builds(value):
            return True
        if isinstance(value, (nodes.Add, nodes.Mul, nodes.Mod)):
            return any(self._texty(n) for n in (value.left, value.right))
        if isinstance(value, (nodes.Name, nodes.Getattr)) and _dotted(value) in self._built:
            return True
        if isinstance(value, (nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Call)):
            return value.node is not None and self._puts_together(value.node)
        if isinstance(value, (nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.CondExpr)):
            return any(self._puts_together(n) for n in value.iter_child_nodes())
        return False

    def _texty(self, value: "nodes.Node") -> bool:
        from jinja2 import nodes

        return (isinstance(value, nodes.Const) and isinstance(value.value, str)) or self._puts_together(value)

    def _node(self, node: "nodes.Node") -> Iterator[Detection]:
        from jinja2 import nodes

        line = f"{self._where}, line {node.lineno}"
        if isinstance(node, nodes.Getattr):
            yield from self._attribute(node.attr, line)
        elif isinstance(node, nodes.Getitem):
            yield from self._key(node.arg, line)
        elif isinstance(node, nodes.Name):
            yield from self._name(node.name, line)
        elif isinstance(node, (nodes.Filter, nodes.Test)):
            yield from self._filter(node, line)
        elif isinstance(node, nodes.Call):
            yield from self._call(node, line)
        elif isinstance(node, nodes.Keyword):
            yield from self._attribute(node.key, line)
        elif isinstance(node, nodes.Const) and isinstance(node.value, str):
            yield from self._text(node.value, line)
        elif isinstance(node, (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            yield self._say.unclear("template-import", f"The template loads another template ({line}).", remedy=_REMEDY)

    def _attribute(self, name: str, line: str) -> Iterator[Detection]:
        if name.startswith("__") or name in _FRAMES:
            yield self._bad(f"The template reaches for the attribute `{shown(name)}` ({line}).")
        elif name.startswith("_"):
            yield self._unclear(f"The template uses the private name `{shown(name)}` ({line}).")

    def _key(self, key: "nodes.Node", line: str) -> Iterator[Detection]:
        from jinja2 import nodes

        if isinstance(key, nodes.Const) and isinstance(key.value, str):
            yield from self._attribute(key.value, line)
        elif not isinstance(key, nodes.Slice) and self._puts_together(key):
            yield self._unclear(f"The template looks up a name that it puts together itself ({line}).")

    def _name(self, name: str, line: str) -> Iterator[Detection]:
        if name in _OPEN_NAMES or name.startswith("__"):
            yield self._bad(f"The template uses `{shown(name)}` ({line}).")
        elif name in _GADGETS:
            yield self._unclear(f"The template uses `{name}`, from which functions of Python can be reached ({line}).")

    def _filter(self, node: "nodes.Filter | nodes.Test", line: str) -> Iterator[Detection]:
        from jinja2 import nodes

        if node.name not in _BY_ATTRIBUTE or isinstance(node, nodes.Test):
            return
        named = [k.value for k in node.kwargs if k.key == "attribute"]
        for arg in [*node.args[:1], *named]:
            if isinstance(arg, nodes.Const) and isinstance(arg.value, str):
                for part in arg.value.split("."):
                    yield from self._attribute(part, line)
                if arg.value == "attr" and node.name == "map":
                    yield self._bad(f"The template maps the attr filter over values ({line}).")
            elif node.name == "attr":
                yield self._bad(f"The template reads an attribute whose name is not written out ({line}).")
            elif node.name != "join" and self._puts_together(arg):
                yield self._unclear(f"The filter `{node.name}` gets a name that is put together ({line}).")
        if node.name == "attr":
            yield self._unclear(f"The template reads an attribute through the attr filter ({line}).")

    def _call(self, node: "nodes.Call", line: str) -> Iterator[Detection]:
        from jinja2 import nodes

        target = node.node
        if isinstance(target, nodes.Getattr) and target.attr in _CALLED:
            yield self._bad(f"The template calls `{target.attr}` ({line}).")
        if isinstance(target, nodes.Getattr) and target.attr in {"format", "format_map"}:
            plain = isinstance(target.node, nodes.Const) and isinstance(target.node.value, str)
            text = target.node.value if plain else ""  # type: ignore[attr-defined]
            if not plain or re.search(r"\{[^{}]*[.\[]", text):
                yield self._unclear(f"The template formats a text that may reach attributes ({line}).")
        if isinstance(target, nodes.Name) and target.name == "range" and any(_huge(a) for a in node.args):
            yield self._unclear(f"The template counts to a number that would hang a loader ({line}).")

    def _text(self, text: str, line: str) -> Iterator[Detection]:
        if re.search(
            r"__(?:class|globals|builtins|subclasses|mro|import|bases?|init|dict|code|getattribute|reduce\w*|"
            r"getitem|call|self|func|module|closure|wrapped|loader|spec|file)__",
            text,
        ):
            yield self._bad(f"The template holds the name of a Python internal in a text ({line}).")
        elif _PIECE.match(text) and len(text) < 40 and text.strip("_") != text and text != "_":  # noqa: PLR2004
            yield self._unclear(f"The template holds a piece of the name of an internal in a text ({line}).")

    def _bad(self, what: str) -> Detection:
        return self._say.bad("template-internals", what, reference=_REFERENCE, remedy=_REMEDY)

    def _unclear(self, what: str) -> Detection:
        return self._say.unclear("template-unclear", what, reference=_REFERENCE, remedy=_REMEDY)


def _assigned(node: "nodes.Node") -> "Iterator[tuple[nodes.Node, nodes.Node]]":
    """Targets of assignments and loops with what they get; a block of text counts as put together."""
    from jinja2 import nodes

    if isinstance(node, nodes.Assign):
        yield node.target, node.node
    elif isinstance(node, nodes.For):
        yield node.target, node.iter
    elif isinstance(node, nodes.With):
        yield from zip(node.targets, node.values, strict=False)
    elif isinstance(node, nodes.AssignBlock):
        yield node.target, nodes.Concat([])
    elif isinstance(node, nodes.Macro):
        yield nodes.Name(node.name, "store"), nodes.Concat([])


def _macro_calls(everything: "list[nodes.Node]") -> "tuple[list[nodes.Expr], set[str]]":
    """What is given to macros, and the names of all their parameters."""
    from jinja2 import nodes

    macros = [n for n in everything if isinstance(n, nodes.Macro)]
    names = {m.name for m in macros}
    calls = [
        n for n in everything if isinstance(n, nodes.Call) and isinstance(n.node, nodes.Name) and n.node.name in names
    ]
    given = [a for c in calls for a in (*c.args, *(k.value for k in c.kwargs))]
    return given, {a.name for m in macros for a in m.args}


def _builds(value: "nodes.Node") -> bool:
    """Whether a filter or method makes new text."""
    from jinja2 import nodes

    if isinstance(value, nodes.Filter):
        return value.name in _BUILDING
    return isinstance(value, nodes.Call) and isinstance(value.node, nodes.Getattr) and value.node.attr in _BUILDING


def _all_nodes(tree: "nodes.Node") -> "Iterator[nodes.Node]":
    """Every node, without recursion."""
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(node.iter_child_nodes())))


def _dotted(value: "nodes.Name | nodes.Getattr") -> str:
    """`name`, or `namespace.attribute`; the empty string for anything longer."""
    from jinja2 import nodes

    if isinstance(value, nodes.Name):
        return value.name
    return f"{value.node.name}.{value.attr}" if isinstance(value.node, nodes.Name) else ""


def _names(target: "nodes.Node") -> Iterator[str]:
    from jinja2 import nodes

    for node in _all_nodes(target):
        if isinstance(node, nodes.Name):
            yield node.name
        elif isinstance(node, nodes.NSRef):
            yield f"{node.name}.{node.attr}"


def _huge(node: "nodes.Node") -> bool:
    from jinja2 import nodes

    big = 100_000
    if isinstance(node, (nodes.Pow, nodes.Mul)):
        return True
    return isinstance(node, nodes.Const) and isinstance(node.value, int) and abs(node.value) > big
