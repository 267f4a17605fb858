"""Opcodes that import, call, build and refer outside: what a pickle can do to the process that loads it."""

from collections.abc import Mapping
from types import MappingProxyType

from redan.scan.pickles import joblib_arrays
from redan.scan.pickles.data_ops import Handler, line_of, writes_into_process
from redan.scan.pickles.dtypes import lies
from redan.scan.pickles.machine import Machine, StreamEndError, tuple_of
from redan.scan.pickles.references import referred
from redan.scan.pickles.rules import RULES
from redan.scan.pickles.values import Bag, Made, Name, Opaque, Standing, Value
from redan.scan.records import ScanVerdict

_WIDEST = 4  # bytes; only the longest extension code has a sign
_NOT_UNDERSTOOD = ScanVerdict.NOT_UNDERSTOOD
# Attributes that no honest state sets, since setting one changes what the object does instead of what it holds.
_STEERING = frozenset({"class", "dict", "code", "globals", "builtins", "closure", "getattribute", "getattr", "setattr"})
_PLAIN = str | int | float | Bag | None
_STEERING_CALLS = frozenset({"setstate", "reduce", "reduce_ex", "init", "new", "call", "del", "import", "bases", "mro"})


def _global(m: Machine) -> None:
    module, name = line_of(m), line_of(m)
    _import(m, module, name)


def _import(m: Machine, module: bytes, name: bytes) -> None:
    try:
        m.push(m.imported(module.decode(), name.decode()))
    except UnicodeDecodeError:
        m.fault("imports a name that is not UTF-8")
        m.push(m.imported(module.decode("utf-8", "replace"), name.decode("utf-8", "replace")))


def _stack_global(m: Machine) -> None:
    name, module = m.pop(), m.pop()
    if isinstance(module, str) and isinstance(name, str):
        m.push(m.imported(module, name))
        return
    if m.strict:
        raise StreamEndError
    # The half that is known can be enough to tell what is meant.
    known = [part for part in (module, name) if isinstance(part, str)]
    hint = f" (one part is {known[0][:80]!r})" if known else ""
    m.say(
        "pickle-unresolved-import",
        _NOT_UNDERSTOOD,
        f"imports a name that is not two texts{hint}: loaders differ in what they do then",
        "CWE-843",
    )
    m.push(m.imported(module, "?") if isinstance(module, str) else Opaque.UNKNOWN)


def _inst(m: Machine) -> None:
    module, name = line_of(m), line_of(m)
    args = m.pop_mark()
    m.handed_over(args)
    _import(m, module, name)
    func = m.stack.pop()
    m.push(called(m, func, Bag("tuple", args)))


def _obj(m: Machine) -> None:
    items = m.pop_mark()
    if not items:
        m.fault("makes an object of nothing")
        m.push(Opaque.UNKNOWN)
        return
    m.handed_over(items[1:])
    m.push(called(m, items[0], Bag("tuple", items[1:])))


def _reduce(m: Machine) -> None:
    args, func = m.pop(), m.pop()
    if tuple_of(args) is None:
        m.fault("calls with arguments that are no tuple")
    m.push(called(m, func, args))


def _new_object(m: Machine) -> None:
    args, cls = m.pop(), m.pop()
    m.push(called(m, cls, args))


def _new_object_keywords(m: Machine) -> None:
    keywords, args, cls = m.pop(), m.pop(), m.pop()
    if isinstance(args, Bag) and isinstance(keywords, Bag):
        args = Bag("tuple", [*args.items, keywords], args.whole)
    m.push(called(m, cls, args))


def called(m: Machine, func: Value, args: Value) -> Value:
    """The value of a call; what it may do to the process is noted."""
    m.seen.acted = True
    if isinstance(func, Name):
        if func.path != "builtins.getattr":  # its rule tells
            m.called(func)
        if func.standing is Standing.VALUE:
            m.say("pickle-call", _NOT_UNDERSTOOD, f"calls {func.path}, which is known as a value only", "CWE-502")
        rule = RULES.get(func.path)
        return Made(func, args) if rule is None else rule(m, func, args)
    if isinstance(func, Made):
        what = _made_of(func)
        m.say("pickle-call-made", _NOT_UNDERSTOOD, f"calls what {what} gave: what runs is not known", "CWE-502")
        return Opaque.UNKNOWN
    if func is not Opaque.UNKNOWN:
        m.fault("calls what cannot be called")
    return Opaque.UNKNOWN


def _made_of(made: Made) -> str:
    return made.func.path[:200] if isinstance(made.func, Name) else "another call"


def _build(m: Machine) -> None:
    state, target = m.pop(), m.top()
    m.seen.acted = True
    if writes_into_process(m, target, "sets attributes of"):
        return
    m.handed_over([state])
    if isinstance(target, Made):
        target.state = state
        _judge_state(m, state)
        if target.of("numpy.dtype") and lies(target):
            what = "gives a NumPy type a state that NumPy never writes; arrays of it could read any memory"
            m.say("numpy-dtype", _NOT_UNDERSTOOD, what, "CWE-843")
        if m.joblib:
            joblib_arrays.pass_over(m, target)
    elif target is not Opaque.UNKNOWN:
        m.fault("gives a state to what has none")


def _judge_state(m: Machine, state: Value) -> None:
    """A state of two halves sets the second half's attributes one by one, whatever they are."""
    halves = tuple_of(state)
    tables = [state] if halves is None else halves
    for table in tables:
        if not isinstance(table, Bag) or table.kind != "dict":
            continue
        if not table.whole or (halves is not None and not all(isinstance(key, _PLAIN) for key in table.items[::2])):
            m.say("pickle-state", _NOT_UNDERSTOOD, "sets attributes whose names cannot be told", "CWE-915")
        for key in table.table():
            plain = key[2:-2] if key.startswith("__") and key.endswith("__") else ""
            if plain in _STEERING or plain in _STEERING_CALLS:
                m.say("pickle-state", _NOT_UNDERSTOOD, f"sets the attribute {key}, which no model keeps", "CWE-915")


def _extension(size: int) -> Handler:
    def act(m: Machine) -> None:
        code = int.from_bytes(m.cursor.take(size), "little", signed=size == _WIDEST)
        what = f"imports by extension code {code}; what it stands for is known to the loading process only"
        m.push(m.outside("pickle-extension", what))

    return act


def _buffer(m: Machine) -> None:
    m.push(m.outside("pickle-buffer", "takes a buffer from outside the file"))


def _persistent_text(m: Machine) -> None:
    saved = line_of(m).decode("latin-1")
    if m.strict and not (saved.isprintable() and saved.isascii()):
        raise StreamEndError  # such as the first bytes of a zip file
    m.push(referred(m, saved))


def _persistent(m: Machine) -> None:
    m.push(referred(m, m.pop()))


def _stop(m: Machine) -> None:
    m.result = m.pop()
    m.stopped = True


OBJECT_OPS: Mapping[int, Handler] = MappingProxyType(
    {
        ord("c"): _global,
        0x93: _stack_global,
        ord("i"): _inst,
        ord("o"): _obj,
        ord("R"): _reduce,
        0x81: _new_object,
        0x92: _new_object_keywords,
        ord("b"): _build,
        0x82: _extension(1),
        0x83: _extension(2),
        0x84: _extension(4),
        0x97: _buffer,
        ord("P"): _persistent_text,
        ord("Q"): _persistent,
        ord("."): _stop,
    }
)
