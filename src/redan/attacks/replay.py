"""Answers in the order they were asked for, kept in a file, so that whoever was stopped goes on with what was paid for.

Unlike `redan.attacks.memory`, a question that is asked twice has two answers, and each counts: an attack with a budget
comes to the same, and an endpoint that answers at random is seen to.
"""

import binascii
import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError
from redan.files import read_bounded

Array: TypeAlias = NDArray[Any]
Answer: TypeAlias = tuple[bytes, Array]
FORMAT = "redan replay 1"
_KEY = 16
_LIMIT = 1 << 30
_WIDEST = 100_000
_REMEDY = "name another file, or remove this one"


class Replay:
    """Answers by part, such as one attack under one form of answers, and by place within it."""

    def __init__(self, path: Path, of: str) -> None:
        """Reads what is there, and begins the file where nothing is.

        Args:
            path: of the file.
            of: what answers, and what is asked about, in one line.

        Raises:
            InputError: it is of something else, no such file, or cannot be written.
        """
        self._path = path
        data = read_bounded(path, _LIMIT) if path.exists() else b""
        self._held, whole = parsed(data, of, path.name)
        try:
            with path.open("ab") as file:
                file.truncate(whole)
                if not whole:
                    file.write(json.dumps({"format": FORMAT, "of": of}).encode() + b"\n")
        except OSError as error:
            raise InputError(f"cannot write: {error.strerror}", where=path.name, remedy="name another file") from error

    def part(self, name: str) -> "Part":
        """One part, from its beginning."""
        return Part(self._held.get(name, ()), lambda at, held: self._keep(name, at, held))

    def _keep(self, name: str, at: int, held: Sequence[Answer]) -> None:
        with self._path.open("ab") as file:
            file.write(line(name, at, held))


class Part:
    """Answers of one part; those that are known come back while the same is asked as before."""

    def __init__(self, known: Sequence[Answer], keep: Callable[[int, Sequence[Answer]], None]) -> None:
        """Stands at the beginning.

        Args:
            known: questions' digests and answers, in order.
            keep: is given what was not known, and its first place.
        """
        self._known = list(known)
        self._keep = keep
        self._at = 0

    def told(self, x: Array, ask: Callable[[Array], Array]) -> Array:
        """Answers to a batch; asked are those that follow the last known one.

        Args:
            x: shape (n, ...), float32, at least one.
            ask: for what is new.

        Raises:
            InputError: the model answers in another shape than before.
        """
        keys = [_digest(row) for row in x]
        known = self._known[self._at : self._at + len(x)]
        same = next((n for n, (key, (held, _)) in enumerate(zip(keys, known, strict=False)) if key != held), len(known))
        if same < len(known):
            del self._known[self._at + same :]  # other questions than before: what came after them belongs to those
        made = [answer for _, answer in known[:same]]
        self._at += same
        if same < len(x):
            fresh = ask(x[same:])
            self._keep(self._at, list(zip(keys[same:], fresh, strict=True)))
            self._at += len(fresh)
            made.extend(fresh)
        if len({answer.shape for answer in made}) > 1:
            raise InputError("the model answers in another shape than before", remedy="start with a new file")
        return np.stack(made)


def line(name: str, at: int, held: Sequence[Answer]) -> bytes:
    """A line of the file.

    Args:
        name: of the part.
        at: place of the first answer.
        held: digests and answers, one at least.
    """
    told = np.stack([answer for _, answer in held])
    found = {
        "part": name,
        "at": at,
        "classes": told.shape[1] if told.ndim > 1 else 0,
        "keys": b64encode(b"".join(key for key, _ in held)).decode(),
        "told": b64encode(told.astype(np.float32 if told.ndim > 1 else np.int64).tobytes()).decode(),
    }
    return json.dumps(found).encode() + b"\n"


def parsed(data: bytes, of: str, where: str) -> tuple[dict[str, list[Answer]], int]:
    """Reads a file of answers; a last line that was cut off is left out.

    Args:
        data: content.
        of: what it is to be of.
        where: for messages.

    Returns:
        Answers by part, and bytes of the whole lines; nothing and 0 for an empty file.

    Raises:
        InputError: it is no such file, or of something else.
    """
    whole = data.rfind(b"\n") + 1
    if not data:
        return {}, 0
    lines = data[:whole].split(b"\n")[:-1]
    head = _json(lines[0] if lines else data[:_WIDEST], f"{where}:1")
    if head.get("format") != FORMAT:
        raise InputError("this is no file of answers in order", where=where, remedy=_REMEDY)
    if head.get("of") != of:
        raise InputError("these are answers of another model, or about other data", where=where, remedy=_REMEDY)
    held: dict[str, list[Answer]] = {}
    for number, text in enumerate(lines[1:], 2):
        name, at, answers = _answers(_json(text, f"{where}:{number}"), f"{where}:{number}")
        known = held.setdefault(name, [])
        if at > len(known):
            raise InputError("answers are missing before it", where=f"{where}:{number}", remedy=_REMEDY)
        known[at:] = answers  # asked otherwise in a later run, what was behind it is of the earlier one
    return held, whole


def _json(text: bytes, where: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("a line is no JSON", where=where, remedy=_REMEDY) from error
    if not isinstance(found, dict):
        raise InputError("a line is no object", where=where, remedy=_REMEDY)
    return found


def _answers(found: dict[str, Any], where: str) -> tuple[str, int, list[Answer]]:
    name, at, classes = found.get("part"), found.get("at"), found.get("classes")
    wrong = InputError("a line is no answers", where=where, remedy=_REMEDY)
    if not isinstance(name, str) or type(at) is not int or type(classes) is not int:
        raise wrong
    try:
        keys, told = (b64decode(found[part], validate=True) for part in ("keys", "told"))
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise wrong from error
    count = len(keys) // _KEY
    dtype = np.dtype(np.float32 if classes else np.int64)
    size = dtype.itemsize * max(classes, 1)
    if not 0 <= classes <= _WIDEST or at < 0 or not count or len(keys) % _KEY or len(told) != count * size:
        raise wrong
    rows = np.frombuffer(told, dtype).reshape((count, classes) if classes else (count,)).copy()
    return name, at, [(keys[_KEY * n : _KEY * (n + 1)], rows[n]) for n in range(count)]


def _digest(row: Array) -> bytes:
    return hashlib.sha256(str(row.shape).encode() + np.ascontiguousarray(row).tobytes()).digest()[:_KEY]
