"""The work file of an evaluation: what every attack said of every sample that it finished, a line at a time.

Lines are appended, so that a process that is killed loses the samples in flight and nothing else; a last line that was
cut off is dropped. Claims are kept, not verdicts: the judge asks again.
"""

import base64
import binascii
import json
import os
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.errors import InputError

FORMAT = "redan evasion work 1"
_REMEDY = "name another file, or remove this one"


class Claims(NamedTuple):
    """What one attack said of some samples.

    Args:
        plan: place of the attack in the suite.
        samples: shape (m,), rows of the data.
        broken: shape (m,).
        step: shape (m,), -1 where it failed.
        found: shape (broken samples, values), float32.
        cost: passes since the line before.
    """

    plan: int
    samples: NDArray[np.int64]
    broken: NDArray[np.bool_]
    step: NDArray[np.int64]
    found: NDArray[np.float32]
    cost: Cost


def line(claims: Claims) -> bytes:
    """Claims as a line of the file."""
    return (
        json.dumps(
            {
                "plan": claims.plan,
                "samples": claims.samples.tolist(),
                "broken": claims.broken.astype(int).tolist(),
                "step": claims.step.tolist(),
                "found": base64.b64encode(np.ascontiguousarray(claims.found, dtype="<f4").tobytes()).decode(),
                "cost": [claims.cost.forward, claims.cost.backward, claims.cost.queries, claims.cost.seconds],
            },
            separators=(",", ":"),
        ).encode()
        + b"\n"
    )


def parsed(data: bytes, digest: str, n: int, values: int) -> tuple[list[Claims], int]:
    """The claims in a work file.

    Args:
        data: the file.
        digest: of the evaluation that goes on.
        n: samples of it.
        values: of one sample.

    Returns:
        The claims, and how many bytes hold them; 0 where not even the first line was finished.

    Raises:
        InputError: it belongs to another evaluation, or is no work file.
    """
    whole = data.rfind(b"\n") + 1
    lines = data[:whole].splitlines()
    if not lines:
        return [], 0
    head = _json(lines[0], 1)
    if head.get("format") != FORMAT:
        raise InputError("this is no work file of an evaluation", remedy=_REMEDY)
    if head.get("evaluation") != digest:
        raise InputError("the work file is of another model, data, threat model, suite or seed", remedy=_REMEDY)
    return [_claims(_json(text, place), place, n, values) for place, text in enumerate(lines[1:], 2)], whole


class Work:
    """A work file that is open for appending."""

    def __init__(self, path: Path, digest: str, n: int, values: int) -> None:
        """Reads what is there, and begins the file where nothing is.

        Raises:
            InputError: it belongs to another evaluation, is no work file, or cannot be written.
        """
        try:
            data = path.read_bytes() if path.exists() else b""
            self.claims, whole = parsed(data, digest, n, values)
            self._file = path.open("r+b" if data else "xb")
            self._file.truncate(whole)
            self._file.seek(whole)
            if not whole:
                self._append(json.dumps({"format": FORMAT, "evaluation": digest}).encode() + b"\n")
        except OSError as error:
            raise InputError(f"cannot write: {error.strerror}", where=path.name, remedy="name another file") from error

    def add(self, claims: Claims) -> None:
        """Appends what an attack said."""
        self._append(line(claims))

    def __enter__(self) -> Self:
        """As it is."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file, which stays."""
        self._file.close()

    def _append(self, text: bytes) -> None:
        self._file.write(text)
        self._file.flush()
        os.fsync(self._file.fileno())


def _json(text: bytes, place: int) -> dict[str, object]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("a line is no JSON", where=f"work file:{place}", remedy=_REMEDY) from error
    if not isinstance(told, dict):
        raise InputError("a line is no object", where=f"work file:{place}", remedy=_REMEDY)
    return told


def _claims(told: dict[str, object], place: int, n: int, values: int) -> Claims:
    where = f"work file:{place}"
    try:
        plan, cost = _whole([told["plan"]]), told["cost"]
        samples, broken, step = (_whole(told[name]) for name in ("samples", "broken", "step"))
        found = np.frombuffer(base64.b64decode(str(told["found"]), validate=True), dtype="<f4").astype(np.float32)
        spent = _whole(cost[:3] if isinstance(cost, list) else None)
        seconds = float(cost[3]) if isinstance(cost, list) else 0.0
        fits = len(samples) == len(broken) == len(step) and len(found) == int(broken.sum()) * values
        sound = fits and bool((samples >= 0).all() and (samples < n).all() and ((broken == 0) | (broken == 1)).all())
    except (KeyError, ValueError, TypeError, IndexError, OverflowError, binascii.Error) as error:
        raise InputError("a line does not hold what it should", where=where, remedy=_REMEDY) from error
    if not sound or len(spent) != 3:  # noqa: PLR2004 -- forward, backward, queries
        raise InputError("a line does not fit the data", where=where, remedy=_REMEDY)
    price = Cost(forward=int(spent[0]), backward=int(spent[1]), queries=int(spent[2]), seconds=seconds)
    return Claims(int(plan[0]), samples, broken.astype(bool), step, found.reshape(-1, values), price)


def _whole(values: object) -> NDArray[np.int64]:
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise ValueError(values)
    return np.array(values, dtype=np.int64)
