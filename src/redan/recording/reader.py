"""Opens sealed records: verified before anything in them is believed, and refused for the first thing that is odd."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from redan.canon import canonical, digest, parse_canonical
from redan.errors import InputError, InvalidError
from redan.files import read_bounded
from redan.recording.form import TrainingRecord
from redan.seal.dsse import open_sealed
from redan.seal.in_toto import PAYLOAD_TYPE
from redan.seal.keys import PublicKey

RECORD_LIMIT_BYTES = 64 << 20
RECORDS_LIMIT = 1_000
_DEPTH = 16


class Opened(NamedTuple):
    """A record file, as far as it can be believed.

    Args:
        name: of the file.
        sha256: of the file's bytes; empty when it could not be read.
        record: what was sealed; None when it is not as the key sealed it.
        fault: why it is not believed; empty when it is.
    """

    name: str
    sha256: str
    record: TrainingRecord | None
    fault: str = ""


def read_record(envelope: bytes, keys: Iterable[PublicKey]) -> TrainingRecord:
    """The record that one of some keys sealed.

    Args:
        envelope: bytes of anyone.
        keys: that are trusted.

    Raises:
        InvalidError: no key sealed it as it stands, or what was sealed is no record.
    """
    if len(envelope) > RECORD_LIMIT_BYTES:
        raise InvalidError(f"is larger than {RECORD_LIMIT_BYTES:,} bytes")
    try:
        outer = parse_canonical(envelope, limit_bytes=RECORD_LIMIT_BYTES, depth=4)
    except ValueError as error:
        raise InvalidError(f"is no sealed record: {error}") from error
    payload, fault = None, InvalidError("there is no key to verify the record with", remedy="restore .redan/key.pub")
    for key in keys:
        try:
            payload = open_sealed(outer, key, PAYLOAD_TYPE, canonical=True)
            break
        except InvalidError as error:
            fault = error
    if payload is None:
        raise fault
    return parse_record(payload)


def parse_record(payload: bytes) -> TrainingRecord:
    """The record behind verified bytes.

    Raises:
        InvalidError: they are not those of a record, field by field.
    """
    try:
        value = parse_canonical(payload, limit_bytes=RECORD_LIMIT_BYTES, depth=_DEPTH)
        record = TrainingRecord.model_validate_json(payload, strict=True)
        again = canonical(record.model_dump(mode="json", by_alias=True, exclude_none=True))
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])[:200]
        raise InvalidError(f"is no record of a training run: {place} is not as it should be") from error
    except (ValueError, RecursionError) as error:
        raise InvalidError(f"is no record of a training run: {error}") from error
    if again != canonical(value):
        raise InvalidError("is no record of a training run: it says more than a record does")
    return record


def open_file(path: Path, keys: Iterable[PublicKey]) -> Opened:
    """One record file; nothing about it raises."""
    try:
        data = read_bounded(path, RECORD_LIMIT_BYTES)
    except InputError as error:
        return Opened(path.name, "", None, error.what)
    try:
        return Opened(path.name, digest(data), read_record(data, keys))
    except InvalidError as error:
        return Opened(path.name, digest(data), None, error.what)


def record_files(folder: Path) -> tuple[Path, ...]:
    """The record files of a project, newest first; at most `RECORDS_LIMIT`."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.stat(follow_symlinks=False).st_mtime_ns, entry.name) for entry in entries if _named(entry)]
    except OSError:
        return ()
    return tuple(folder / name for _, name in sorted(found, reverse=True)[:RECORDS_LIMIT])


def _named(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(".json") and entry.is_file(follow_symlinks=False)
