"""The register of participants: who may contribute, with which keys, and what a signed message holds."""

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from redan.canon import parse_strict
from redan.content.columns import Kind
from redan.errors import InputError, UsageError, steering
from redan.files import read_bounded
from redan.seal.keys import PublicKey, parse_public
from redan.system.lines import NotTomlError, locate

LIMIT_BYTES = 256 << 20  # a million participants with an Ed25519 key each need less
LIMIT_TOML_BYTES = 8 << 20  # the reader of TOML is slow; large registers are JSON
PARTICIPANTS = 1_000_000
KEYS = 16  # of one participant: the ones of before stay, so that old messages still verify
TEXT_CHARS = 200
_TOP = frozenset({"context", "columns", "participant"})
_ENTRY = frozenset({"id", "key", "keys", "since", "until", "withdrawn"})
_REMEDY = "a register holds context, [columns], and one [[participant]] with id and key each"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody, or a device, that may contribute.

    Args:
        id: what the contributor column says.
        keys: public keys, any of which signs; empty where the channel alone authenticates.
        since: first day on which it may contribute; None without a beginning.
        until: last day; None without an end.
        withdrawn: whether the credential was taken back: nothing under it counts, whatever its date.
    """

    id: str
    keys: tuple[PublicKey, ...] = ()
    since: dt.date | None = None
    until: dt.date | None = None
    withdrawn: bool = False

    def authorised(self, day: dt.date | None) -> bool:
        """Whether it may contribute on a day; without a day, whether it ever could."""
        if self.withdrawn:
            return False
        return day is None or ((self.since or day) <= day <= (self.until or day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """All participants of a source.

    Args:
        context: what a signature is for, such as `acme/road-weather`; a message signed for another context is refused.
        columns: what a message holds: kind by column. Nothing else of a row is covered by its signature.
        participants: by id.
    """

    context: str
    columns: Mapping[str, Kind]
    participants: Mapping[str, Participant]

    @property
    def keyless(self) -> int:
        """Participants without a key."""
        return sum(not p.keys for p in self.participants.values())

    @property
    def sharing(self) -> int:
        """Participants whose key is another's as well: to everybody else they are one."""
        holders: dict[str, list[str]] = {}
        for participant in self.participants.values():
            for key_id in {key.key_id for key in participant.keys}:
                holders.setdefault(key_id, []).append(participant.id)
        return len({name for names in holders.values() if len(names) > 1 for name in names})

    def active(self, day: dt.date) -> int:
        """Participants that may contribute on a day."""
        return sum(p.authorised(day) for p in self.participants.values())


def read_register(path: Path, name: str | None = None) -> Register:
    """The register in a file: TOML, or JSON when its name ends so.

    Args:
        path: of the file.
        name: what to call it in messages; the path when None.

    Raises:
        InputError: it is absent, too large, no register, or a key in it cannot be read.
    """
    data = read_bounded(path, LIMIT_BYTES)
    return parse_register(data, where=name or str(path), json=path.suffix.lower() == ".json")


def parse_register(data: bytes, *, where: str, json: bool = False) -> Register:
    """The register that bytes of anyone are.

    Args:
        data: TOML or JSON.
        where: for messages.
        json: which of the two.

    Raises:
        InputError: they are none; says what is wrong, without a value of the file but ids.
    """
    whole = _json(data, where) if json else _toml(data, where)
    unknown = sorted(set(whole) - _TOP)
    if unknown:
        raise _refusal(f"has the unknown key {unknown[0]!r}", where)
    entries = whole.get("participant")
    if not isinstance(entries, list) or not entries:
        raise _refusal("names no participant", where)
    if len(entries) > PARTICIPANTS:
        raise _refusal(f"names more than {PARTICIPANTS:,} participants", where)
    found: dict[str, Participant] = {}
    for place, entry in enumerate(entries):
        participant = _participant(entry, f"{where}: participant {place + 1}")
        if participant.id in found:
            raise _refusal(f"names participant {participant.id!r} twice", where)
        found[participant.id] = participant
    columns = _columns(whole.get("columns", {}), where)
    if not columns and any(p.keys for p in found.values()):
        raise _refusal("has keys and does not say under [columns] what a signed message holds", where)
    return Register(context=_text(whole.get("context"), "context", where), columns=columns, participants=found)


def _toml(data: bytes, where: str) -> dict[str, object]:
    if len(data) > LIMIT_TOML_BYTES:
        raise _refusal(f"is larger than {LIMIT_TOML_BYTES:,} bytes; write it as JSON", where)
    try:
        text = data.decode()
        locate(text)  # its limits bound the parser behind it
        return tomllib.loads(text)
    except (UnicodeDecodeError, NotTomlError, ValueError, RecursionError) as error:
        raise _refusal("is not TOML in UTF-8, or has too many entries; large registers are JSON", where) from error


def _json(data: bytes, where: str) -> dict[str, object]:
    try:
        whole = parse_strict(data, limit_bytes=LIMIT_BYTES, depth=8)
    except (ValueError, RecursionError) as error:
        raise _refusal(f"is not JSON: {error}", where) from error
    if not isinstance(whole, dict):
        raise _refusal("is not an object", where)
    return cast("dict[str, object]", whole)


def _participant(entry: object, where: str) -> Participant:
    if not isinstance(entry, dict):
        raise _refusal("is not a table", where)
    unknown = sorted(str(key) for key in set(entry) - _ENTRY)
    if unknown:
        raise _refusal(f"has the unknown key {unknown[0]!r}", where)
    withdrawn = entry.get("withdrawn", False)
    if not isinstance(withdrawn, bool):
        raise _refusal("'withdrawn' is true or false", where)
    since, until = _day(entry.get("since"), "since", where), _day(entry.get("until"), "until", where)
    if since is not None and until is not None and until < since:
        raise _refusal("its last day is before its first", where)
    return Participant(
        id=_text(entry.get("id"), "id", where),
        keys=_keys(entry, where),
        since=since,
        until=until,
        withdrawn=withdrawn,
    )


def _keys(entry: Mapping[str, object], where: str) -> tuple[PublicKey, ...]:
    several = entry.get("keys", [])
    given = [entry["key"]] if "key" in entry else []
    if not isinstance(several, list) or len(several) + len(given) > KEYS:
        raise _refusal(f"'keys' is a list of at most {KEYS} keys", where)
    return tuple(_key(text, where) for text in [*given, *several])


def _key(text: object, where: str) -> PublicKey:
    if not isinstance(text, str):
        raise _refusal("a key is the text of a public key in PEM", where)
    begin, end = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
    pem = text if begin in text or "PRIVATE KEY" in text else f"{begin}\n{text.strip()}\n{end}\n"
    try:
        return parse_public(pem.encode(), where)
    except UsageError as error:
        raise InputError(error.what, where=where, remedy=error.remedy) from error


def _columns(table: object, where: str) -> dict[str, Kind]:
    if not isinstance(table, dict) or not all(isinstance(kind, str) for kind in table.values()):
        raise _refusal("[columns] says the kind of each column", where)
    kinds = get_args(Kind)
    for name, kind in table.items():
        _text(name, "a column's name", where)
        if kind not in kinds:
            raise _refusal(f"column {name!r} has none of the kinds {', '.join(kinds)}", where)
    return dict(sorted(table.items()))


def _text(value: object, what: str, where: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_CHARS or steering(value) or value != value.strip():
        raise _refusal(f"{what!r} is a text of 1 to {TEXT_CHARS} characters, without control characters", where)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _refusal(f"{what!r} is not Unicode text", where) from error
    return value


def _day(value: object, what: str, where: str) -> dt.date | None:
    if value is None or (isinstance(value, dt.date) and not isinstance(value, dt.datetime)):
        return value
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise _refusal(f"{what!r} is a date such as 2026-12-31", where)


def _refusal(what: str, where: str) -> InputError:
    return InputError(what, where=where, remedy=_REMEDY)
