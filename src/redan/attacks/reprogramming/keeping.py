"""The work file of attempts to reprogram: programs, label maps and marks, so that a call that was cut off goes on."""

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from redan.attacks.reprogramming.label_maps import KINDS, Kind
from redan.attacks.reprogramming.learning import Mark, State
from redan.errors import InputError
from redan.files import read_bounded, write_atomic

Array: TypeAlias = NDArray[Any]
FORMAT = "redan reprogramming work 1"
_LIMIT = 1 << 30
_ARRAYS = ("theta", "first", "second", "joint", "mapped")


class Kept:
    """States by the name of their attempt, in one file that is written whole."""

    def __init__(self, path: Path, of: str) -> None:
        """Reads what is there.

        Args:
            path: of the file.
            of: what the work is of: model, data and options.

        Raises:
            InputError: the file is no work file, or one of other work.
        """
        self._path = path
        self._of = of
        self._held: dict[str, list[State]] = _read(path, of) if path.exists() else {}
        self.spent: dict[str, int] = {
            name: max((mark.spent for state in states for mark in state.marks), default=0)
            for name, states in self._held.items()
        }

    def states(self, name: str) -> list[State]:
        """Of an attempt, filled in place while it goes on."""
        return self._held.setdefault(name, [])

    def keep(self, name: str, states: Sequence[State]) -> None:
        """Writes all states."""
        self._held[name] = list(states)
        arrays: dict[str, Array] = {}
        listed = []
        for number, (owner, state) in enumerate((o, s) for o, held in self._held.items() for s in held):
            arrays |= {f"{part}{number}": getattr(state, part) for part in _ARRAYS}
            marks = [list(mark) for mark in state.marks]
            listed.append([owner, state.kind, state.step, state.hits, state.n, marks])
        text = json.dumps({"format": FORMAT, "of": self._of, "states": listed})
        out = io.BytesIO()
        np.savez(out, told=np.frombuffer(text.encode(), np.uint8), **cast("Any", arrays))
        write_atomic(self._path, out.getvalue())


def _read(path: Path, of: str) -> dict[str, list[State]]:
    wrong = InputError("is no work of reprogramming", where=str(path), remedy="name another file, or remove this one")
    held: dict[str, list[State]] = {}
    try:
        with np.load(io.BytesIO(read_bounded(path, _LIMIT)), allow_pickle=False) as found:
            told = json.loads(found["told"].tobytes())
            if told["format"] != FORMAT:
                raise wrong
            if told["of"] != of:
                raise InputError(
                    "is the work of another model, data or options", where=str(path), remedy="name another file"
                )
            for number, (owner, kind, step, hits, n, marks) in enumerate(told["states"]):
                parts = {part: np.asarray(found[f"{part}{number}"], dtype=np.float64) for part in _ARRAYS}
                state = State(kind=_kind(kind), step=int(step), hits=int(hits), n=int(n), **cast("Any", parts))
                state.marks = [Mark(*(int(value) for value in mark)) for mark in marks]
                held.setdefault(str(owner), []).append(state)
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise wrong from error
    return held


def _kind(word: str) -> Kind:
    return next(one for one in KINDS if one == word)
