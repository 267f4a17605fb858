"""What speaks against an attack's figure, and what that comes to."""

from collections.abc import Iterable
from dataclasses import dataclass

from redan.canon import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One question to an attack: did it fail for a reason that is not the model's robustness?

    Args:
        name: of the sign, such as `unavailable-gradients`.
        fired: True when it did; None when it could not be told.
        message: one plain sentence, with the reason.
        value: the number behind it.
        threshold: above which it fires.
        n: samples, steps or draws that it rests on.
    """

    name: str
    fired: bool | None
    message: str
    value: float | None = None
    threshold: float | None = None
    n: int | None = None

    def to_json(self) -> dict[str, Json]:
        """As findings carry it."""
        return {
            "name": self.name,
            "fired": self.fired,
            "message": self.message,
            "value": self.value,
            "threshold": self.threshold,
            "n": self.n,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whether an attack's failures may be taken for robustness. What it broke, and the judge verified, stays broken.

    Args:
        signs: every question that was asked.
    """

    signs: tuple[Sign, ...]

    @property
    def fired(self) -> tuple[Sign, ...]:
        """What speaks against it."""
        return tuple(sign for sign in self.signs if sign.fired)

    @property
    def untold(self) -> tuple[Sign, ...]:
        """What could not be told."""
        return tuple(sign for sign in self.signs if sign.fired is None)

    @property
    def trusted(self) -> bool:
        """Whether something was asked, and nothing of it speaks against the figure."""
        return bool(self.signs) and not self.fired and len(self.untold) < len(self.signs)

    @property
    def verdict(self) -> str:
        """`trusted`, or `not trusted` with the reasons."""
        if self.trusted:
            return "trusted"
        reasons = "; ".join(sign.message.rstrip(".") for sign in self.fired)
        return f"not trusted: {reasons or 'no failure check could be made'}"

    def to_json(self) -> dict[str, Json]:
        """As findings carry it."""
        return {"trusted": self.trusted, "signs": [sign.to_json() for sign in self.signs]}


def trust(signs: Iterable[Sign]) -> Trust:
    """What all signs come to."""
    return Trust(signs=tuple(signs))
