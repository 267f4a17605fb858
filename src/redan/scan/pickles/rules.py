"""Calls that are safe only with some arguments, and calls that read bytes of the stream as a stream of their own."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from redan.scan.pickles.machine import Machine, tuple_of
from redan.scan.pickles.values import Bag, Blob, Made, Name, Opaque, Standing, Value
from redan.scan.records import ScanVerdict

Rule: TypeAlias = Callable[[Machine, Name, Value], Value]
_CODECS = frozenset({"latin1", "latin-1", "iso-8859-1", "utf-8", "utf8", "ascii", "raw_unicode_escape"})


def _refused(m: Machine, func: Name, why: str) -> None:
    m.say("pickle-call", ScanVerdict.NOT_UNDERSTOOD, f"calls {func.path} {why}", "CWE-502")


def _class_first(m: Machine, func: Name, args: Value) -> Value:
    """The first argument is the class of what is made."""
    items = tuple_of(args)
    if not items:
        _refused(m, func, "without a class")
        return Made(func, args)
    cls = items[0]
    if isinstance(cls, Name):
        m.called(cls)
    elif cls is not Opaque.UNKNOWN:
        _refused(m, func, "with a class that the stream itself made")
    return Made(cls, Bag("tuple", items[1:]))


def _encode(m: Machine, func: Name, args: Value) -> Value:
    """Pickle writes bytes for Python 2 as encoded text; other codecs are not plain data."""
    items = tuple_of(args) or [Opaque.UNKNOWN]
    if any(not isinstance(codec, str) or codec.lower() not in _CODECS for codec in items[1:]):
        _refused(m, func, "with a codec that no pickle of data uses")
    return Made(func, args)


def _type(m: Machine, func: Name, args: Value) -> Value:
    """With one argument it tells a class, with three it makes one."""
    items = tuple_of(args)
    if items is None or len(items) != 1:
        m.say("pickle-makes-class", ScanVerdict.MALICIOUS, "makes a class with methods of its own", "CWE-502")
    return Made(func, args)


def _ufunc(m: Machine, func: Name, args: Value) -> Value:
    """Imports whatever its two texts say."""
    items = tuple_of(args)
    match items:
        case [str() as module, str() as name]:
            return m.imported(module, name)
    _refused(m, func, "with names that are not two texts")
    return Opaque.UNKNOWN


def _attribute(m: Machine, func: Name, args: Value) -> Value:
    """A method of a class that is on the lists under its full name, as class methods are pickled; else dangerous."""
    match tuple_of(args):
        case [Name(guarded=False) as owner, str() as name]:
            method = m.imported(owner.module, f"{owner.name}.{name}")
            if method.standing is Standing.CALL:
                m.seen.excused.add(func)
                return method
    m.called(func)
    return Made(func, args)


def _stream_inside(m: Machine, func: Name, args: Value) -> Value:
    """Loads its bytes as a file of its own."""
    items = tuple_of(args)
    if items and isinstance(items[0], Blob):
        m.seen.blobs.append((func.path, items[0].offset, items[0].size))
    else:
        _refused(m, func, "with bytes that cannot be followed")
    return Made(func, args)


def _nested_call(m: Machine, func: Name, args: Value) -> Value:
    """Calls its first argument with its third: `_rebuild_from_type_v2(func, type, args, state)`.

    A function that is safe with some arguments alone was noted when it was put into the tuple.
    """
    items = tuple_of(args)
    match items:
        case [Name() as inner, _, _, _]:
            m.called(inner)
        case _:
            _refused(m, func, "with a function that cannot be followed")
    return Made(func, args)


def _generator(m: Machine, func: Name, args: Value) -> Value:
    """Calls its second argument with its first, where NumPy writes the maker of bit generators or nothing."""
    items = tuple_of(args)
    match items:
        case [] | [_] | [_, Name(module="numpy.random._pickle", name="__bit_generator_ctor")]:
            return Made(func, args)
    _refused(m, func, "with a function that NumPy never writes")
    return Made(func, args)


def _empty_only(m: Machine, func: Name, args: Value) -> Value:
    """Its constructor opens the files that its arguments name; a pickle of one has none."""
    items = tuple_of(args)
    if items is None or any(isinstance(item, str | Made | Opaque) for item in items):
        _refused(m, func, "with arguments, which may name files")
    return Made(func, args)


def _partial(m: Machine, func: Name, args: Value) -> Value:
    """Calls nothing by itself; what it is made of was judged when it was imported."""
    items = tuple_of(args)
    if not items or not isinstance(items[0], Name):
        _refused(m, func, "with a function that cannot be followed")
    return Made(func, args)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "copyreg._reconstructor": _class_first,
        "copyreg.__newobj__": _class_first,
        "copyreg.__newobj_ex__": _class_first,
        "numpy.core._internal._reconstruct": _class_first,
        "numpy.core.multiarray._reconstruct": _class_first,
        "numpy._core.multiarray._reconstruct": _class_first,
        "numpy.core._ufunc_reconstruct": _ufunc,
        "numpy._core._ufunc_reconstruct": _ufunc,
        "_codecs.encode": _encode,
        "builtins.getattr": _attribute,
        "builtins.type": _type,
        "functools.partial": _partial,
        "lightgbm.basic.Booster": _empty_only,
        "lightgbm.basic.Dataset": _empty_only,
        "xgboost.core.Booster": _empty_only,
        "catboost.core.CatBoost": _empty_only,
        "numpy.random._pickle.__generator_ctor": _generator,
        "numpy.random._pickle.__randomstate_ctor": _generator,
        "numpy.random.__RandomState_ctor": _generator,
        "torch._tensor._rebuild_from_type": _nested_call,
        "torch.tensor._rebuild_from_type": _nested_call,
        "torch._tensor._rebuild_from_type_v2": _nested_call,
        "torch.tensor._rebuild_from_type_v2": _nested_call,
        "torch.storage._load_from_bytes": _stream_inside,
        "pickle.loads": _stream_inside,
        "_pickle.loads": _stream_inside,
    }
)
