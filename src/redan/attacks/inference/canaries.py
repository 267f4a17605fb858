"""Canaries: random secrets planted in training data, and the list of them, which nobody who trains may see.

Source: Carlini et al., The Secret Sharer, USENIX Security 2019 (arXiv 1802.08232), section 4.1: a format with a random
part; AIPS-INF-02. In tables the random part is the values of some columns of a row, under a label that is not its own,
so that nothing but memory makes a model say that label there.
"""

import hmac
import json
import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from redan.canon import canonical, parse_strict
from redan.errors import InputError
from redan.files import read_bounded, write_atomic

LIMIT_BYTES = 16 << 20
MOST = 1000
MOST_VALUES = 1000
_WORD = 4096
_MAKE = "make it with 'redan defend canaries'"
_SLOTS = {"#": "0123456789", "?": "abcdefghijklmnopqrstuvwxyz"}
Text: TypeAlias = Annotated[StrictStr, StringConstraints(max_length=_WORD)]
Value: TypeAlias = StrictBool | StrictInt | Annotated[FiniteFloat, Field(strict=True)] | Text
Secret: TypeAlias = tuple[int, ...]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class TextFormat(_Record):
    """A line of text with a random part.

    Args:
        pattern: `#` stands for a random digit, `?` for a random letter a to z; a backslash before them makes them mean
            themselves. Such as `my number is ###-##-####`.
        vocabulary: the characters that the tokens of a model stand for, in order from 0; None where tokens are bytes.
    """

    pattern: Annotated[StrictStr, StringConstraints(min_length=1, max_length=1000)]
    vocabulary: Annotated[StrictStr, StringConstraints(min_length=1, max_length=100_000)] | None = None

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Each position: one character, or the alphabet that one is drawn from."""
        found, escaped = [], False
        for letter in self.pattern:
            if letter == "\\" and not escaped:
                escaped = True
                continue
            found.append(letter if escaped else _SLOTS.get(letter, letter))
            escaped = False
        return tuple(found)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Characters to choose from in each random position."""
        return tuple(len(part) for part in self.parts if len(part) > 1)

    def rendered(self, secret: Sequence[int]) -> str:
        """The line with one secret."""
        chosen = iter(secret)
        return "".join(part if len(part) == 1 else part[next(chosen)] for part in self.parts)

    def tokens(self, lines: Sequence[str]) -> NDArray[np.int64]:
        """Lines of one length as tokens, shape (n, t).

        Raises:
            InputError: a character is no token.
        """
        if self.vocabulary is None:
            return np.array([[*line.encode()] for line in lines], dtype=np.int64)
        place = {letter: i for i, letter in enumerate(self.vocabulary)}
        missing = {*"".join(lines)} - place.keys()
        if missing:
            raise InputError(f"{len(missing)} characters of the canaries are no tokens of the vocabulary")
        return np.array([[place[letter] for letter in line] for line in lines], dtype=np.int64)


class Column(_Record):
    """A column whose value is drawn at random.

    Args:
        name: of the column.
        values: to draw from.
    """

    name: Text
    values: Annotated[tuple[Value, ...], Field(min_length=2, max_length=MOST_VALUES)]


class TableFormat(_Record):
    """A row with random values.

    Args:
        label: the column that a model learns.
        classes: its values, in the order of a model's numbers where it names none.
        columns: that are drawn at random.
    """

    label: Text
    classes: Annotated[tuple[Value, ...], Field(min_length=2, max_length=10_000)]
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=100)]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Values to choose from in each column."""
        return tuple(len(column.values) for column in self.columns)


class Canary(_Record):
    """One secret.

    Args:
        secret: which character or value each random part has.
        repeats: times it was planted.
        row: the whole row, its random values and its label included; empty for text.
    """

    secret: Annotated[tuple[Annotated[int, Field(ge=0, lt=MOST_VALUES)], ...], Field(min_length=1, max_length=200)]
    repeats: Annotated[int, Field(ge=0, le=1_000_000)]
    row: Annotated[dict[Text, Value | None], Field(max_length=10_000)] = Field(default_factory=dict)


class CanarySet(_Record):
    """The canaries of one set of training data; a secret.

    Args:
        format: which schema it follows.
        seed: of the candidates that canaries are compared with, and key of their digests; 32 hex digits.
        data: SHA-256 of the file with canaries; empty while there is none.
        text: their format in text; exactly one format is given.
        table: their format in a table.
        canaries: 1,000 at most.
    """

    format: Literal["redan/canaries/v1"] = Field("redan/canaries/v1", alias="schema")
    seed: Annotated[StrictStr, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    data: Annotated[StrictStr, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""
    text: TextFormat | None = None
    table: TableFormat | None = None
    canaries: Annotated[tuple[Canary, ...], Field(min_length=1, max_length=MOST)]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.text is None) == (self.table is None):
            raise ValueError("exactly one of text and table is given")
        sizes = self.sizes
        if not sizes:
            raise ValueError("the pattern has no random part")
        for one in self.canaries:
            if len(one.secret) != len(sizes) or any(at >= size for at, size in zip(one.secret, sizes, strict=True)):
                raise ValueError("a secret is none of its space")
            if self.table is not None:
                self._row(one, self.table)
        return self

    def _row(self, one: Canary, table: TableFormat) -> None:
        drawn = {c.name: c.values[at] for c, at in zip(table.columns, one.secret, strict=True)}
        if len(drawn) < len(table.columns) or table.label in drawn:
            raise ValueError("a column is drawn twice, or is the label")
        if any(one.row.get(name) != value for name, value in drawn.items()):
            raise ValueError("a row has not the values of its secret")
        if one.row.get(table.label) not in table.classes:
            raise ValueError("the label of a row is no class")

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many choices each random part has."""
        if self.text is not None:
            return self.text.sizes
        return () if self.table is None else self.table.sizes

    @property
    def space(self) -> int:
        """How many secrets there are."""
        return math.prod(self.sizes)

    @property
    def repeats(self) -> tuple[int, ...]:
        """Times each canary was planted."""
        return tuple(one.repeats for one in self.canaries)

    def digest(self, place: int) -> str:
        """What findings call a canary: keyed, since a secret of nine digits is soon guessed."""
        return hmac.new(
            bytes.fromhex(self.seed), canonical([place, *self.canaries[place].secret]), "sha256"
        ).hexdigest()[:12]

    def others(self, place: int, count: int) -> NDArray[np.int64]:
        """Secrets that a canary is compared with.

        Args:
            place: of the canary.
            count: how many are drawn; all others where there are no more.

        Returns:
            Shape (n, parts): drawn with replacement, never the canary itself.
        """
        own = np.array(self.canaries[place].secret)
        if count >= self.space - 1:
            every = np.stack(np.unravel_index(np.arange(self.space), self.sizes), axis=1).astype(np.int64)
            return np.delete(every, int(np.ravel_multi_index(tuple(own), self.sizes)), axis=0)
        rng = np.random.default_rng([int(self.seed, 16), place])
        drawn = rng.integers(0, self.sizes, size=(count, len(self.sizes)))
        same = (drawn == own).all(axis=1)
        while same.any():
            drawn[same] = rng.integers(0, self.sizes, size=(int(same.sum()), len(self.sizes)))
            same = (drawn == own).all(axis=1)
        return drawn

    def write(self, path: Path) -> None:
        """Writes it for its owner's eyes only."""
        write_atomic(path, written(self), mode=0o600)


def written(canaries: CanarySet) -> bytes:
    """A set as JSON."""
    return (
        json.dumps(canaries.model_dump(mode="json", by_alias=True, exclude_defaults=False), indent=1).encode() + b"\n"
    )


def parse_canaries(data: bytes, *, file: str = "canaries") -> CanarySet:
    """The set that bytes hold.

    Args:
        data: JSON of anyone.
        file: its name, for messages.

    Raises:
        InputError: it is no such JSON; the line holds no secret.
    """
    try:
        parse_strict(data, limit_bytes=LIMIT_BYTES, depth=8)
        return CanarySet.model_validate_json(data)
    except ValidationError as error:
        path = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
        what = "".join(letter for letter in path if letter.isprintable())[:100] or "it"
        raise InputError(f"is no set of canaries: {what} is wrong", where=file, remedy=_MAKE) from error
    except (ValueError, RecursionError) as error:
        raise InputError("is no JSON of canaries", where=file, remedy=_MAKE) from error


def read_canaries(path: Path) -> CanarySet:
    """The set of a file.

    Raises:
        InputError: it is absent, unreadable, too large or no set of canaries.
    """
    return parse_canaries(read_bounded(path, LIMIT_BYTES), file=path.name)
