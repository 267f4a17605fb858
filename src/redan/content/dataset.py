"""Seals of datasets: the bundle over the bytes, the signed statement of the content, and the record of the rows."""

import datetime as dt
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from redan.content.compare import Sides, compared
from redan.content.comparison import Comparison, RowChanges
from redan.content.digest import ContentDigest, digest_of_rows, reading
from redan.content.rows import Rows, key_check, load_secret, new_secret, read_rows, spooled, write_rows
from redan.content.statement import (
    STATEMENT_LIMIT_BYTES,
    ColumnSaid,
    Content,
    ContentSaid,
    File,
    Record,
    read_statement,
    write_statement,
)
from redan.errors import InputError, InvalidError, UsageError
from redan.files import FileDigest, digest_file, read_bounded, write_atomic
from redan.seal.oms import sign, verify
from redan.seal.oms.trusting import opened_seal

if TYPE_CHECKING:
    from redan.seal.keys import PublicKey, Signer
    from redan.seal.oms import Progress, Sealed
    from redan.seal.oms.records import Signing

CONTENT_SUFFIX = ".content.json"
ROWS_SUFFIX = ".rows"
KEY_SUFFIX = ".rows.key"
BUNDLE_LIMIT_BYTES = 64 << 20
_RESTORE = "restore the file that was written with the seal, or seal the dataset again"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSeal:
    """The files of one seal of one dataset.

    Args:
        seal: the OMS bundle.
        content: the signed statement of the content, `SEAL.content.json`.
        rows: the encrypted record of the rows, `SEAL.rows`.
        rows_key: the secret that opens the record, `SEAL.rows.key`; keep it with the data, never with the seal.
        digest: the content's digests.
    """

    seal: Path
    content: Path
    rows: Path
    rows_key: Path
    digest: ContentDigest


class Beside(NamedTuple):
    """The files beside a seal."""

    content: Path
    rows: Path
    rows_key: Path


def beside(seal: Path) -> Beside:
    """Where the content's files of a seal lie."""
    return Beside(*(seal.with_name(seal.name + suffix) for suffix in (CONTENT_SUFFIX, ROWS_SUFFIX, KEY_SUFFIX)))


def seal_dataset(
    path: Path,
    signer: "Signing",
    seal: Path,
    *,
    identifiers: Sequence[str] = (),
    bundle: bytes | None = None,
    rows_key: Path | None = None,
    progress: "Progress | None" = None,
) -> DatasetSeal:
    """Seals one table: writes `seal`, `seal`.content.json and `seal`.rows, and `seal`.rows.key if there is none.

    Args:
        path: a file that `redan.tables.open_table` reads.
        signer: an ECDSA key, as the bundle asks for.
        seal: where the bundle goes.
        identifiers: columns that tell rows apart; without them rows are aligned by what they hold.
        bundle: an OMS bundle over `path` that was signed just now; signed here when None.
        rows_key: where the record's secret lies or goes, instead of beside the seal.
        progress: told (done, total, name) while bytes are hashed.

    Raises:
        InputError: the file is no table, holds nested values, or changed while it was read.
        UsageError: a file cannot be written, or the key is of a kind that a seal cannot have.
    """
    files = beside(seal)
    before = _state(path)
    signed = sign(path, signer, progress=progress) if bundle is None else bundle
    sealed = opened_seal(signed, signer.public, dt.datetime.now(dt.UTC))
    with ExitStack() as stack:
        read = reading(path, stack)
        rows = spooled(read.blocks(identifiers))
        digest = digest_of_rows(read.kinds, rows.digests)
    found = digest_file(path)
    if _state(path) != before or not _covers(sealed, found):
        raise InputError("changed while it was sealed", where=str(path), remedy="run again when nothing writes to it")
    key_file = rows_key or files.rows_key
    secret = new_secret(key_file)
    write_rows(files.rows, rows, secret)
    said = _said(found, digest, identifiers, files.rows, secret)
    write_atomic(files.content, write_statement(path.name, sealed.root, said, cast("Signer", signer)))
    write_atomic(seal, signed)
    return DatasetSeal(seal=seal, content=files.content, rows=files.rows, rows_key=key_file, digest=digest)


def verify_dataset(
    path: Path, seal: Path, key: "PublicKey", *, rows_key: Path | None = None, recompute: bool = False
) -> Comparison:
    """What became of a sealed table.

    Every signature is verified before what it covers is parsed.

    Args:
        path: the table today.
        seal: the bundle; `.content.json` and `.rows` lie beside it.
        key: the one trusted key.
        rows_key: the record's secret; `seal`.rows.key when None.
        recompute: digest the content even when the bytes are the sealed ones.

    Returns:
        The comparison; `comparison.check()` raises InvalidError unless the bytes are the sealed ones.

    Raises:
        InvalidError: the seal, the statement or the record is not what was signed; names the file.
        InputError: the table cannot be read any more.
    """
    files = beside(seal)
    bundle = read_bounded(seal, BUNDLE_LIMIT_BYTES)
    sealed, said = _opened(seal, files, bundle, key)
    secret = _secret(rows_key or files.rows_key, said, given=rows_key is not None)
    fault = _fault(path, bundle, key, sealed, said)
    if fault is None and not recompute:
        return Comparison(
            place=str(path),
            same_bytes=True,
            same_content=True,
            same_rows=True,
            rows=said.rows,
            rows_now=said.rows,
            changes=RowChanges(),
            key_id=sealed.key_id,
            root=sealed.root,
        )
    record = None if secret is None else _record(files.rows, secret, said)
    found = compared(path, Sides(said=said, record=record, fault=fault, key_id=sealed.key_id, root=sealed.root))
    if fault is None and not found.same_content:
        what = "was signed for other content than that of the sealed file"
        raise InvalidError(what, where=str(files.content), remedy=_RESTORE)
    return found


def signed_content(seal: Path, key: "PublicKey") -> ContentSaid:
    """What the signed statement beside a seal says of the content.

    Raises:
        InvalidError: the seal, the statement or the record is not what was signed; names the file.
    """
    return _opened(seal, beside(seal), read_bounded(seal, BUNDLE_LIMIT_BYTES), key)[1]


def _opened(seal: Path, files: Beside, bundle: bytes, key: "PublicKey") -> "tuple[Sealed, ContentSaid]":
    """The seal and the statement, both signed, about the same bytes, and the record as the statement names it."""
    try:
        sealed = opened_seal(bundle, key, dt.datetime.now(dt.UTC))
    except InvalidError as error:
        raise InvalidError(error.what, where=error.where or str(seal), remedy=error.remedy) from error
    for file in files[:2]:
        if not os.path.lexists(file):
            raise InvalidError("is missing; the seal of a dataset has it", where=str(file), remedy=_RESTORE)
    try:
        statement = read_statement(read_bounded(files.content, 2 * STATEMENT_LIMIT_BYTES), key)
    except InvalidError as error:
        raise InvalidError(error.what, where=str(files.content), remedy=error.remedy or _RESTORE) from error
    said = statement.predicate
    if statement.subject[0].digest.sha256 != sealed.root or not _covers(
        sealed, FileDigest(said.file.sha256, said.file.size)
    ):
        what = f"belongs to another seal than {seal.name}"
        raise InvalidError(what, where=str(files.content), remedy=_RESTORE)
    if digest_file(files.rows) != FileDigest(said.record.sha256, said.record.size):
        raise InvalidError("is not the record of rows that was signed", where=str(files.rows), remedy=_RESTORE)
    return sealed, said


def _covers(sealed: "Sealed", found: FileDigest) -> bool:
    """Whether a seal is of one file, and of this one; other hashes than SHA-256 are compared when the file is read."""
    if len(sealed.resources) != 1:
        return False
    return sealed.resources[0].algorithm != "sha256" or sealed.resources[0].digest == found.sha256


def _fault(path: Path, bundle: bytes, key: "PublicKey", sealed: "Sealed", said: ContentSaid) -> str | None:
    """Why the file is not the sealed one; None when it is."""
    try:
        verify(path, bundle, key)
    except InvalidError as error:
        same = digest_file(path) == FileDigest(said.file.sha256, said.file.size)
        if same and sealed.names[0] in {".", path.name}:
            raise  # the bytes are the sealed ones, so the fault is another, such as a hard link
        return error.what
    return None


def _secret(path: Path, said: ContentSaid, *, given: bool) -> bytes | None:
    if not given and not os.path.lexists(path):
        return None
    secret = load_secret(path)
    if key_check(secret) != said.record.key_check:
        what = "is not the key with which the rows were recorded"
        raise InvalidError(what, where=str(path), remedy="give the .rows.key file that was made with the seal")
    return secret


def _record(path: Path, secret: bytes, said: ContentSaid) -> Rows:
    return read_rows(path, secret, count=said.rows, columns=len(said.columns), identified=bool(said.identifiers))


def _said(
    file: FileDigest, digest: ContentDigest, identifiers: Sequence[str], record: Path, secret: bytes
) -> ContentSaid:
    written = digest_file(record)
    return ContentSaid(
        file=File(sha256=file.sha256, size=file.size),
        columns=tuple(ColumnSaid(name=name, kind=kind) for name, kind in digest.kinds.items()),
        rows=digest.rows,
        identifiers=tuple(sorted(set(identifiers))),
        digest=Content(ordered=digest.ordered, unordered=digest.unordered),
        record=Record(sha256=written.sha256, size=written.size, key_check=key_check(secret)),
    )


def _state(path: Path) -> tuple[int, int, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path), remedy="give a readable file") from error
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
