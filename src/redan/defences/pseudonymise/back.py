"""The ways of values: to pseudonyms, from an older key to the one in use, and back for the roles that may see them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from redan.defences.pseudonymise.fields import MASK, Field, originals, pseudonyms, translated
from redan.defences.pseudonymise.ring import Ring
from redan.defences.pseudonymise.text import pseudonymise_text
from redan.errors import UsageError


class Mapped(NamedTuple):
    """What values become.

    Args:
        values: by value; those that cannot be mapped are left out.
        tokens: values without the form of their field.
        places: replaced places of free text, by kind.
    """

    values: Mapping[str, str]
    tokens: int = 0
    places: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Which way values go, and with which keys.

    Args:
        ring: the project's keys.
        direction: `there`, `back`, or `on` from an older key to the one in use.
        key: id of the key that the values are made with, or of the older one; the one in use when None.
    """

    ring: Ring
    direction: Literal["there", "back", "on"] = "there"
    key: str | None = None

    def mapped(self, values: Sequence[str], field: Field) -> Mapped:
        """The values of one batch.

        Raises:
            UsageError: the ring has no such key, or the field cannot go this way.
        """
        if self.direction == "back":
            return Mapped(originals(values, field, self.ring, self.key))
        if self.direction == "on":
            return Mapped(translated(values, field, self.ring, self._old()))
        if field.form == "text":
            return self._texts(values, field)
        found = pseudonyms(values, field, self.ring, self.key)
        return Mapped(found.pseudonyms, found.tokens)

    def _old(self) -> str:
        if self.key is None or self.key == self.ring.active.id:
            raise UsageError("no older key is named", remedy="give the id of the key that made these pseudonyms")
        return self.key

    def _texts(self, values: Sequence[str], field: Field) -> Mapped:
        places: Counter[str] = Counter()
        found = {}
        for value in dict.fromkeys(values):
            text, kinds = pseudonymise_text(value, self.ring, region=field.region, key=self.key)
            found[value] = text
            places.update({kind.value: count for kind, count in kinds.items()})
        return Mapped(found, 0, places)


def seen_by(
    role: str,
    found: Sequence[str],
    field: Field,
    way: Way,
    *,
    masked_for: Iterable[str],
    known: Iterable[str] = (),
) -> list[str]:
    """What a role sees of pseudonyms in answers: the values, or a mask.

    Args:
        role: who looks.
        found: pseudonyms, one per row.
        field: as it was.
        way: keys and the id of the key.
        masked_for: the roles that must not see them (`masked_for` of the `[[feature]]`); nobody sees anything when it
            is empty, since then nobody has decided.
        known: values to try for tokens.

    Returns:
        One per row; the mask, too, where a pseudonym cannot be mapped.
    """
    hidden = {word.strip().casefold() for word in masked_for}
    if not hidden or role.strip().casefold() in hidden:
        return [MASK] * len(found)
    back = originals(found, field, way.ring, way.key, known)
    return [back.get(pseudonym, MASK) for pseudonym in found]
