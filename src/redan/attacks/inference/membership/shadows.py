"""Shadow models: the same recipe on random halves of members and non-members, kept as each one is done."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.progress import Progress
from redan.errors import InputError

Array: TypeAlias = NDArray[Any]
_FORM = "redan-shadows-1"
_LONGEST = 1 << 28
_LEAST, _MOST = 0.25, 0.75


class Trainer(Protocol):
    """How a shadow is trained, and what it says; it can be shipped to another process."""

    @property
    def name(self) -> str:
        """For people, and for a file of work."""
        ...

    def scores(self, rows: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        """Log-odds of the true class of all samples by a model trained on some of them.

        Args:
            rows: that it is trained on.
            seed: of its training.

        Returns:
            Shape (samples,).
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Which shadow is trained on which sample.

    Args:
        inside: shape (shadows, samples).
        seed: of the draw, and of each training with the shadow's number.
    """

    inside: NDArray[np.bool_]
    seed: int

    def digest(self, name: str, of: str = "") -> str:
        """Of what work files must agree on.

        Args:
            name: of the trainer.
            of: digest of the model and the records.
        """
        head = json.dumps([name, of, self.seed, *self.inside.shape]).encode()
        return hashlib.sha256(head + np.packbits(self.inside).tobytes()).hexdigest()


def plan_of(members: NDArray[np.bool_], shadows: int, seed: int, *, coins: bool = False) -> Plan:
    """Shadows of about as many records as the target, each sample in the same number of them, or by coins.

    With few shadows the same number keeps any sample from having none on one side. It also lets the others tell which
    side a shadow is on, by their number alone; where shadows are attacked themselves, coins decide.

    The share is that of members among all samples, but within a quarter and three quarters, so that every sample has
    shadows with it and without it.

    Args:
        members: of the target, shape (samples,).
        shadows: how many, two at least.
        seed: of the draw.
        coins: whether each sample is in each shadow independently of the others.

    Raises:
        InputError: there are fewer than two shadows.
    """
    if shadows < 2:  # noqa: PLR2004 -- one with it and one without
        raise InputError(f"{shadows} shadows compare nothing", remedy="train two or more")
    share = float(np.clip(members.mean(), _LEAST, _MOST))
    drawn = np.random.default_rng([seed, 5]).random((shadows, len(members)))
    if coins:
        return Plan(drawn < share, seed)
    whole, order = round(share * shadows), drawn.argsort(axis=0).argsort(axis=0)
    return Plan(order < max(1, min(shadows - 1, whole)), seed)


def trained(
    trainer: Trainer,
    plan: Plan,
    *,
    work: Path | None = None,
    of: str = "",
    told: Callable[[Progress], None] | None = None,
) -> NDArray[np.float64]:
    """Scores of all shadows, shape (shadows, samples); those in the file of work are not trained again.

    Args:
        trainer: of each.
        plan: who is trained on what.
        work: file that keeps them.
        of: digest of the model and the records, without which a file may be of others that look alike.
        told: is told how far it is.

    Raises:
        InputError: the file is of other shadows, or cannot be read or written.
    """
    kept = Kept(work, plan.digest(trainer.name, of), plan.inside.shape[1])
    for number in range(len(plan.inside)):
        if number not in kept.found:
            kept.add(number, one(trainer, plan, number))
        if told is not None:
            told(Progress("shadows", len(kept.found), len(plan.inside)))
    return np.stack([kept.found[number] for number in range(len(plan.inside))])


def one(trainer: Trainer, plan: Plan, number: int) -> NDArray[np.float64]:
    """Scores of one shadow."""
    return trainer.scores(np.flatnonzero(plan.inside[number]), plan.seed * 100_003 + number)


class Kept:
    """Shadows that are done, in their file; nowhere when none was named."""

    def __init__(self, path: Path | None, of: str, samples: int) -> None:
        """Reads what is there, but for a last line that was cut off.

        Raises:
            InputError: the file is of other shadows, or is none.
        """
        self._path, self._of = path, of
        self.found: dict[int, NDArray[np.float64]] = {}
        if path is not None and path.exists():
            from redan.files import read_bounded

            data = read_bounded(path, _LONGEST)
            self.found, whole = parsed(data, of, samples, str(path))
            if whole < len(data):
                with path.open("r+b") as file:
                    file.truncate(whole)

    def add(self, number: int, phi: NDArray[np.float64]) -> None:
        """Keeps one more.

        Raises:
            InputError: the file cannot be written.
        """
        head = [] if self.found else [json.dumps({"form": _FORM, "of": self._of}).encode() + b"\n"]
        self.found[number] = phi
        if self._path is None:
            return
        text = base64.b64encode(np.ascontiguousarray(phi, dtype="<f8").tobytes()).decode()
        line = json.dumps({"shadow": number, "phi": text}).encode() + b"\n"
        try:
            with self._path.open("ab") as file:
                file.write(b"".join([*(head if not file.tell() else []), line]))
        except OSError as error:
            raise InputError(
                f"cannot write: {error.strerror}", where=str(self._path), remedy="name another file"
            ) from error


def parsed(data: bytes, of: str, samples: int, where: str) -> tuple[dict[int, NDArray[np.float64]], int]:
    """Reads a file of work.

    Args:
        data: content.
        of: digest of the plan that it must be of.
        samples: of each shadow.
        where: for messages.

    Returns:
        Scores by the shadow's number, and bytes of the whole lines.

    Raises:
        InputError: it is no such file, or of other shadows.
    """
    wrong = InputError("this is no work of these shadows", where=where, remedy="name another file")
    whole = data.rfind(b"\n") + 1
    lines = data[:whole].splitlines()
    if not lines:
        return {}, 0
    found = {}
    try:
        if json.loads(lines[0]) != {"form": _FORM, "of": of}:
            raise wrong
        for line in lines[1:]:
            held = json.loads(line)
            phi = np.frombuffer(base64.b64decode(held["phi"], validate=True), dtype="<f8")
            number = held["shadow"]
            if type(number) is not int or number < 0 or phi.shape != (samples,) or not np.isfinite(phi).all():
                raise wrong
            found[number] = phi.astype(np.float64)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise wrong from error
    return found, whole
