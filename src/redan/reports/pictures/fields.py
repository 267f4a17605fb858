"""A picture as the evidence holds it, read without trust: every field has its shape or the picture is not drawn."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from redan.canon import Json
from redan.stats.interval import Interval

LONGEST = 2_000  # values of one list; a picture of more cannot be looked at


class MalformedError(Exception):
    """A field is missing or has another shape; the picture is left out."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one picture, or of one part of it."""

    held: Mapping[str, Json]

    @classmethod
    def of(cls, held: Json) -> "Fields":
        """The fields of a JSON object.

        Raises:
            MalformedError: it is none.
        """
        if not isinstance(held, dict):
            raise MalformedError("an object")
        return cls(held)

    def text(self, name: str) -> str:
        """A text.

        Raises:
            MalformedError: it is none.
        """
        value = self.held.get(name)
        if not isinstance(value, str):
            raise MalformedError(name)
        return value

    def number(self, name: str) -> float:
        """A finite number.

        Raises:
            MalformedError: it is none.
        """
        value = as_number(self.held.get(name))
        if value is None:
            raise MalformedError(name)
        return value

    def maybe(self, name: str) -> float | None:
        """A finite number, or None."""
        return as_number(self.held.get(name))

    def flag(self, name: str) -> bool:
        """Whether a field is true."""
        return self.held.get(name) is True

    def items(self, name: str) -> list[Json]:
        """A list that is not too long to draw.

        Raises:
            MalformedError: it is none.
        """
        value = self.held.get(name)
        if not isinstance(value, list) or len(value) > LONGEST:
            raise MalformedError(name)
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts.

        Raises:
            MalformedError: it is none.
        """
        return [str(value) for value in self.items(name)]

    def numbers(self, name: str) -> list[float]:
        """A list of finite numbers.

        Raises:
            MalformedError: it is none.
        """
        found = [as_number(value) for value in self.items(name)]
        kept = [value for value in found if value is not None]
        if len(kept) < len(found):
            raise MalformedError(name)
        return kept

    def parts(self, name: str) -> list["Fields"]:
        """A list of objects.

        Raises:
            MalformedError: it is none.
        """
        return [Fields.of(value) for value in self.items(name)]

    def interval(self, name: str) -> Interval | None:
        """An interval, or None."""
        return as_interval(self.held.get(name))


def as_number(value: Json) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def as_interval(value: Json) -> Interval | None:
    """A pair of finite numbers in order; None for anything else."""
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 -- low and high
        return None
    low, high = as_number(value[0]), as_number(value[1])
    return None if low is None or high is None or low > high else Interval(low, high)
