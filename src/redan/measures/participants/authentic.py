"""Whether every row is a message of a participant that may contribute, and is counted once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from redan.canon import digest
from redan.errors import InvalidError
from redan.measures.participants.message import Rows, message_rows, opened, signed_bytes
from redan.measures.participants.register import Participant, Register
from redan.seal.encoding import decode
from redan.tables import Table

NAMED = 20  # contributors that a finding names by digest; more help nobody
_FAULTS = ("unsigned", "unknown", "keyless", "unauthorised", "forged", "replayed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticity:
    """What the rows of a dataset come to against the register of participants.

    Args:
        rows: all rows.
        authentic: rows with a valid signature of an authorised participant, counted once.
        unsigned: rows without a signature.
        unknown: rows of a contributor that is not in the register, or of none.
        keyless: rows of a participant that has no key.
        unauthorised: rows of a participant whose credential was withdrawn, or outside the time of its authority.
        forged: rows whose signature does not verify.
        replayed: copies of a message beyond its first occurrence.
        contributors: distinct ones that gave a row.
        blamed: fault by short digest of a contributor, at most twenty, worst first: (contributor, fault, rows).
    """

    rows: int
    authentic: int
    unsigned: int
    unknown: int
    keyless: int
    unauthorised: int
    forged: int
    replayed: int
    contributors: int
    blamed: tuple[tuple[str, str, int], ...]

    @property
    def faults(self) -> dict[str, int]:
        """Rows by fault, without the faults that did not occur."""
        return {name: count for name in _FAULTS if (count := getattr(self, name))}


def short(contributor: str) -> str:
    """A contributor as findings name it: six hex digits of a digest, which the owner of the register can look up."""
    return digest(contributor.encode())[:6]


def authenticity(
    source: Path | Table, register: Register, *, contributor: str, signature: str, time: str | None = None
) -> Authenticity:
    """Verifies every row of a dataset.

    Each row has one fault at most, the first of: no signature, unknown contributor, no key, no authority on its day,
    invalid signature, copy of a message that was counted already.

    Args:
        source: a file, read as the texts that it holds, or a table.
        register: who may contribute.
        contributor: column with the participant's id.
        signature: column with the signature in base64, as `redan.defences.contribution` writes it.
        time: column of the day that authority is judged by; validity in time is not judged without one.

    Raises:
        InputError: a column is missing, or a value has no canonical form.
    """
    table = opened(source)
    tally = _Tally(register)
    for rows in message_rows(table, register.columns, words=(contributor, signature), time=time):
        tally.add(rows, contributor, signature)
    return tally.found()


class _Tally:
    def __init__(self, register: Register) -> None:
        self._register = register
        self._seen: set[bytes] = set()
        self._counts = dict.fromkeys(("rows", "authentic", *_FAULTS), 0)
        self._blamed: dict[tuple[str, str], int] = {}
        self._contributors: set[str] = set()

    def add(self, rows: Rows, contributor: str, signature: str) -> None:
        cells = zip(rows.words[contributor], rows.words[signature], rows.days, strict=True)
        for place, (who, signed, day) in enumerate(cells):
            self._counts["rows"] += 1
            if who:
                self._contributors.add(who)
            fault = self._fault(rows.digests[place].tobytes(), who, signed, day)
            self._counts[fault or "authentic"] += 1
            if fault and who:
                self._blamed[who, fault] = self._blamed.get((who, fault), 0) + 1

    def found(self) -> Authenticity:
        worst = sorted(self._blamed.items(), key=lambda item: (-item[1], item[0]))[:NAMED]
        blamed = tuple((short(who), fault, count) for (who, fault), count in worst)
        return Authenticity(**self._counts, contributors=len(self._contributors), blamed=blamed)

    def _fault(self, row: bytes, who: str | None, signed: str | None, day: str | None) -> str | None:
        participant = self._register.participants.get(who or "")
        if not signed:
            return "unsigned"
        if participant is None or not participant.keys:
            return "unknown" if participant is None else "keyless"
        if not _authorised(participant, day):
            return "unauthorised"
        message = signed_bytes(row, participant.id, self._register.context, self._register.columns)
        if not _verifies(participant, signed, message):
            return "forged"
        key = participant.id.encode() + b"\0" + row
        copied = key in self._seen
        self._seen.add(key)
        return "replayed" if copied else None


def _authorised(participant: Participant, day: str | None) -> bool:
    import datetime as dt

    try:
        return participant.authorised(None if day is None else dt.date.fromisoformat(day))
    except ValueError:  # a year that no calendar of ours holds
        return participant.authorised(None) and participant.since is None and participant.until is None


def _verifies(participant: Participant, signed: str, message: bytes) -> bool:
    try:
        signature = decode(signed, "the signature")
    except InvalidError:
        return False
    for key in participant.keys:
        try:
            key.verify(signature, message)
        except InvalidError:
            continue
        return True
    return False


def covered(register: Register, needed: Mapping[str, str]) -> dict[str, str]:
    """Columns that matter and that no signature covers.

    Args:
        register: says what a message holds.
        needed: what each column is for, by column.
    """
    return {column: why for column, why in needed.items() if column not in register.columns}
