"""Persistent ids: references to bytes outside the stream, known in the forms that torch writes."""

from redan.scan.pickles.machine import Machine, tuple_of
from redan.scan.pickles.values import Blob, Name, Opaque, Standing, Value

_STORAGE_PARTS = (5, 6)  # word, class, key, location, count; in files before 1.6 also the view
_MODULE_PARTS = 4  # word, class, source file, source


def referred(m: Machine, saved: Value) -> Value:
    """What a reference stands for; only torch's archives have any that are understood."""
    if m.context.hint in {"torch", "torchscript", "torch-tar"}:
        found = _of_torch(m, saved)
        if found is not None:
            return found
    what = "refers to an object outside the file; what it is, the loading program decides"
    return m.outside("pickle-persistent-id", what)


def _of_torch(m: Machine, saved: Value) -> Value:
    """Source: torch/serialization.py, `persistent_load` of the zip, the legacy and the tar form."""
    if m.context.hint == "torch-tar" and (isinstance(saved, int) or (isinstance(saved, str) and saved.isdecimal())):
        return Opaque.STORAGE
    parts = tuple_of(saved)
    if not parts:
        return None
    if parts[0] == "storage" and len(parts) in _STORAGE_PARTS:
        return _storage(m, parts)
    if parts[0] == "module" and len(parts) == _MODULE_PARTS:
        return parts[1]
    if m.context.hint == "torch-tar" and isinstance(parts[0], Name):
        return parts[0]
    return None


def _storage(m: Machine, parts: list[Value]) -> Value:
    kind, key, location, count = parts[1:5]
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if not isinstance(kind, Name) or kind.standing is not Standing.CLASS or "Storage" not in kind.name:
        return None
    if not isinstance(key, str) or not isinstance(location, str | Blob) or not isinstance(count, int):
        return None
    m.seen.storages[key] = (kind.name, count)
    return Opaque.STORAGE
